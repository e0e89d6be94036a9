"""Each record and each state belongs to one Mux environment."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import (
    Answer,
    Delay,
    Disconnect,
    Environment,
    ExplicitWorld,
    RateLimit,
    Sandbox,
    SandboxOptions,
)
from tap_mux.api.environment import Environment as Access
from tap_mux.api.errors import APIError, MuxError, NoAnswerError, UnreachableError
from tap_mux.api.rate_limit import RateLimiter
from tests.support.records import DAY, HOUR, NOW, asset, view
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from tests.conftest import Waits
    from tests.support.tapping import Message

WHOAMI = "/system/v1/whoami"
ASSETS = "/video/v1/assets"


def bookmarks(state: Message) -> dict[str | None, str]:
    """Return the bookmark of each environment."""
    return {
        partition["context"]["environment_id"]: partition["replication_key_value"]
        for partition in state["bookmarks"]["video_views"]["partitions"]
    }


def environments(output: Output) -> set[str | None]:
    """Return the environment IDs of the records."""
    rows = output.records("assets") + output.records("video_views")
    assert rows
    return {row["environment_id"] for row in rows}


def test_every_record_has_the_environment_id(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset("a", NOW)]
    world.view_rows = [view("v", NOW - HOUR)]
    output = run_tap(sandbox)
    assert environments(output) == {"sandbox-environment"}
    assert len(sandbox.requests_to(WHOAMI)) == 1


def test_token_of_another_environment_starts_afresh() -> None:
    worlds = {
        "one": ExplicitWorld(views=[view("one-1", NOW - DAY)]),
        "two": ExplicitWorld(views=[view("two-1", NOW - 50 * DAY), view("two-2", NOW - 2 * DAY)]),
    }
    options = SandboxOptions(
        environments={
            name: Environment("secret", world, f"environment-{name}")
            for name, world in worlds.items()
        }
    )
    with Sandbox(options=options) as sandbox:
        one: dict[str, Any] = dict(sandbox.config_for("one"))
        two: dict[str, Any] = dict(sandbox.config_for("two"))
        first = run_tap(sandbox, "video_views", **one)
        second = run_tap(sandbox, "video_views", state=first.states[-1], **two)
        assert [row["id"] for row in second.records("video_views")] == ["two-1", "two-2"]
        both = bookmarks(second.states[-1])
        assert both.keys() == {"environment-one", "environment-two"}
        assert both["environment-one"] == bookmarks(first.states[-1])["environment-one"]
        third = run_tap(sandbox, "video_views", state=second.states[-1], **one)
        assert [row["id"] for row in third.records("video_views")] == ["one-1"]
        assert bookmarks(third.states[-1]) == both


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, {"error": {"type": "forbidden", "messages": ["No."]}}),
        Answer(404, {"error": {"type": "not_found", "messages": ["No."]}}),
        Answer(500),
        Disconnect(),
        Answer(200, {"data": {"environment_name": "no id"}}),
        Answer(200, {"data": {"environment_id": 7}}),
        Answer(200, b"[]"),
    ],
)
def test_without_whoami_it_is_null_with_a_warning(
    world: ExplicitWorld,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    waits: list[float],
    answer: Answer | Disconnect,
) -> None:
    world.asset_rows = [asset("a", NOW)]
    world.view_rows = [view("v", NOW - HOUR)]
    sandbox.faults.add(WHOAMI, times=None, action=answer)
    output = run_tap(sandbox, "assets", "video_views")
    assert environments(output) == {None}
    assert "environment_id will be null" in caplog.text
    assert bookmarks(output.states[-1]).keys() == {None}
    again = run_tap(sandbox, "assets", "video_views", state=output.states[-1])
    assert bookmarks(again.states[-1]) == bookmarks(output.states[-1])


def test_without_whoami_the_state_of_an_environment_is_not_left_aside(
    world: ExplicitWorld, sandbox: Sandbox, waits: list[float]
) -> None:
    world.asset_rows = [asset("a", NOW)]
    state = run_tap(sandbox, "assets").states[-1]
    sandbox.faults.add(WHOAMI, times=None, action=Answer(500))
    output = Output()
    with pytest.raises(MuxError, match="the state, which is of sandbox-environment, cannot be"):
        run_tap(sandbox, "assets", state=state, output=output)
    assert output.messages == []
    assert run_tap(sandbox, "assets").records("assets")


def access(sandbox: Sandbox, **settings: Any) -> Access:
    """Make what reads the environment, with the settings that a run would have."""
    config = {
        **sandbox.config,
        "request_timeout_seconds": 5,
        "max_attempts": 3,
        "max_wait_seconds": 600,
        "max_concurrency": 2,
        **settings,
    }
    return Access(config, config)


class TestAccess:
    """One access token, and the settings for its requests."""

    def test_has_one_client_and_workers_for_each_lane(self, sandbox: Sandbox) -> None:
        environment = access(sandbox)
        assert environment.client is environment.client
        assert environment.workers("data") is environment.workers("data")
        assert environment.workers("data") is not environment.workers("video")

    @pytest.mark.parametrize("most", [1, 2, 5])
    def test_tries_as_often_as_set(self, sandbox: Sandbox, waits: Waits, most: int) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(503))
        with pytest.raises(APIError, match=f"503 .* after {most} tries"):
            access(sandbox, max_attempts=most).client.get(ASSETS)
        assert len(sandbox.requests) == most
        assert len(waits) == most - 1

    def test_waits_for_an_answer_as_long_as_set(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(ASSETS, action=Delay(3))
        with pytest.raises(NoAnswerError):
            access(sandbox, request_timeout_seconds=1, max_attempts=1).client.get(ASSETS)

    @pytest.mark.parametrize("most", [1, "1"])
    def test_asks_no_faster_than_set(
        self, sandbox: Sandbox, waits: Waits, most: float | str
    ) -> None:
        client = access(sandbox, max_requests_per_second=most).client
        for _ in range(4):
            client.get(ASSETS)
        assert 2 < waits.for_rate_limit < 4

    def test_results_that_are_closed_wake_those_who_wait(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        woken: list[RateLimiter] = []

        def wake(limiter: RateLimiter) -> None:
            woken.append(limiter)

        monkeypatch.setattr(RateLimiter, "wake", wake)
        opened = access(sandbox)
        opened.workers("data").map(opened.client.get, [ASSETS]).close()
        assert woken == [opened.rate_limiter]

    @pytest.mark.parametrize(("reserve", "is_waiting"), [(0.5, True), (0, False), (None, False)])
    def test_leaves_the_reserve_alone(
        self, sandbox: Sandbox, waits: Waits, reserve: float | None, *, is_waiting: bool
    ) -> None:
        sandbox.options.rate_limits["video"] = RateLimit(10, 0.1)
        client = access(sandbox, rate_limit_reserve=reserve).client
        for _ in range(7):
            client.get(ASSETS)
        assert (waits.for_rate_limit > 0.5) == is_waiting

    def test_names_itself_with_its_version(self, sandbox: Sandbox) -> None:
        access(sandbox).client.get(ASSETS)
        assert sandbox.requests[-1].headers["User-Agent"] == f"tap-mux/{version('tap-mux')}"

    @pytest.mark.parametrize("found", ["", None, 7])
    def test_an_id_that_is_none_is_told(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, found: object
    ) -> None:
        body = {"data": {"environment_id": found}}
        sandbox.faults.add(WHOAMI, action=Answer(200, body))
        environment = access(sandbox)
        assert environment.id is None
        assert "environment_id will be null in every record" in caplog.text
        assert environment.id is None
        assert len(sandbox.requests) == 1

    def test_a_token_that_is_refused_is_an_error(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(WHOAMI, times=None, action=Answer(401))
        with pytest.raises(APIError, match="401"):
            _ = access(sandbox).id

    def test_no_server_is_an_error(self, sandbox: Sandbox, waits: Waits) -> None:
        environment = access(sandbox, api_url="http://127.0.0.1:1")
        with pytest.raises(UnreachableError):
            _ = environment.id
