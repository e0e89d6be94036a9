"""Retention: where the data of Mux begins, and the warning about data that is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_mux.records.timestamps import readable

if TYPE_CHECKING:
    from collections.abc import Callable

GUESS_SECONDS = 30
"""How far a guess at the border of what is kept may be off, to either side."""

logger = logging.getLogger(__name__)


def warn_gone(what: str, start: int, end: int) -> None:
    """Warn that records which were asked for no longer exist.

    Args:
        what: The records, in words.
        start: The first second that is gone, in epoch seconds.
        end: The second after the last one that is gone.
    """
    logger.warning(
        "%s from %s to %s are gone: Mux no longer keeps them", what, readable(start), readable(end)
    )


def first_kept(refused: int, kept: int, guess: int, is_kept: Callable[[int], bool]) -> int:
    """Find the earliest moment that is kept, to the second, by bisection.

    Args:
        refused: A moment that is known to be gone, in epoch seconds.
        kept: A later moment that is kept.
        guess: About where the border should be; a good guess saves most of the requests.
        is_kept: Asks whether a moment is kept.

    Returns:
        The earliest moment that is kept.
    """
    for moment in (guess + GUESS_SECONDS, guess - GUESS_SECONDS):
        if refused < moment < kept:
            if is_kept(moment):
                kept = moment
            else:
                refused = moment
    while kept - refused > 1:
        middle = (refused + kept) // 2
        if is_kept(middle):
            kept = middle
        else:
            refused = middle
    return kept
