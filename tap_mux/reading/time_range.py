"""Which range of time a run reads, by the settings and the bookmark."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.records.normalizer import utc_timestamp
from tap_mux.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400

logger = logging.getLogger(__name__)


class Span(NamedTuple):
    """A range of time to read, in epoch seconds."""

    start: int | None
    """Its first second; None for as far back as Mux keeps."""

    end: int
    """The second after its last one."""

    unread: int | None
    """Its first second that no earlier run has read; None where that is all of it."""


def span_to_read(
    name: str, config: Mapping[str, Any], bookmark: int | None, lookback_seconds: int, now: int
) -> Span:
    """Say which range of time is to be read.

    Args:
        name: The stream, for messages.
        config: The settings.
        bookmark: How far the last run came, in epoch seconds; None if there is none.
        lookback_seconds: How far before the bookmark to read again.
        now: When the run began, in epoch seconds.
    """
    start_date = settings.moment(config, "start_date")
    end_date = settings.moment(config, "end_date")
    end = min(now, math.ceil(end_date.timestamp())) if end_date else now
    first = int(start_date.timestamp()) if start_date else None
    if bookmark is None:
        return Span(first, end, None)
    if bookmark > now + DAY:
        logger.warning(
            "The bookmark of %s lies in the future, so nothing is read until then: %s. Mend or "
            "remove it in the state",
            name,
            utc_timestamp(bookmark),
        )
    if end_date and end <= bookmark:
        logger.info("Nothing to read of %s: end_date lies before the bookmark", name)
        return Span(end, end, None)
    again = max(0, bookmark - lookback_seconds)
    if first is None:
        return Span(again, end, bookmark)
    return Span(max(again, first), end, max(bookmark, first))
