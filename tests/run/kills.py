"""Kill runs at random moments, resume them, and compare all tables with what the sandbox holds.

``uv run --group test python -m tests.run.kills --kills 50`` does so with each loader. A run that is
killed is resumed from the state that the loader printed. After a few kills, a run goes on to its
end, and then each value of each table is compared. target-postgres deletes rows that Mux no longer
lists: each table has one to begin with.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mux_sandbox import Environment, GeneratedWorld, Sandbox, SandboxOptions
from tap_mux import ending
from tests.loading.compared import Stream, collected, differences, indexed
from tests.loading.sent import Conversation
from tests.support.loaders import Target, target_duckdb, target_postgres
from tests.support.records import DAY, HOUR, tap_time
from tests.support.tapping import catalog_of, clean_environ, config_file, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.tapping import Message

LOADERS: dict[str, Callable[[Path], Target]] = {
    "target-duckdb": target_duckdb,
    "target-postgres": partial(target_postgres, hard_delete=True),
}
DELETING = "target-postgres"
"""The loader that obeys ACTIVATE_VERSION; target-duckdb ignores it."""

SIGNALS = (signal.SIGKILL, signal.SIGTERM)
STREAMS = (
    "annotations",
    "assets",
    "delivery_usage",
    "dimension_values",
    "dimensions",
    "directive_runs",
    "environments",
    "errors",
    "incidents",
    "live_streams",
    "metric_breakdowns",
    "metric_overall",
    "metric_timeseries",
    "playback_restrictions",
    "robot_jobs",
    "signing_keys",
    "subview_timeseries",
    "transcription_vocabularies",
    "uploads",
    "video_views",
    "webhooks",
)
"""Of each kind some: whole tables, sorted and unsorted increments, sums, in five lanes."""

DAYS = 4
KILLS_IN_A_ROW = 3
LATENCY_SECONDS = 0.01
MAX_SECONDS = 600
TERMINATED = 128 + signal.SIGTERM
"""How the tap ends on SIGTERM."""
MAX_PAUSE_SECONDS = 0.05
"""A run is killed up to so many seconds after a request."""


class LossError(Exception):
    """A table is not what it has to be."""


@dataclass
class Truth:
    """A sandbox whose clock stands still, and what a run has to bring of it."""

    sandbox: Sandbox
    settings: dict[str, Any]
    catalog: dict[str, Any]
    streams: list[Stream]
    requests: int
    """How many requests a run takes."""

    gone: list[Message]
    """Messages of an earlier run: a record of each list, which is no longer there."""

    def differences(self, target: Target) -> Iterator[str]:
        """Name what is wrong in the tables of a loader."""
        for stream in self.streams:
            loaded = target.rows(stream.name)
            rows = indexed(stream, loaded)
            is_empty_null = target.name == "target-duckdb"
            expected = indexed(stream, stream.sent, is_empty_null=is_empty_null)
            if len(rows) != len(loaded):
                yield f"{stream.name}: {len(loaded) - len(rows)} rows twice"
            if missing := sorted(map(str, expected.keys() - rows.keys())):
                yield f"{stream.name}: {len(missing)} rows are missing, such as {missing[0]}"
            if added := sorted(map(str, rows.keys() - expected.keys())):
                yield f"{stream.name}: {len(added)} rows too many, such as {added[0]}"
            both = {key: record for key, record in expected.items() if key in rows}
            yield from map(str, differences(stream, rows, both, is_sent=True))


@contextmanager
def truth(
    folder: Path,
    names: Sequence[str] = STREAMS,
    *,
    environments: int = 1,
    seed: int = 1,
    views_per_day: int = 400,
) -> Iterator[Truth]:
    """Run a sandbox inside the ``with`` block, and learn what there is in it.

    Args:
        folder: For files.
        names: Names of the streams to read.
        environments: How many environments it has.
        seed: Of what it holds.
        views_per_day: How much it holds.
    """
    now = time.time()
    own = [f"environment-{number}" for number in range(environments)]
    options = SandboxOptions(
        clock=lambda: now,
        environments={
            f"id-{name}": Environment(
                f"secret-{name}",
                GeneratedWorld(seed + number, assets=250, views_per_day=views_per_day),
                name,
            )
            for number, name in enumerate(own)
        },
    )
    accesses = [
        {"name": name, "token_id": f"id-{name}", "token_secret": f"secret-{name}"} for name in own
    ]
    access = {"environments": accesses} if environments > 1 else accesses[0]
    access.pop("name", None)
    with Sandbox(options=options) as sandbox:
        settings = {
            "api_url": sandbox.url,
            **access,
            "include_credentials": True,
            "start_date": tap_time(now - DAYS * DAY),
            "end_date": tap_time(now - HOUR),
            "lookback_seconds": 0,
            "progress_seconds": 0,
            "emit_activate_version_messages": True,
        }
        catalog = catalog_of(*names, include_credentials=True)
        arguments = files(folder, {**settings, "max_concurrency": 1}, catalog)
        done = subprocess.run(
            [sys.executable, "-m", "tap_mux", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=clean_environ(),
        )
        requests = len(sandbox.requests)
        sent = Conversation(sandbox)
        written = messages(done.stdout)
        schemas = [message for message in written if message["type"] == "SCHEMA"]
        streams = [collected(schema, written, sent) for schema in schemas]
        for stream in streams:
            check_reading(stream)
        sandbox.options.latency_seconds = LATENCY_SECONDS
        yield Truth(sandbox, settings, catalog, streams, requests, list(gone(written)))


def gone(written: list[Message]) -> Iterator[Message]:
    """Make messages of an earlier run: in each list that has versions, one record more."""
    schemas = {each["stream"]: each for each in written if each["type"] == "SCHEMA"}
    for message in written:
        if "version" in message and message["type"] == "RECORD" and message["stream"] in schemas:
            schema = schemas.pop(message["stream"])
            yield schema
            key = dict.fromkeys(schema["key_properties"], "gone")
            yield {**message, "record": {**message["record"], **key}, "version": 1}


def check_reading(stream: Stream) -> None:
    """Check that a run which was not killed wrote what the sandbox sent."""
    written, sent = (indexed(stream, records) for records in (stream.written, stream.sent))
    if not sent or written.keys() != sent.keys():
        text = f"{stream.name}: {len(written)} records were written, {len(sent)} sent"
        raise LossError(text)


def files(
    folder: Path, settings: dict[str, Any], catalog: dict[str, Any], state: str = "{}"
) -> list[str]:
    """Write the files of a run; return its arguments."""
    catalog_file, state_file = folder / "catalog.json", folder / "state.json"
    catalog_file.write_text(json.dumps(catalog))
    state_file.write_text(state)
    config = config_file(folder, **settings)
    return ["--config", config, "--catalog", str(catalog_file), "--state", str(state_file)]


class Killed(NamedTuple):
    """A run that was killed, or that ended before."""

    how: str
    """The name of the signal; empty if the run ended before."""

    states: list[str]
    """The states that the loader printed."""

    has_loader_failed: bool


def run_into(
    truth: Truth, target: Target, state: str, kill: tuple[signal.Signals, int, float] | None
) -> Killed:
    """Pipe a run of the tap into a loader.

    Args:
        truth: The sandbox.
        target: The loader.
        state: The state to resume from.
        kill: The signal to send, the number of requests to wait for, and then seconds.

    Raises:
        LossError: One of the programs failed.
    """
    truth.sandbox.requests.clear()
    arguments = files(target.folder, truth.settings, truth.catalog, state)
    with (
        (target.folder / "log").open("w+") as log,
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tap_mux", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            env=clean_environ(),
        ) as tap,
        subprocess.Popen(
            target.command, stdin=tap.stdout, stdout=subprocess.PIPE, stderr=log, text=True
        ) as loader,
    ):
        assert tap.stdout
        tap.stdout.close()
        is_late = False
        if kill:
            number, requests, seconds = kill
            while len(truth.sandbox.requests) < requests and tap.poll() is None:
                time.sleep(0.001)
            time.sleep(seconds)
            tap.send_signal(number)
            signalled = time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                tap.wait(2 * ending.MAX_SECONDS)
            is_late = time.monotonic() - signalled >= ending.MAX_SECONDS
        printed, _ = loader.communicate(timeout=MAX_SECONDS)
        tap.wait(MAX_SECONDS)
        log.seek(0)
        said = log.read()
    codes = {0, -signal.SIGKILL, TERMINATED} if kill else {0}
    was_killed = tap.returncode == -signal.SIGKILL
    may_be_torn = was_killed or is_late  # the loader did not read, so the tap did not wait for it
    if tap.returncode not in codes or (loader.returncode and not may_be_torn):
        text = f"The tap ended with {tap.returncode}, the loader with {loader.returncode}:\n{said}"
        raise LossError(text)
    how = kill[0].name if kill and (was_killed or tap.returncode == TERMINATED) else ""
    return Killed(how, printed.splitlines(), bool(loader.returncode))


@dataclass
class Tally:
    """What happened in the runs so far."""

    kills: Counter[str] = field(default_factory=Counter)
    """By signal; the empty text counts runs that ended before they were killed."""

    resumed: int = 0
    """How many kills left another state than there was before."""

    torn: int = 0
    """How many kills made the loader fail, as half a line does."""

    rows: int = 0
    """How many rows were compared."""


def kill_and_compare(
    truth: Truth, target: Target, seed: int, kills: int, tally: Tally, state: str = "{}"
) -> None:
    """Kill a run a few times, let it come to its end, and compare the tables.

    Args:
        truth: The sandbox.
        target: The loader, with an empty database.
        seed: Of the moments.
        kills: How often to kill.
        tally: Takes note of what happens.
        state: The state to begin with.

    Raises:
        LossError: A table is not what it has to be.
    """
    chance = random.Random(seed)
    if target.name == DELETING:
        target.load(*truth.gone)
    for number in range(kills):
        how = SIGNALS[(seed + number) % len(SIGNALS)]
        most = truth.requests // (number + 1)  # a run that is resumed has less to ask for
        moment = chance.randint(1, most), chance.uniform(0, MAX_PAUSE_SECONDS)
        killed = run_into(truth, target, state, (how, *moment))
        tally.kills[killed.how] += 1
        tally.torn += killed.has_loader_failed
        if killed.states and killed.states[-1] != state:
            state = killed.states[-1]
            tally.resumed += bool(killed.how)
    run_into(truth, target, state, None)
    if found := list(truth.differences(target)):
        text = f"seed {seed}: {len(found)} differences\n" + "\n".join(found[:20])
        raise LossError(text)
    tally.rows += sum(len(indexed(stream, stream.sent)) for stream in truth.streams)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many kills for each loader")
    parser.add_argument("--seed", type=int, default=os.getpid())
    parser.add_argument("--loader", action="append", choices=LOADERS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root, ExitStack() as stack:
        worlds = []
        for environments in (1, 2):
            folder = Path(root, str(environments))
            folder.mkdir()
            worlds.append(
                stack.enter_context(truth(folder, environments=environments, seed=options.seed))
            )
        for name in options.loader or LOADERS:
            tally, seed = Tally(), options.seed
            while tally.kills.total() - tally.kills[""] < options.kills:
                folder = Path(root, name, str(seed))
                folder.mkdir(parents=True)
                target = LOADERS[name](folder)
                kill_and_compare(worlds[seed % 2], target, seed, KILLS_IN_A_ROW, tally)
                print(f"{name}, seed {seed}: {tally}", flush=True)  # noqa: T201 - shows the progress
                seed += 1


if __name__ == "__main__":
    main()
