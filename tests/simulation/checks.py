"""Whether a run kept its promises: tables, bookmarks, secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.duties import duty_of
from tests.simulation.mux.faults import is_leaking
from tests.simulation.seams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.simulation.duties import Key, Row
    from tests.simulation.run import Facts
    from tests.simulation.target import Target
    from tests.simulation.world import World

SORTED = {name for name, stream in STREAMS.items() if getattr(stream, "is_sorted", False) is True}
MAX_SHOWN = 3


class BrokenPromiseError(AssertionError):
    """The tap did not do what it promises."""


def key_columns(stream: str) -> tuple[str, ...]:
    """Return the columns of a key, besides that of the environment."""
    return tuple(STREAMS[stream].primary_keys)


@dataclass
class Model:
    """What has to be in the tables, from all runs so far."""

    worlds: Mapping[str, World]
    """By the ID of the environment."""

    owed: dict[tuple[str, str], dict[Key, float]] = field(default_factory=dict)
    """By environment and stream, the keys that have to be there, and since when they count."""

    def check(self, facts: Facts, target: Target, *, is_lost: bool) -> None:
        """Check a run after its end.

        Args:
            facts: The run.
            target: The loader.
            is_lost: Whether the loader has lost what came after the last STATE.

        Raises:
            BrokenPromiseError: A promise is broken.
        """
        if is_leaking(facts.log) or is_leaking(str(target.state)):
            text = "a credential is in the log or the state"
            raise BrokenPromiseError(text)
        if "bug in tap-mux" in facts.log:
            raise BrokenPromiseError(facts.log[facts.log.index("bug in tap-mux") :][:300])
        _check_bookmarks(facts)
        _check_repeated(facts)
        for name in facts.streams:
            for world in self.worlds.values():
                rows = self._rows(target, name, world)
                _check_possible(world, facts, name, rows)
                if not is_lost and name in facts.activated:
                    _check_activated(world, facts, name, rows)
                if facts.is_complete:
                    is_skipped = _is_skipped(facts, name, world, is_only=len(self.worlds) == 1)
                    _check_skipped(facts, name, world, is_skipped=is_skipped)
                    if is_skipped:
                        continue
                    self._note(world, facts, name)
                    self._check_owed(world, facts, name, rows)

    def _note(self, world: World, facts: Facts, name: str) -> None:
        duty = duty_of(name, facts)
        owed = self.owed.setdefault((world.environment_id, name), {})
        if duty.is_whole:
            owed.clear()
        if name not in facts.activated and duty.has_moved(world, facts):
            return
        if not duty.is_whole and _ends_before(facts, name):
            return
        is_told = name in facts.activated or not facts.config["emit_activate_version_messages"]
        is_all_there = not any(other.denied for other in self.worlds.values())
        has_held_still = not any(duty.has_moved(each, facts) for each in self.worlds.values())
        if duty.is_whole and is_all_there and has_held_still and not is_told:
            text = f"{name} held still, and the target was not told to delete"
            raise BrokenPromiseError(text)
        owed.update(dict.fromkeys(duty.due(world, facts), facts.began))

    def _rows(self, target: Target, name: str, world: World) -> dict[Key, Row]:
        """Return the rows of a stream of an environment, by their keys."""
        if name not in target.tables:
            return {}
        columns = key_columns(name)
        return {
            tuple(row[column] for column in columns): row
            for row in target.tables[name].rows.values()
            # A single environment that Mux did not name is null.
            if len(self.worlds) == 1 or row["environment_id"] == world.environment_id
        }

    def _check_owed(self, world: World, facts: Facts, name: str, rows: Mapping[Key, Row]) -> None:
        duty = duty_of(name, facts)
        owed = self.owed[world.environment_id, name]
        missing = [key for key in owed if key not in rows]
        if missing:
            text = f"{name}: {len(missing)} of {len(owed)} missing, such as {missing[:MAX_SHOWN]}"
            raise BrokenPromiseError(text)
        for key, since in owed.items():
            found = duty.payload(rows[key])
            allowed = duty.values(world, key, since, facts.ended)
            if found not in allowed:
                text = f"{name}: {key} is {found!r}, but was {allowed} since {since:.1f}"
                raise BrokenPromiseError(text)


ASKS: dict[str, tuple[str, ...]] = {
    "asset_inputs": ("assets", "asset_inputs"),
    "related_incidents": ("incidents", "related_incidents"),
    "directive_runs": ("directives", "directive_runs"),
    "video_view_details": ("video_views", "video_view_details"),
    **{
        name: ("metric_breakdowns", "engagement")
        for name in STREAMS
        if name.endswith(("heatmaps", "hotspots"))
    },
}
"""The endpoints of the streams that ask for more than one."""

MAY_FIND_NONE = {name for name in ASKS if name != "video_view_details"}
"""Streams of which all that they ask for may be gone."""


def _is_skipped(facts: Facts, name: str, world: World, *, is_only: bool) -> bool:
    """Whether a run has skipped a stream or a part of it, and says so."""
    label = name if is_only else f"{name} of {world.environment_id.removeprefix('env-')}"
    return any(each == label or each.startswith(f"{label} (") for each in facts.unavailable)


def _check_skipped(facts: Facts, name: str, world: World, *, is_skipped: bool) -> None:
    """Only what Mux denies is skipped, and not what an earlier run has read."""
    denied = [each for each in ASKS.get(name, (name,)) if each in world.denied]
    if is_skipped and not denied and name not in MAY_FIND_NONE:
        text = f"{name} was skipped, though the plan includes it"
        raise BrokenPromiseError(text)
    was_read = any(
        place[0] == name and ("environment_id", world.environment_id) in place
        for place, _ in bookmarks_in(facts.state)
    )
    was_asked = bool(facts.requests[name]) and not _has_nothing_to_read(facts)
    if was_read and name in world.denied and was_asked:
        text = f"{name} was read before and is denied now, and the run ended with 0"
        raise BrokenPromiseError(text)


def _ends_before(facts: Facts, name: str) -> bool:
    """Whether ``end_date`` lies before what earlier runs have read: then nothing is read."""
    end = facts.config.get("end_date")
    reached = (value for place, value in bookmarks_in(facts.state) if place[0] == name)
    return end is not None and any(value[:19] >= end[:19] for value in reached)


def _has_nothing_to_read(facts: Facts) -> bool:
    """Whether the time range may be empty, so that Mux was not asked."""
    return "end_date" in facts.config or "Nothing to read" in facts.log


def _check_possible(world: World, facts: Facts, name: str, rows: Mapping[Key, Row]) -> None:
    duty = duty_of(name, facts)
    written = {
        tuple(message["record"].get(column) for column in key_columns(name))
        for message in facts.messages
        if message["type"] == "RECORD" and message["stream"] == name
    }
    for key in (key for key in rows if key in written):  # in order: those of an interval together
        allowed = duty.values(world, key, 0.0, facts.ended)
        if duty.payload(rows[key]) not in allowed:
            text = f"{name}: {key} is {duty.payload(rows[key])!r}, but was only ever {allowed}"
            raise BrokenPromiseError(text)


def _check_activated(world: World, facts: Facts, name: str, rows: Mapping[Key, Row]) -> None:
    duty = duty_of(name, facts)
    gone = [key for key in duty.due(world, facts) if key not in rows]
    if gone:
        text = f"{name}: ACTIVATE_VERSION deleted {len(gone)} that are there: {gone[:MAX_SHOWN]}"
        raise BrokenPromiseError(text)
    kept = [key for key in rows if not duty.values(world, key, facts.began, facts.ended)]
    if kept:
        text = f"{name}: ACTIVATE_VERSION kept {len(kept)} that are gone: {kept[:MAX_SHOWN]}"
        raise BrokenPromiseError(text)


Place = tuple[Any, ...]


def bookmarks_in(state: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield each bookmark of a state: stream, partition and value."""
    for name, each in state.get("bookmarks", {}).items():
        for partition in each.get("partitions", ()):
            if value := partition.get("replication_key_value"):
                yield (name, *sorted(partition["context"].items())), value


def _check_bookmarks(facts: Facts) -> None:
    """Bookmarks only grow, none lies in the future, and no older record comes behind one."""
    first = dict(bookmarks_in(facts.state))
    latest: dict[Place, str] = dict(first)
    reached: dict[str, dict[Place, str]] = {}
    may_go_back = "was made with other stream_params" in facts.log
    for message in facts.messages:
        if message["type"] == "STATE":
            for place, value in bookmarks_in(message["value"]):
                may_be_less = may_go_back and place[0] == "video_views"
                if value < latest.get(place, "") and not may_be_less:
                    text = f"the bookmark of {place} goes back from {latest[place]} to {value}"
                    raise BrokenPromiseError(text)
                if datetime.fromisoformat(value).timestamp() > facts.now + 86_400:
                    text = f"the bookmark of {place} lies in the future: {value}"
                    raise BrokenPromiseError(text)
                latest[place] = value
                if value != first.get(place):
                    reached.setdefault(place[0], {})[place] = value
        elif message["type"] == "RECORD" and message["stream"] in reached:
            _check_behind(message, reached[message["stream"]])


def _check_behind(message: Mapping[str, Any], reached: Mapping[Place, str]) -> None:
    name, record = message["stream"], message["record"]
    key = STREAMS[name].replication_key
    if name not in SORTED or not isinstance(key, str):
        return
    for (_, *context), value in reached.items():
        is_same = all(record.get(column) == each for column, each in context)
        if is_same and record[key] < value and name != "exported_video_views":
            text = f"{name}: a record of {record[key]} comes behind the bookmark {value}"
            raise BrokenPromiseError(text)


def _check_repeated(facts: Facts) -> None:
    """A run writes each view once, or again with a later end."""
    ends: dict[str, str] = {}
    for message in facts.messages:
        if message["type"] == "RECORD" and message["stream"] == "video_views":
            record = message["record"]
            if record["view_end"] <= ends.get(record["id"], ""):
                text = f"the view {record['id']} came twice"
                raise BrokenPromiseError(text)
            ends[record["id"]] = record["view_end"]
