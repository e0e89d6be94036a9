"""Retention: since when Mux has data, and the warning about data that is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_mux.records.timestamps import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Ask = Callable[[Sequence[int]], Iterable[bool]]
    """Asks of several moments at a time whether they are kept."""

DAY = 86_400
DOCUMENTED_DAYS = 100
"""How long Mux keeps views and sums, by its documentation."""

CLOSE_SECONDS = 5
"""Two clocks that are both right differ by less."""

SLACK_SECONDS = 30
"""By how much a retention may be longer or shorter than a whole number of days."""

PRECISION_SECONDS = 300
"""By how much the moment that is found may be later than the border, if that is at an odd age."""

MOMENTS_AT_ONCE = 3

# These lists are short, so that twelve requests are enough to find each of their moments.
_NEAR_SECONDS = (SLACK_SECONDS, *range(300, 3601, 300))
_EXPIRED_SECONDS = (30, 60, 120, 240)
_SHORTER_DAYS = (1, 2, 3, 7, 14, 15, 28, 30, 31, 45, 60, 90, 91, 99)
_LONGER_DAYS = (
    *(120, 150, 180, 183, 365, 366, 395),
    *(396, 400, 730, 1095, 1826, 3650, 3652),
)

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


def first_kept(
    start: int,
    recent: int,
    ask: Ask,
    *,
    now: int,
    days: int = DOCUMENTED_DAYS,
    step: int = 1,
) -> int | None:
    """Find the earliest moment that is kept, with few requests and fewer round trips.

    Four round trips, and twelve requests in all, tell at most 256 borders apart. So the search
    begins with borders that a service is likely to have: the documented one, common whole numbers
    of days, and moments near the documented one. Any other border is found, too, so that no record
    is left out. It takes more requests.

    Args:
        start: The moment to read from, in epoch seconds.
        recent: The latest moment that makes sense to ask for.
        ask: Asks of several moments at a time whether they are kept.
        now: The present, in epoch seconds.
        days: How many days are kept, by the documentation of Mux.
        step: All moments are multiples of it.

    Returns:
        The earliest moment that is kept, or one that is at most a step or PRECISION_SECONDS later.
        It is ``start`` if that is kept, and None if not even ``recent`` is kept.
    """
    search = _Search(start, recent, ask, step)
    documented = now - days * DAY
    first = [start]
    if start < recent:
        first += [*search.around([documented], CLOSE_SECONDS), recent]
    answers = search.ask_for(first)
    if answers[0]:
        return start
    if not answers[-1]:
        return None
    likely = [now - each * DAY for each in (*_SHORTER_DAYS, days, *_LONGER_DAYS)]
    midnights = (documented - documented % DAY, documented + -documented % DAY)
    near = [documented + sign * seconds for seconds in _NEAR_SECONDS for sign in (-1, 1)]
    near += [start + seconds for seconds in _EXPIRED_SECONDS]  # it was kept until just now
    search.among(
        [
            *search.around([*likely, *midnights], SLACK_SECONDS),
            *(moment + -moment % step for moment in near),
        ]
    )
    whole_days = range(search.refused + (now - search.refused) % DAY, search.kept, DAY)
    search.among(search.around(whole_days, SLACK_SECONDS))
    search.evenly()
    return search.kept


class Border:
    """The border of what is kept, which is the same for all partitions of a stream.

    So it is searched for once. Each further partition takes one request, which shows that it is so.
    """

    def __init__(self) -> None:
        """Start without having found it."""
        self._found: int | None = None

    def is_after(self, start: int) -> bool:
        """Return whether it has been found, later than a moment."""
        return self._found is not None and start < self._found

    def find(
        self, start: int, recent: int, ask: Ask, *, now: int, days: int, step: int
    ) -> int | None:
        """Find the earliest moment that is kept.

        Args:
            start: As in ``first_kept``.
            recent: As in ``first_kept``.
            ask: As in ``first_kept``.
            now: As in ``first_kept``.
            days: As in ``first_kept``.
            step: As in ``first_kept``.

        Returns:
            What ``first_kept`` returns.
        """
        if self._found is not None:
            moment = self._found + -self._found % step
            if start < moment <= recent and not any(ask([moment - step])):
                return moment
        self._found = first_kept(start, recent, ask, now=now, days=days, step=step)
        return self._found


class _Search:
    """The search for the border. It is later than ``refused``, and not later than ``kept``."""

    def __init__(self, refused: int, kept: int, ask: Ask, step: int) -> None:
        self.refused = refused
        self.kept = kept
        self._ask = ask
        self._step = step
        self._precision = max(step, PRECISION_SECONDS)

    def around(self, borders: Iterable[int], seconds: int) -> list[int]:
        """Return in order, of the moments just before and after each border, the undecided ones."""
        step = self._step
        found = set()
        for border in borders:
            before, after = border - seconds, border + seconds
            found |= {before - before % step, after + -after % step}
        return self._undecided(found)

    def ask_for(self, moments: Sequence[int]) -> list[bool]:
        """Ask for several moments at a time, and return which of them are kept."""
        answers = list(self._ask(moments))
        for moment, is_kept in zip(moments, answers, strict=True):
            if is_kept:
                self.kept = min(self.kept, moment)
            else:
                self.refused = max(self.refused, moment)
        return answers

    def among(self, moments: Sequence[int]) -> None:
        """Find between which two of these moments the border is."""
        while self._is_wide and (rest := self._undecided(moments)):
            self.ask_for(_spread(rest))

    def evenly(self) -> None:
        """Divide what is left into equal parts until it is small enough."""
        while self._is_wide:
            self.ask_for(_spread(range(self.refused + self._step, self.kept, self._step)))

    @property
    def _is_wide(self) -> bool:
        return self.kept - self.refused > self._precision

    def _undecided(self, moments: Iterable[int]) -> list[int]:
        return sorted(moment for moment in set(moments) if self.refused < moment < self.kept)


def _spread(moments: Sequence[int]) -> list[int]:
    """Return a few of the moments, at equal distances."""
    parts = min(MOMENTS_AT_ONCE, len(moments)) + 1
    return [moments[len(moments) * part // parts] for part in range(1, parts)]
