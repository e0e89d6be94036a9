"""Records with a time of their own: views, notes, runs and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.duties.base import BORDER_SECONDS, Duty, Key, Row, Span
from tests.simulation.mux import data
from tests.simulation.truth import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.run import Facts
    from tests.simulation.truth import Entry, Version
    from tests.simulation.world import World


class EntryDuty(Duty):
    """Records with a time of their own, of a table of the truth."""

    def __init__(
        self, name: str, payload: str, is_due: Callable[[World, Facts, Entry, Version], bool]
    ) -> None:
        """Take the table, the column that is compared, and what else makes a record due."""
        self.name = name
        self._payload = payload
        self._is_due = is_due

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        for entry in world.tables[self.name].entries.values():
            version = entry.at(facts.began)
            if (
                version
                and entry.was_there_all_of(facts.began, facts.ended)
                and span.start <= version.moment < span.end
                and self._is_due(world, facts, entry, version)
            ):
                yield (entry.key,)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self.name].entries.get(str(key[0]))
        return {f"v{each.value}" for each in entry.between(start, end)} if entry else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


def is_view_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    kept = version.moment > facts.ended - world.retention_days * DAY + BORDER_SECONDS
    return kept and len(entry.between(facts.began, facts.ended)) == 1


def is_listed_view_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    params = facts.config.get("stream_params", {}).get("video_views", {})
    if params.get("filters[]") and not data.is_filtered(entry.key):
        return False
    return is_view_due(world, facts, entry, version)


def is_run_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    tables = world.tables
    directive = tables["directives"].entries[entry.parent]
    has_moved = any(
        tables[name].has_moved(facts.began, facts.ended)
        for name in ("directives", "directive_runs")
    )
    return directive.was_there_all_of(facts.began, facts.ended) and not has_moved


def is_job_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    return not world.tables["robot_jobs"].has_moved(facts.began, facts.ended)


def is_note_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    return version.moment < Span.of(facts).end // MINUTE * MINUTE
