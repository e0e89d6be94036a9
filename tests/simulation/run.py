"""One run of the tap in the simulation."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.api.errors import MuxError
from tap_mux.ending import ToldToEnd
from tap_mux.records.writer import BatchWriter, OutputError
from tap_mux.tap import TapMux
from tests.simulation import seams
from tests.simulation.mux.faults import is_leaking
from tests.simulation.scheduler import Scheduler, set_present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.mux.server import Server
    from tests.simulation.target import Target

MAX_SECONDS = 3 * 86_400
"""How much virtual time a run may take."""


class KilledError(BaseException):
    """The program has been killed."""


@dataclass
class Facts:
    """What is known about a run after its end."""

    config: dict[str, Any]
    streams: tuple[str, ...]
    began: float
    now: int
    """The end of what it has to read: when it began, by Mux's clock."""

    state: dict[str, Any]
    """What it began with."""

    ended: float = 0.0
    end: str = ""
    """How it ended: "complete", "killed", or the error."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    incremental: frozenset[str] = frozenset()
    """The streams that the catalog makes incremental."""

    log: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    unavailable: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.end == "complete"

    @property
    def activated(self) -> set[str]:
        """The streams of which it told the target to delete rows."""
        return {each["stream"] for each in self.messages if each["type"] == "ACTIVATE_VERSION"}


class Kill(NamedTuple):
    """How a run is ended from outside."""

    at: int
    """Before which message."""

    error: BaseException
    """What the writing of that message raises."""


KILLS: tuple[Callable[[], BaseException], ...] = (
    KilledError,
    KilledError,
    lambda: ToldToEnd(143),
    lambda: OutputError("The target stopped reading; its own log says why"),
)
"""SIGKILL, SIGTERM, and a target that ends."""


class _Output(BatchWriter):
    """Takes the place of stdout."""

    def __init__(self, target: Target, facts: Facts, kill: Kill | None) -> None:
        super().__init__()
        self._target = target
        self._facts = facts
        self._kill = kill

    def write_lines(self, lines: bytes, max_bytes: int = 0) -> None:
        if is_leaking(lines) and not self._facts.config.get("include_credentials"):
            text = "a credential is in the output"
            raise AssertionError(text)
        for line in lines.splitlines(keepends=True):
            if self._kill and len(self._facts.messages) >= self._kill.at:
                error, self._kill = self._kill.error, None
                raise error
            self._facts.messages.append(self._target.take(line))


class _Log(logging.Handler):
    """Keeps the log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_tap(
    scheduler: Scheduler,
    server: Server,
    target: Target,
    *,
    config: Mapping[str, Any],
    streams: tuple[str, ...],
    skew: float,
    incremental: frozenset[str] = frozenset(),
    kill: Kill | None = None,
) -> Facts:
    """Run the tap once.

    Args:
        scheduler: The time, and the order in which tasks go on.
        server: Mux.
        target: The loader; the run begins with its state.
        config: The settings.
        streams: What is selected.
        skew: How far the tap's clock is ahead.
        incremental: What the catalog makes incremental.
        kill: How the run is ended from outside, if it is.
    """
    state = json.loads(json.dumps(target.state))
    now = int(scheduler.now) - 1
    facts = Facts(dict(config), streams, scheduler.now, now, json.loads(json.dumps(state)))
    facts.incremental = incremental = incremental.intersection(streams)
    output = _Output(target, facts, kill)
    log = _Log()
    server.requests.clear()
    scheduler.switches = 0
    scheduler.deadline = scheduler.now + MAX_SECONDS
    target.begin()

    def run() -> None:
        catalog = _catalog(config, incremental) if incremental else None
        tap = TapMux(config=dict(config), state=state, catalog=catalog, message_writer=output)
        for stream in tap.streams.values():
            stream.selected = True
        try:
            tap.sync_all()
        finally:
            facts.unavailable = set(tap.outcome.unavailable)

    root = logging.getLogger()
    root.addHandler(log)
    seams.connect(server, skew)
    seams.select(streams)
    set_present(scheduler)
    try:
        scheduler.run(run)
        facts.end = "complete"
    except KilledError:
        facts.end = "killed"
    except ToldToEnd:
        facts.end = "told to end"
    except OutputError:
        facts.end = "no target"
    except MuxError as error:
        facts.end = f"failed: {error}"
    finally:
        set_present(None)
        root.removeHandler(log)
        facts.log = "\n".join([*log.lines, facts.end])
        facts.ended = scheduler.now
        facts.requests = Counter(server.requests)
    return facts


def _catalog(config: Mapping[str, Any], incremental: frozenset[str]) -> dict[str, Any]:
    """Return the catalog, with streams made incremental by the time when records were made."""
    catalog = TapMux(config=dict(config)).catalog_dict
    for entry in catalog["streams"]:
        if entry["stream"] in incremental:
            entry |= {"replication_method": "INCREMENTAL", "replication_key": "created_at"}
    return catalog


def make_scheduler(seed: int, now: float) -> Scheduler:
    """Return a scheduler whose chance is its own."""
    return Scheduler(random.Random(seed), now)
