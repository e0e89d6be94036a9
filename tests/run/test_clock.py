"""The clock of this machine may be wrong: the run goes by that of Mux."""

from __future__ import annotations

from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Environment, ExplicitWorld, Sandbox, SandboxOptions
from tests.support.records import DAY, HOUR, MINUTE, NOW, tap_time, view
from tests.support.tapping import Output, run_program, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRESENT = NOW - NOW % DAY + 6 * HOUR + 20 * MINUTE + 0.5
"""What Mux's clock shows, all the time. An export of yesterday has been made by then."""

STREAMS: dict[str, int] = {
    "monitoring_timeseries": 40 * MINUTE,
    "monitoring_breakdowns": 40 * MINUTE,
    "monitoring_histograms": 40 * MINUTE,
    "video_views": 2 * HOUR,
    "exported_video_views": 2 * DAY,
    "errors": 2 * DAY,
    "metric_timeseries": 2 * DAY,
    "delivery_usage": 2 * DAY,
    "robot_jobs": 9 * DAY,
}
"""How far back each is read."""

WARNING = "The clock of this machine is"


@pytest.fixture(scope="module")
def mux() -> Iterator[Sandbox]:
    """A sandbox with many records, at a moment."""
    with Sandbox(options=SandboxOptions(clock=lambda: PRESENT)) as running:
        yield running


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock of this machine."""
    return lambda moment: monkeypatch.setattr("tap_mux.clock.epoch_now", lambda: moment)


@pytest.fixture(scope="module")
def expected(mux: Sandbox) -> Callable[[str], Output]:
    """Give what a run reads whose clock is right."""

    @cache
    def read(stream: str) -> Output:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("tap_mux.clock.epoch_now", lambda: PRESENT)
            return run_tap(mux, stream, **settings(stream))

    return read


def settings(stream: str) -> dict[str, Any]:
    """Return the settings for a stream."""
    start = tap_time(PRESENT - STREAMS[stream])
    return {"start_date": start, "delivery_usage_granularity": "hour"}


@pytest.mark.parametrize("hours", [-80, -2, 200, 1 / 6, 2])
@pytest.mark.parametrize("stream", STREAMS)
def test_the_same_is_read_whatever_the_clock_shows(
    mux: Sandbox,
    set_clock: Callable[[float], None],
    expected: Callable[[str], Output],
    stream: str,
    hours: float,
) -> None:
    right = expected(stream)
    assert right.records(stream)
    set_clock(PRESENT + hours * HOUR)
    found = run_tap(mux, stream, **settings(stream))
    assert found.records(stream) == right.records(stream)
    assert found.states[-1] == right.states[-1]


def test_a_bookmark_is_not_ahead_of_mux(set_clock: Callable[[float], None]) -> None:
    now = [PRESENT]
    world = ExplicitWorld(views=[])
    with Sandbox(world=world, options=SandboxOptions(clock=lambda: now[0])) as sandbox:
        set_clock(PRESENT + 2 * HOUR)
        first = run_tap(sandbox, "video_views", lookback_seconds=0)
        world.view_rows = [view("late", PRESENT + HOUR)]
        now[0] += 3 * HOUR
        set_clock(now[0])
        second = run_tap(sandbox, "video_views", lookback_seconds=0, state=first.states[-1])
        assert [row["id"] for row in second.records("video_views")] == ["late"]


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_start_date_is_in_the_future_by_the_clock_of_mux(
    set_clock: Callable[[float], None], caplog: pytest.LogCaptureFixture, hours: int
) -> None:
    options = SandboxOptions(clock=lambda: PRESENT)
    with Sandbox(world=ExplicitWorld(), options=options) as sandbox:
        set_clock(PRESENT + hours * HOUR)
        run_tap(sandbox, "video_views", start_date=tap_time(PRESENT + hours * HOUR / 2))
    assert ("start_date lies in the future" in caplog.text) == (hours > 0)


def test_all_answers_of_a_run_that_ends_at_the_present_are_asked_for_by_the_clock_of_mux(
    set_clock: Callable[[float], None],
) -> None:
    with Sandbox(options=SandboxOptions(clock=lambda: PRESENT)) as sandbox:
        set_clock(PRESENT + 10 * MINUTE)
        run_tap(sandbox, "monitoring_timeseries", **settings("monitoring_timeseries"))
        asked = [int(each.param("timestamp") or 0) for each in sandbox.requests]
        assert 0 < max(asked) < PRESENT - 60


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2 * HOUR, "2:00:00 (h:mm:ss) ahead of that of Mux"),
        (DAY + 90, "1 day, 0:01:30 (h:mm:ss) ahead of that of Mux"),
        (-5 * MINUTE, "0:05:00 (h:mm:ss) behind that of Mux"),
        (62, "0:01:02 (h:mm:ss) ahead of that of Mux"),
        (58, None),
        (-58, None),
        (0, None),
    ],
)
def test_a_clock_that_is_far_off_is_told_once(
    set_clock: Callable[[float], None],
    caplog: pytest.LogCaptureFixture,
    seconds: int,
    words: str | None,
) -> None:
    world = ExplicitWorld()
    access = {
        f"id-{number}": Environment("secret", world, f"environment-{number}") for number in range(3)
    }
    environments = [{"name": name, "token_id": name, "token_secret": "secret"} for name in access]
    options = SandboxOptions(clock=lambda: PRESENT - 0.5, environments=access)
    with Sandbox(options=options) as sandbox:
        set_clock(PRESENT - 0.5 + seconds)
        config: dict[str, Any] = dict.fromkeys(("token_id", "token_secret"))
        config["environments"] = environments
        run_tap(sandbox, "assets", "incidents", **config)
    found = [each.getMessage() for each in caplog.records if WARNING in each.getMessage()]
    assert len(found) == (words is not None)
    assert (words or "") in "".join(found)


def test_the_log_of_a_run_tells_what_to_do() -> None:
    options = SandboxOptions(clock=lambda: NOW - 2 * HOUR)
    with Sandbox(world=ExplicitWorld(), options=options) as sandbox:
        ended = run_program("--config=ENV", environ=sandbox.environ)
    assert ended.returncode == 0
    (line,) = [line for line in ended.stderr.splitlines() if WARNING in line]
    assert "ahead of that of Mux. The run goes by that of Mux" in line
    assert "Set it right, such as by NTP" in line


@pytest.mark.parametrize(
    "date", ["", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_a_date_that_makes_no_sense_is_ignored(
    set_clock: Callable[[float], None], caplog: pytest.LogCaptureFixture, date: str
) -> None:
    world = ExplicitWorld(views=[view("one", PRESENT - HOUR)])
    with Sandbox(world=world, options=SandboxOptions(clock=lambda: PRESENT)) as sandbox:
        answer = {"data": {"environment_id": "one"}}
        sandbox.faults.add("whoami", action=Answer(200, answer, {"Date": date}))
        set_clock(PRESENT)
        output = run_tap(sandbox, "video_views")
        assert [row["id"] for row in output.records("video_views")] == ["one"]
    assert WARNING not in caplog.text


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_whoami_another_answer_tells(
    set_clock: Callable[[float], None], caplog: pytest.LogCaptureFixture, status: int
) -> None:
    with Sandbox(world=ExplicitWorld(), options=SandboxOptions(clock=lambda: PRESENT)) as sandbox:
        sandbox.faults.add("whoami", times=None, action=Answer(status))
        set_clock(PRESENT + 2 * HOUR)
        run_tap(sandbox, "assets", "video_views", max_attempts=1)
    assert caplog.text.count(WARNING) == 1


def test_a_retry_after_is_by_the_clock_of_the_answer(
    set_clock: Callable[[float], None], waits: list[float]
) -> None:
    with Sandbox(world=ExplicitWorld(), options=SandboxOptions(clock=lambda: PRESENT)) as sandbox:
        headers = {"Retry-After": formatdate(PRESENT + 30, usegmt=True)}
        sandbox.faults.add("assets", action=Answer(503, b"", headers))
        set_clock(PRESENT - 2 * HOUR)
        run_tap(sandbox, "assets")
    assert 29 <= waits[0] <= 32
