"""How a run goes: what could be read of each stream, and what is said of the rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, NoneAvailableError

if TYPE_CHECKING:
    from tap_mux.api.errors import MuxError

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What could not be read, and why; each reason is one sentence."""

    unavailable: dict[str, str] = field(default_factory=dict)
    """Streams that the access token or the plan does not include."""

    failed: dict[str, str] = field(default_factory=dict)
    """Streams that could not be read to their end."""


class StreamOutcome:
    """How a stream of one environment goes, slice by slice.

    A first request that Mux denies means that the stream is not available. Of slices, such as the
    metrics that the settings name, Mux may have some and not others.
    """

    def __init__(self, label: str, permission: str, outcome: Outcome) -> None:
        """Begin without any slice.

        Args:
            label: What the stream is called where the user is told of it.
            permission: What the access token needs for it.
            outcome: Takes note of what cannot be read.
        """
        self.label = label
        self._permission = permission
        self._outcome = outcome
        self._has_answered = False
        self._has_read_any = False
        self._missing: dict[str, str] = {}

    @property
    def is_unavailable(self) -> bool:
        """Whether the stream has shown not to be available."""
        return self.label in self._outcome.unavailable

    def begin_slice(self) -> None:
        """Note that the next slice is asked for."""
        self._has_answered = False

    def note_answer(self) -> None:
        """Note that Mux gives the slice, be it empty."""
        self._has_answered = self._has_read_any = True

    def note_error(self, error: MuxError, part: str) -> None:
        """Note what ended the slice.

        Args:
            error: What went wrong.
            part: What the slice is called; empty if the stream has no other.
        """
        is_for_none = isinstance(error, NoneAvailableError)
        is_denied = isinstance(error, APIError) and error.is_unavailable and not self._has_answered
        reason = f"{error}. It needs the permission {self._permission}"
        if part and is_denied and isinstance(error, APIError) and not error.is_refused_credential:
            self._missing[f"{self.label} ({part})"] = reason  # though others may be there
        elif is_for_none or (is_denied and not self._has_read_any):
            self._missing.clear()
            self._skip(self.label, reason)
        else:
            logger.error("%s could not be read to its end: %s", self.label, error)
            self._outcome.failed.setdefault(self.label, str(error))

    def end(self) -> None:
        """Name the slices that Mux does not have, or the stream if it has none of them."""
        if self._missing and not self._has_read_any:
            self._skip(self.label, next(iter(self._missing.values())))
        else:
            for label, reason in self._missing.items():
                self._skip(label, reason)
        self._missing.clear()

    def _skip(self, label: str, reason: str) -> None:
        logger.warning("Skipped %s, which is not available: %s", label, reason)
        self._outcome.unavailable[label] = reason
