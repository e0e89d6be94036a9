"""What there is in a Mux environment, and what there was at any moment before."""

from __future__ import annotations

import math
import zlib
from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def draw(*parts: object) -> int:
    """Return a number that is always the same for these parts."""
    return zlib.crc32("\0".join(map(str, parts)).encode())


class Version(NamedTuple):
    """What a record was for some time."""

    since: float
    """When Mux began to answer this."""

    value: int
    """Stands for all that can change in it."""

    moment: int
    """Its own time, such as the end of a view, in epoch seconds."""


@dataclass
class Entry:
    """A record, with all that it was."""

    key: str
    rank: float
    """Where it stands in its list: the smallest first."""

    versions: list[Version]
    deleted: float = math.inf
    parent: str = ""

    @property
    def created(self) -> float:
        """Since when it has been there."""
        return self.versions[0].since

    @property
    def now(self) -> Version:
        """What it is, or was at last."""
        return self.versions[-1]

    def at(self, time: float) -> Version | None:
        """What it was at a moment; None if it was not there."""
        if not self.created <= time < self.deleted:
            return None
        return [version for version in self.versions if version.since <= time][-1]

    def between(self, start: float, end: float) -> list[Version]:
        """All that it was in a time."""
        if self.created > end or self.deleted <= start:
            return []
        later = [version for version in self.versions if start < version.since <= end]
        first = self.at(start)
        return [first, *later] if first else later

    def was_there_all_of(self, start: float, end: float) -> bool:
        """Whether it was there without a break."""
        return self.created <= start and self.deleted > end

    def change(self, at: float, moment: int | None = None) -> None:
        """Change it."""
        last = self.now
        self.versions.append(Version(at, last.value + 1, last.moment if moment is None else moment))


@dataclass
class Table:
    """A list of Mux."""

    name: str
    seed: int
    entries: dict[str, Entry] = field(default_factory=dict)
    listed: list[Entry] = field(default_factory=list)
    """Those that are there, in order."""

    moved: list[float] = field(default_factory=list)
    """When records were added or deleted."""

    def add(
        self,
        at: float,
        *,
        moment: int | None = None,
        chance: random.Random | None = None,
        parent: str = "",
    ) -> Entry:
        """Add a record: the first of the list, or one in any place."""
        number = len(self.entries)
        # Not in the order of their ranks, so that none can be sorted by its ID by mistake.
        key = f"{self.name}-{draw(self.seed, self.name, number):08x}-{number}"
        rank = -float(number)
        if chance and chance.random() < 0.2:
            rank = chance.uniform(-number - 1, 1)
        version = Version(at, 0, int(at) if moment is None else moment)
        entry = Entry(key, rank, [version], parent=parent)
        self.entries[key] = entry
        insort(self.listed, entry, key=lambda each: each.rank)
        self.moved.append(at)
        return entry

    def delete(self, entry: Entry, at: float) -> None:
        """Delete a record."""
        entry.deleted = at
        self.listed.remove(entry)
        self.moved.append(at)

    def has_moved(self, start: float, end: float) -> bool:
        """Whether a record was added or deleted in a time."""
        return any(start <= at <= end for at in self.moved)

    def changed(self, start: float, end: float) -> bool:
        """Whether anything changed in a time."""
        return self.has_moved(start, end) or any(
            start <= version.since <= end
            for entry in self.entries.values()
            for version in entry.versions
        )


class Item(NamedTuple):
    """One record of an interval."""

    name: str
    value: int


OVER = "over"
UNDER_WAY = "under way"


def _state(now: float, end: int) -> str:
    return OVER if now >= end else UNDER_WAY


Items: TypeAlias = tuple[Item, ...]


@dataclass
class Sums:
    """Sums over intervals: what each is, follows from the seed. Mux may revise them."""

    seed: int
    revisions: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    """When the day of a series was revised."""

    _made: dict[tuple[Any, ...], Items] = field(default_factory=dict)

    def revise(self, series: str, moment: int, at: float) -> None:
        """Change the sums of a series on the day of a moment; add an item to each interval."""
        self.revisions.setdefault((series, moment // DAY), []).append(at)

    def times(self, series: str, start: int) -> list[float]:
        """When the day of an interval was revised."""
        return self.revisions.get((series, start // DAY), [])

    def items(self, series: str, part: str, start: int, step: int, now: float) -> Items:
        """Return the items of an interval.

        Args:
            series: The name of the stream.
            part: Which part of it.
            start: When the interval begins.
            step: How long it is.
            now: As Mux answers at this moment.
        """
        revision = sum(at <= now for at in self.times(series, start))
        return self._items(series, part, start, revision, _state(now, start + step))

    def versions(
        self, series: str, part: str, interval: int, step: int, start: float, end: float
    ) -> Iterator[Items]:
        """Yield what an interval was at the moments of a time."""
        times = self.times(series, interval)
        first = sum(at <= start for at in times)
        for revision in range(first, sum(at <= end for at in times) + 1):
            states = (_state(moment, interval + step) for moment in (start, end))
            for state in dict.fromkeys(states):
                yield self._items(series, part, interval, revision, state)

    def _items(self, *key: Any) -> Items:
        if key not in self._made:
            self._made[key] = tuple(self._make(*key))
        return self._made[key]

    def _make(
        self, series: str, part: str, start: int, revision: int, state: str
    ) -> Iterator[Item]:
        chosen = draw(self.seed, series, part, start)
        count = (0, 1, 1, 2, 2, 3, 3, 4)[chosen % 8]
        if chosen % 97 == 0:
            count = 100 + chosen % 30  # more than a page
        for number in range(count + revision):
            value = draw(self.seed, chosen, number) % 1000 + 1000 * revision
            yield Item(f"i{number}", value if state == OVER else 900_000 + value)
