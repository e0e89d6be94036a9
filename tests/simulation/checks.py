"""Whether a run kept its promises: tables, bookmarks, secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.duties import DUTIES
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
        _check_bookmarks(facts)
        _check_repeated(facts)
        for name in facts.streams:
            for world in self.worlds.values():
                rows = self._rows(target, name, world)
                _check_possible(world, facts, name, rows)
                if not is_lost and name in facts.activated:
                    _check_activated(world, facts, name, rows)
                if facts.is_complete and not _is_skipped(facts, name):
                    self._note(world, facts, name)
                    self._check_owed(world, facts, name, rows)

    def _note(self, world: World, facts: Facts, name: str) -> None:
        duty = DUTIES[name]
        owed = self.owed.setdefault((world.environment_id, name), {})
        if duty.is_whole:
            owed.clear()
            if name not in facts.activated and duty.has_moved(world, facts):
                return
            if facts.config.get("emit_activate_version_messages") and name not in facts.activated:
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
        duty = DUTIES[name]
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


def _is_skipped(facts: Facts, name: str) -> bool:
    return any(label.split(" ")[0] == name for label in facts.unavailable)


def _check_possible(world: World, facts: Facts, name: str, rows: Mapping[Key, Row]) -> None:
    duty = DUTIES[name]
    written = {
        tuple(message["record"].get(column) for column in key_columns(name))
        for message in facts.messages
        if message["type"] == "RECORD" and message["stream"] == name
    }
    for key in written & rows.keys():
        allowed = duty.values(world, key, 0.0, facts.ended)
        if duty.payload(rows[key]) not in allowed:
            text = f"{name}: {key} is {duty.payload(rows[key])!r}, but was only ever {allowed}"
            raise BrokenPromiseError(text)


def _check_activated(world: World, facts: Facts, name: str, rows: Mapping[Key, Row]) -> None:
    duty = DUTIES[name]
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
    may_go_back = facts.config.get("stream_params") or "filter" in facts.log
    for message in facts.messages:
        if message["type"] == "STATE":
            for place, value in bookmarks_in(message["value"]):
                if value < latest.get(place, "") and not may_go_back:
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
