"""How a run ends: what could not be read, and why."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, MuxError, NoneAvailableError
from tap_mux.records.conformer import MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What could not be read, and why; each reason is one sentence."""

    unavailable: dict[str, str] = field(default_factory=dict)
    """Streams that the access token or the plan does not include."""

    failed: dict[str, str] = field(default_factory=dict)
    """Streams that could not be read to their end."""

    def raise_for_failures(self, *, fail_on_unavailable: bool) -> None:
        """Raise an error if a stream failed; warn of streams that are not available.

        Args:
            fail_on_unavailable: Whether streams that are not available count as failures, too.

        Raises:
            MuxError: Something counts as a failure.
        """
        problems = [f"{name} failed: {why}" for name, why in sorted(self.failed.items())]
        if skipped := ", ".join(sorted(self.unavailable)):
            logger.warning("Skipped, since not available to this access token: %s", skipped)
            if fail_on_unavailable:
                problems.insert(0, f"Not available: {skipped}")
        if problems:
            raise MuxError("; ".join(problems))


class BugError(MuxError):
    """A mistake of the tap itself."""


class StreamOutcome:
    """How the reading of one stream of one environment ends, partition by partition.

    If Mux denies the first request, the stream is not available. Of several partitions, such as the
    metrics that the settings name, Mux may have some and not others. If an earlier run has read
    a partition and this run may not, that is a failure.
    """

    def __init__(self, label: str, permission: str, outcome: Outcome) -> None:
        """Start before the first partition.

        Args:
            label: The name of the stream in messages.
            permission: What the access token needs for it.
            outcome: Takes note of what cannot be read.
        """
        self.label = label
        self._permission = permission
        self._outcome = outcome
        self._has_answered = False
        self._has_read_any = False
        self._was_read_before = False
        self._missing: dict[str, str] = {}

    @property
    def is_unavailable(self) -> bool:
        """Whether the stream has turned out not to be available."""
        return self.label in self._outcome.unavailable

    def begin_partition(self, *, was_read_before: bool) -> None:
        """Note that the next partition begins.

        Args:
            was_read_before: Whether an earlier run has read it, since it has a bookmark.
        """
        self._has_answered = False
        self._was_read_before = was_read_before

    def note_answer(self) -> None:
        """Note that Mux has the partition, even if it is empty."""
        self._has_answered = self._has_read_any = True

    def note_error(self, error: MuxError, part: str) -> None:
        """Note what ended the partition.

        Args:
            error: The error.
            part: The name of the partition; empty if the stream has only one.
        """
        is_for_none = isinstance(error, NoneAvailableError)
        is_denied = isinstance(error, APIError) and error.is_unavailable and not self._has_answered
        if (is_for_none or is_denied) and self._was_read_before:
            error.args = (f"{error}. An earlier run could read it, so this is a failure",)
            is_for_none = is_denied = False
        reason = f"{error}. It needs the permission {self._permission}"
        if part and is_denied and isinstance(error, APIError) and not error.is_unauthorized:
            self._missing[f"{self.label} ({part})"] = reason  # others may be there
        elif is_for_none or (is_denied and not self._has_read_any):
            self._missing.clear()
            self._skip(self.label, reason)
        else:
            logger.error("%s could not be read to its end: %s", self.label, error)
            self._outcome.failed.setdefault(self.label, str(error))

    def end(self) -> None:
        """Name the partitions that Mux does not have, or the stream if it has none of them."""
        if self._missing and not self._has_read_any:
            self._skip(self.label, next(iter(self._missing.values())))
        else:
            for label, reason in self._missing.items():
                self._skip(label, reason)
        self._missing.clear()

    def _skip(self, label: str, reason: str) -> None:
        logger.warning("Skipped %s, which is not available: %s", label, reason)
        self._outcome.unavailable[label] = reason


@contextmanager
def bugs_as_errors(*expected: type[Exception]) -> Iterator[None]:
    """Turn an exception that nobody expected inside the ``with`` block into a BugError.

    Args:
        expected: Exceptions that pass, besides those about answers of Mux.

    Raises:
        BugError: Instead of any other exception.
    """
    try:
        yield
    except (MuxError, MissingKeyError, RecursionError):
        raise  # RecursionError: only answers of Mux are nested too deeply
    except expected:
        raise
    except Exception as error:
        logger.debug("The traceback of a bug", exc_info=True)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        # The text of the exception may quote a record, so it is only in the traceback.
        text = (
            f"This is a bug in tap-mux: {type(error).__name__} in {Path(frame.filename).name}, "
            f"line {frame.lineno}. Please report it with the log of a run with "
            "TAP_MUX_LOGLEVEL=DEBUG"
        )
        raise BugError(text) from error
