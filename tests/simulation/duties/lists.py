"""Lists that Mux gives whole, and what belongs to their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.duties.base import Duty, Key, Row, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.run import Facts
    from tests.simulation.truth import Entry
    from tests.simulation.world import World


class ListDuty(Duty):
    """A list that Mux gives whole."""

    is_whole = True

    def __init__(
        self, name: str, payload: Callable[[Row], Any], truth: Callable[[int], Any]
    ) -> None:
        """Take the name of the list, and what is compared: of a row, and of a version."""
        self.name = name
        self._payload = payload
        self._truth = truth

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        for entry in world.tables[self.name].entries.values():
            if entry.was_there_all_of(facts.began, facts.ended):
                yield (entry.key,)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self.name].entries.get(str(key[0]))
        return {self._truth(each.value) for each in entry.between(start, end)} if entry else set()

    def payload(self, row: Row) -> Any:
        return self._payload(row)

    def has_moved(self, world: World, facts: Facts) -> bool:
        return world.tables[self.name].has_moved(facts.began, facts.ended)


class CreatedDuty(ListDuty):
    """The same list, read incrementally by the time when a record was made: edits do not come."""

    is_whole = False

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        for key in super().due(world, facts):
            moment = world.tables[self.name].entries[str(key[0])].now.moment
            if span.start <= moment < span.end:
                yield key

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        return super().values(world, key, 0.0, end)


class FixedDuty(Duty):
    """Something that never changes."""

    is_whole = True

    def __init__(self, rows: Callable[[World], dict[Key, Any]], payload: str) -> None:
        """Take the records and the column that is compared."""
        self._rows = rows
        self._payload = payload

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        yield from self._rows(world)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        rows = self._rows(world)
        return {rows[key]} if key in rows else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


class ChildDuty(Duty):
    """What belongs to each record of a list, and does not change."""

    is_whole = True

    def __init__(
        self,
        parents: str,
        children: Callable[[World, Entry], dict[Key, Any]],
        payload: Callable[[Row], Any],
    ) -> None:
        """Take the list, what belongs to a record of it, and what is compared."""
        self._parents = parents
        self._children = children
        self._payload = payload

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        for entry in world.tables[self._parents].entries.values():
            is_there = entry.was_there_all_of(facts.began, facts.ended)
            is_ready = self._parents != "assets" or not world.is_preparing(entry.key, facts.began)
            if is_there and is_ready:
                yield from self._children(world, entry)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self._parents].entries.get(str(key[0]))
        if entry is None or not entry.between(start, end):
            return set()
        children = self._children(world, entry)
        return {children[key]} if key in children else set()

    def payload(self, row: Row) -> Any:
        return self._payload(row)

    def has_moved(self, world: World, facts: Facts) -> bool:
        return world.tables[self._parents].has_moved(facts.began, facts.ended)
