"""Streams that draw on different rate limits are read side by side, and the output is in order."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Delay, Environment, ExplicitWorld, GeneratedWorld, Sandbox
from mux_sandbox import SandboxOptions as Options
from tap_mux import tap as tap_module
from tap_mux.api.errors import MuxError
from tap_mux.run.lanes import MAX_OPEN, read_one_by_one
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, view, views
from tests.support.tapping import (
    FAST,
    Output,
    bookmark,
    catalog_of,
    clean_environ,
    config_file,
    messages,
    run_tap,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tap_mux.run.lanes import Lane
    from tap_mux.run.reading import Reading

VIEWS = "/data/v1/video-views"
ASSETS = "/video/v1/assets"
TABLES = ["live_streams", "playback_restrictions", "drm_configurations", "uploads", "assets"]
DEFAULTS = [stream.name for stream in ALL_STREAMS if stream.selected_by_default]
STEADY: dict[str, Any] = {"start_date": tap_time(NOW - 4 * DAY), "end_date": tap_time(NOW - HOUR)}


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with something for each stream."""
    with Sandbox(world=GeneratedWorld(7, assets=250, views_per_day=150)) as sandbox:
        sandbox.options.clock = lambda: NOW
        yield sandbox


def read_in_an_order(seed: int) -> Any:
    """Return a function that drives lanes without threads, in an order that a seed gives."""

    def read(lanes: Iterable[Lane]) -> None:
        chance = random.Random(seed)
        lanes = list(lanes)
        taken: dict[Reading, int] = {}
        while under_way := [lane for lane in lanes if not lane.is_done]:
            for lane in under_way:
                taken |= dict.fromkeys(lane.ask(), 0)
            lane = chance.choice(under_way)
            free = [reading for reading in lane.open if reading.can_take]
            if free and chance.random() < 0.6:
                chance.choice(free).take()
            else:
                lane.emit()

    return read


def stable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages without what differs from run to run."""
    return [
        {name: value for name, value in message.items() if name != "time_extracted"}
        for message in found
    ]


def by_stream(output: Output) -> dict[str, list[dict[str, Any]]]:
    """Return the records of each stream, in order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in output.messages:
        if message["type"] == "RECORD":
            found[message["stream"]].append(message["record"])
    return dict(found)


def check_order(output: Output) -> None:
    """Check that each record has its schema before it, and that no state runs ahead of records."""
    keys = {stream.name: getattr(stream, "replication_key", None) for stream in ALL_STREAMS}
    total = by_stream(output)
    written: dict[str, int] = defaultdict(int)
    schemas = set()
    for message in output.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in schemas
            schemas.add(message["stream"])
        elif message["type"] == "RECORD":
            assert message["stream"] in schemas
            written[message["stream"]] += 1
        elif message["type"] == "STATE":
            for name, state in message["value"]["bookmarks"].items():
                to_come = total.get(name, [])[written[name] :]
                check_bookmarks(name, keys[name], state, to_come)


def check_bookmarks(
    name: str, key: Any, state: Mapping[str, Any], to_come: list[dict[str, Any]]
) -> None:
    """Check that what is still to come is not older than the bookmark of its partition."""
    for partition in state.get("partitions", []):
        reached = partition.get("replication_key_value")
        if reached is None or not isinstance(key, str):
            continue
        own = [
            record[key]
            for record in to_come
            if all(record.get(column) == value for column, value in partition["context"].items())
        ]
        assert all(each >= reached for each in own), name


def test_lanes_of_different_rate_limits_are_read_at_the_same_time(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = views(300, NOW - HOUR, 1)
    world.asset_rows = [asset("one", NOW)]
    for slow, fast in ((VIEWS, ASSETS), (ASSETS, VIEWS)):
        sandbox.faults.clear()
        sandbox.requests.clear()
        sandbox.faults.add(slow, action=Delay(1))
        output = run_tap(sandbox, "assets", "video_views", start_date=tap_time(NOW - DAY))
        waited_for = sandbox.requests_to(slow)[0]
        others = sandbox.requests_to(fast)
        assert waited_for.finished
        assert others
        assert all(each.finished and each.finished < waited_for.finished for each in others)
        assert len(output.records("video_views")) == 300


def test_a_lane_has_what_draws_on_one_rate_limit() -> None:
    tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
    lanes = {stream.name: stream.lane for stream in tap.discover_streams()}
    assert lanes["assets"] == lanes["uploads"] == lanes["delivery_usage"] == "video"
    assert lanes["video_views"] == lanes["errors"] == "data"
    assert lanes["monitoring_timeseries"] == "monitoring"
    assert lanes["webhooks"] == "system"
    assert lanes["robot_jobs"] == "robots"
    assert lanes["exported_video_views"] == "exports"


def test_in_a_lane_streams_with_few_requests_come_first(generated: Sandbox) -> None:
    output = run_tap(generated, *TABLES, "asset_inputs")
    firsts = [
        message["stream"]
        for number, message in enumerate(output.messages)
        if message["type"] == "RECORD"
        and all(
            earlier["type"] != "RECORD" or earlier["stream"] != message["stream"]
            for earlier in output.messages[:number]
        )
    ]
    assert set(firsts[:3]) == {"live_streams", "playback_restrictions", "drm_configurations"}
    assert set(firsts[3:5]) == {"assets", "uploads"}
    assert firsts[5] == "asset_inputs"


def test_the_next_streams_are_asked_for_before_they_are_written(sandbox: Sandbox) -> None:
    sandbox.faults.add("/video/v1/live-streams", action=Delay(1))
    run_tap(sandbox, *TABLES, "asset_inputs", "transcription_vocabularies")
    (first,) = sandbox.requests_to("/video/v1/live-streams")
    early = {
        request.path
        for request in sandbox.requests
        if first.finished and request.started < first.finished and request.path != first.path
    }
    early -= {"/system/v1/whoami", "/video/v1/drm-configurations"}  # they came before
    assert len(early) == MAX_OPEN - 1


def test_a_stream_with_a_request_for_each_record_waits_until_it_comes_first(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.view_rows = views(300, NOW - HOUR, 1)
    opened: list[tuple[int, list[str]]] = []

    def read(lanes: Iterable[Lane]) -> None:
        (lane,) = lanes
        while not lane.is_done:
            names = [reading.stream.name for reading in lane.ask()]
            if names:
                opened.append((len(output.records("video_views")), names))
            for reading in lane.open:
                if reading.can_take:
                    reading.take()
            lane.emit()

    output = Output()
    monkeypatch.setattr(tap_module, "read_side_by_side", read)
    run_tap(
        sandbox,
        *("incidents", "related_incidents", "video_view_details", "video_views"),
        output=output,
        start_date=tap_time(NOW - DAY),
    )
    assert opened == [
        (0, ["incidents", "video_views"]),
        (300, ["related_incidents"]),
        (300, ["video_view_details"]),
    ]
    assert len(output.records("video_view_details")) == 300


def test_threads_and_one_after_another_read_the_same(generated: Sandbox) -> None:
    one = run_tap(generated, max_concurrency=1, **STEADY)
    many = run_tap(generated, max_concurrency=8, **STEADY)
    assert by_stream(many) == by_stream(one)
    assert set(by_stream(one)) >= set(DEFAULTS) - {"annotations"}
    assert many.states[-1] == one.states[-1]
    check_order(one)
    check_order(many)


def test_one_request_at_a_time_gives_the_same_output_each_time(generated: Sandbox) -> None:
    first = run_tap(generated, max_concurrency=1, **STEADY)
    second = run_tap(generated, max_concurrency=1, **STEADY)
    assert stable(first.messages) == stable(second.messages)


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_steps_gives_the_same_records(
    generated: Sandbox, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    expected = run_tap(generated, max_concurrency=1, **STEADY)
    monkeypatch.setattr(tap_module, "read_side_by_side", read_in_an_order(seed))
    output = run_tap(generated, **STEADY)
    assert by_stream(output) == by_stream(expected)
    assert output.states[-1] == expected.states[-1]
    check_order(output)


def test_threads_end_with_their_streams(generated: Sandbox) -> None:
    run_tap(generated, **STEADY)
    deadline = time.monotonic() + 5
    while [each for each in threading.enumerate() if each.name.startswith("reads ")]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("most", [1, 8])
def test_a_lane_that_fails_ends_only_itself(
    world: ExplicitWorld, sandbox: Sandbox, most: int
) -> None:
    world.view_rows = views(2500, NOW - HOUR, 1)
    sandbox.faults.add(ASSETS, times=None, action=Answer(503))
    output = Output()
    settings: dict[str, Any] = {"max_attempts": 1, "max_concurrency": most}
    settings["start_date"] = tap_time(NOW - DAY)
    with pytest.raises(MuxError, match=r"^assets failed: GET /video/v1/assets"):
        run_tap(sandbox, "assets", "uploads", "video_views", output=output, **settings)
    assert len(output.records("video_views")) == 2500
    assert bookmark(output.states[-1])


def test_a_record_that_cannot_be_written_ends_its_stream_only(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    class Failing(Output):
        def write_records(self, stream: str, *arguments: Any) -> None:
            if stream == "assets":
                raise ValueError
            super().write_records(stream, *arguments)

    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(1500)]
    world.view_rows = views(10, NOW - HOUR, 1)
    output = Failing()
    with pytest.raises(MuxError, match=r"^assets failed: This is a bug in tap-mux: ValueError"):
        run_tap(sandbox, "assets", "uploads", "video_views", output=output)
    assert len(output.records("video_views")) == 10


def test_a_bookmark_waits_for_the_end_of_its_batch(world: ExplicitWorld, sandbox: Sandbox) -> None:
    """Two thousand views of one second are one batch, which takes several chunks."""
    world.view_rows = [view(n, NOW - HOUR) for n in range(2000)]
    world.asset_rows = [asset("one", NOW)]

    def read(lanes: Iterable[Lane]) -> None:
        (data,) = [lane for lane in lanes if lane.readings[0].stream.lane == "data"]
        (video,) = [lane for lane in lanes if lane is not data]
        (reading,) = data.ask()
        while not output.records("video_views"):
            reading.take()
            data.emit()
        read_one_by_one([video])  # writes states
        assert len(output.records("video_views")) == 500
        assert bookmark(output.states[-1]) is None
        while not data.is_done:
            reading.take()
            data.emit()

    output = Output()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tap_module, "read_side_by_side", read)
        run_tap(sandbox, "assets", "video_views", output=output)
    assert len(output.records("video_views")) == 2000
    assert bookmark(output.states[-1]) == tap_time(NOW - HOUR)


def test_versions_are_activated_when_all_environments_have_ended() -> None:
    accesses = [
        {"name": name, "token_id": f"id-{name}", "token_secret": f"secret-{name}"} for name in "abc"
    ]
    environments = {
        f"id-{name}": Environment(
            f"secret-{name}", ExplicitWorld(assets=[asset(name, NOW)]), f"environment-{name}"
        )
        for name in "abc"
    }
    options = Options(environments=environments)
    with Sandbox(world=ExplicitWorld(), options=options) as sandbox:
        sandbox.faults.add(
            lambda request: request.path == ASSETS and request.environment_id == "environment-a",
            action=Delay(0.5),
        )
        output = Output()
        settings = {"environments": accesses, "emit_activate_version_messages": True}
        config = {"api_url": sandbox.config["api_url"], **FAST, **settings}
        tap = TapMux(config=config, message_writer=output)
        for name, stream in tap.streams.items():
            stream.selected = name == "assets"
        tap.sync_all()
    kinds = [message["type"] for message in output.messages if message["type"] != "STATE"]
    assert kinds == ["SCHEMA", *["RECORD"] * 3, "ACTIVATE_VERSION"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_lanes_within_a_second(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals
) -> None:
    world.view_rows = views(300, NOW - 20 * HOUR, 1)
    late = NOW - 19 * HOUR
    sandbox.faults.add(
        lambda request: (
            (
                request.path.startswith(("/video", "/system/v1/w"))
                or int((request.params("timeframe[]") or [str(late)])[0]) >= late
            )
            and request.path != "/system/v1/whoami"
        ),
        times=None,
        action=Delay(30),
    )
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of("assets", "webhooks", "video_views")))
    config = config_file(tmp_path, **sandbox.config, start_date=tap_time(NOW - 30 * HOUR))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_mux", "--config", config, "--catalog", str(catalog)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environ(),
        text=True,
    ) as tap:
        assert tap.stdout
        lines = []
        for line in tap.stdout:
            lines.append(line)
            message = json.loads(line)
            if message["type"] == "STATE" and bookmark(message["value"]):
                break
        sent = time.monotonic()
        tap.send_signal(number)
        lines += tap.stdout.readlines()
        tap.wait(10)
        assert time.monotonic() - sent < 1
    assert tap.returncode == 128 + number
    last = messages("".join(lines))[-1]
    assert last["type"] == "STATE"
    assert bookmark(last["value"]) == tap_time(NOW - 20 * HOUR + 299)


def test_requests_in_flight_are_bounded_over_all_lanes(generated: Sandbox) -> None:
    generated.requests.clear()
    generated.options.latency_seconds = 0.01
    try:
        run_tap(generated, max_concurrency=3, **STEADY)
    finally:
        generated.options.latency_seconds = 0
    assert max(request.in_flight for request in generated.requests) == 3
