"""Monitoring: the last 24 hours, without gaps or duplicates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, GeneratedWorld, Sandbox
from tests.support.records import DAY, HOUR, MINUTE, tap_time, view, wire_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mux_sandbox import ExplicitWorld
    from mux_sandbox.request_log import RequestRecord
    from tests.support.tapping import Message


FAST = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "1000"}
"""With these, the tap does not wait a second between requests."""


@pytest.fixture
def live() -> Iterator[Sandbox]:
    """A sandbox that has viewers at the moment."""
    with Sandbox(world=GeneratedWorld()) as sandbox:
        yield sandbox


def state(stream: str, key: str, moment: float, **columns: str) -> dict[str, Any]:
    """Make the state of an earlier run."""
    context = {"environment_id": "sandbox-environment", **columns}
    part = {"context": context, "replication_key": key, "replication_key_value": tap_time(moment)}
    return {"bookmarks": {stream: {"partitions": [part]}}}


def of(records: list[Message], metric: str = "current-concurrent-viewers") -> list[str]:
    """Return the dates of the records of one metric."""
    return [record["date"] for record in records if record["metric"] == metric]


UNITS = {
    "current-average-bitrate": None,
    "current-concurrent-viewers": "count",
    "current-rebuffering-percentage": "ratio",
    "exits-before-video-start": "ratio",
    "playback-failure-percentage": "ratio",
    "video-startup-failure-percentage": "ratio",
}


def units(records: list[Message]) -> dict[str, str | None]:
    """Return the unit of each metric."""
    found = {(record["metric"], record["unit"]) for record in records}
    assert len(dict(found)) == len(found)
    return dict(found)


def test_timeseries_has_every_5_seconds_once(live: Sandbox) -> None:
    since = time.time() - 2 * HOUR
    first = run_tap(live, "monitoring_timeseries", start_date=tap_time(since))
    records = first.records("monitoring_timeseries")
    assert units(records) == UNITS
    moments = of(records)
    assert moments == sorted(set(moments))
    assert len(moments) == pytest.approx(2 * 720, abs=40)
    second = run_tap(live, "monitoring_timeseries", state=first.states[-1])
    again = set(of(second.records("monitoring_timeseries")))
    assert again
    assert again & set(moments) <= {moments[-1]}


@pytest.mark.parametrize("says_until_when", [True, False])
def test_a_timeframe_without_data_is_skipped(live: Sandbox, *, says_until_when: bool) -> None:
    since = int(time.time()) - 2 * HOUR

    def is_empty(request: RequestRecord) -> bool:
        first = int(request.param("timestamp") or 0)
        return "current-concurrent" in request.path and first < since + HOUR

    body: dict[str, Any] = {"data": []}
    if says_until_when:
        body["timeframe"] = [since, since + 2 * HOUR]
    answer = Answer(200, body, FAST)
    live.faults.add(is_empty, times=None, action=answer)
    output = run_tap(live, "monitoring_timeseries", start_date=tap_time(since))
    moments = of(output.records("monitoring_timeseries"))
    assert len(moments) == pytest.approx(720, abs=40)
    assert moments[0] <= tap_time(since + HOUR + 10)


def test_a_gap_is_reported(live: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    name, now = "monitoring_timeseries", time.time()
    metrics = "current-concurrent-viewers", "playback-failure-percentage"
    first, second = (state(name, "date", now - 3 * DAY, metric=metric) for metric in metrics)
    first["bookmarks"][name]["partitions"] += second["bookmarks"][name]["partitions"]
    run_tap(live, name, state=first, end_date=tap_time(now - 23 * HOUR))
    assert caplog.text.count("monitoring_timeseries from") == 1
    assert "are gone: Mux no longer keeps them" in caplog.text


def test_breakdowns_at_full_hours(live: Sandbox) -> None:
    since = time.time() - 3 * HOUR
    output = run_tap(live, "monitoring_breakdowns", start_date=tap_time(since))
    records = output.records("monitoring_breakdowns")
    moments = sorted({record["timestamp"] for record in records})
    assert len(moments) in {2, 3}
    assert all(moment.endswith(":00:00.000000Z") for moment in moments)
    asked = [request for request in live.requests if request.path.endswith("/breakdown")]
    assert len(asked) == 66 * 3
    assert units(records) == UNITS
    keys = [(r["metric"], r["dimension"], r["value"], r["timestamp"]) for r in records]
    assert len(set(keys)) == len(keys)


def watched(world: ExplicitWorld, since: float) -> None:
    """Let two views go on in one country from a moment on, and one in another."""
    start = wire_time(since)
    world.view_rows = [
        view(name, time.time() + HOUR, view_start=start, country_code=country)
        for name, country in {"a": "DE", "b": "DE", "c": "FR"}.items()
    ]


def test_breakdowns_of_every_5_seconds_once(world: ExplicitWorld, sandbox: Sandbox) -> None:
    name = "monitoring_breakdown_timeseries"
    since = int(time.time()) // 5 * 5 - 25 * MINUTE
    watched(world, since - HOUR)
    first = run_tap(sandbox, name, start_date=tap_time(since))
    records = first.records(name)
    assert len({(record["metric"], record["dimension"]) for record in records}) == 66
    assert units(records) == UNITS
    viewers = {"metric": "current-concurrent-viewers", "dimension": "country"}
    found = [
        (record["date"], record["value"], record["metric_value"])
        for record in records
        if record.items() >= viewers.items()
    ]
    moments = list(dict.fromkeys(date for date, *_ in found))
    assert moments == [tap_time(since + 5 * number) for number in range(len(moments))]
    assert len(moments) == pytest.approx(24 * 12, abs=10)
    assert found == [(date, *one) for date in moments for one in (("DE", 2), ("FR", 1))]

    path = "/data/v1/monitoring/metrics/current-concurrent-viewers/breakdown-timeseries"
    asked = sandbox.requests_to(path)
    of_country = [request for request in asked if request.param("dimension") == "country"]
    frames = sorted(tuple(map(int, each.params("timeframe[]"))) for each in of_country)
    assert len(asked) == 11 * len(frames) == 11 * 3
    assert frames[0][0] == since
    assert [start for start, _ in frames[1:]] == [end for _, end in frames[:-1]]
    assert all(0 < end - start <= 600 for start, end in frames)
    assert {request.param("limit") for request in asked} == {"100"}

    parts = first.states[-1]["bookmarks"][name]["partitions"]
    assert len(parts) == 66
    assert {part["replication_key_value"] for part in parts} == {moments[-1]}
    sandbox.requests.clear()
    second = run_tap(sandbox, name, state=first.states[-1])
    again = [r["date"] for r in second.records(name) if r.items() >= viewers.items()]
    assert again[0] == moments[-1]
    assert set(again) & set(moments) == {moments[-1]}
    assert len([each for each in sandbox.requests if "/monitoring/" in each.path]) == 66
    parts = second.states[-1]["bookmarks"][name]["partitions"]
    assert {part["replication_key_value"] for part in parts} == {again[-1]}


def test_histograms_have_their_buckets(live: Sandbox) -> None:
    first = run_tap(live, "monitoring_histograms")
    records = first.records("monitoring_histograms")
    assert 25 <= len(records) <= 31
    assert records[0]["bucket_values"][0].keys() == {"start", "end", "count", "percentage"}
    second = run_tap(live, "monitoring_histograms", state=first.states[-1])
    assert 1 <= len(second.records("monitoring_histograms")) <= 2


@pytest.mark.parametrize("limits", [[], [{"start": 0, "end": 100}]])
def test_buckets_without_limits(sandbox: Sandbox, limits: list[dict[str, int]]) -> None:
    counts = [{"percentage": 0.75, "count": 3}, {"percentage": 0.25, "count": 1}]
    answer = {
        "meta": {"bucket_unit": "milliseconds", "buckets": limits},
        "data": [{"timestamp": tap_time(time.time() - 10 * MINUTE), "bucket_values": counts}],
    }
    sandbox.faults.add("/data/v1/monitoring", times=None, action=Answer(200, answer))
    (record,) = run_tap(sandbox, "monitoring_histograms").records("monitoring_histograms")
    assert [bucket["count"] for bucket in record["bucket_values"]] == [3, 1]
    assert [bucket.get("end") for bucket in record["bucket_values"]] == (
        [100, None] if limits else [None, None]
    )


def test_a_gap_in_histograms_is_reported(live: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    column = {"metric": "video-startup-time"}
    old = state("monitoring_histograms", "timestamp", time.time() - 2 * HOUR, **column)
    assert run_tap(live, "monitoring_histograms", state=old).records("monitoring_histograms")
    assert caplog.text.count("are gone: Mux no longer keeps them") == 1


def test_not_in_the_plan(live: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    live.faults.add("/data/v1/monitoring", times=None, action=Answer(403, b"", FAST))
    run_tap(
        live,
        "monitoring_breakdown_timeseries",
        "monitoring_breakdowns",
        "monitoring_histograms",
        "monitoring_timeseries",
    )
    assert caplog.text.count("which is not available") == 4


def test_a_time_without_numbers_is_not_read_again(sandbox: Sandbox) -> None:
    since = int(time.time()) - 5 * HOUR
    body = {"data": [], "timeframe": [since, since + 6 * HOUR]}
    sandbox.faults.add("/monitoring/", times=None, action=Answer(200, body, FAST))
    first = run_tap(sandbox, "monitoring_timeseries", start_date=tap_time(since))
    assert len(sandbox.requests) == 1 + 6 * 10
    sandbox.requests.clear()
    run_tap(sandbox, "monitoring_timeseries", state=first.states[-1])
    assert len(sandbox.requests) == 1 + 6


def test_an_hour_that_has_been_read_is_not_read_again(live: Sandbox) -> None:
    first = run_tap(live, "monitoring_breakdowns", start_date=tap_time(time.time() - 2 * HOUR))
    read = {request.param("timestamp") for request in live.requests} - {None}
    assert read
    live.requests.clear()
    run_tap(live, "monitoring_breakdowns", state=first.states[-1])
    # Another hour may have ended meanwhile.
    assert not read & {request.param("timestamp") for request in live.requests}


def test_ten_minutes_without_viewers_are_not_read_again(sandbox: Sandbox) -> None:
    name = "monitoring_breakdown_timeseries"
    sandbox.faults.add("/monitoring/", times=None, action=Answer(200, {"data": []}, FAST))
    first = run_tap(sandbox, name, start_date=tap_time(time.time() - HOUR))
    assert len(sandbox.requests) == 1 + 66 * 6
    sandbox.requests.clear()
    run_tap(sandbox, name, state=first.states[-1])
    assert len(sandbox.requests) in {1 + 66, 1 + 66 * 2}
