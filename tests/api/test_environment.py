"""Records and state belong to one Mux environment each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Disconnect, Environment, ExplicitWorld, Sandbox, SandboxOptions
from tests.support.records import DAY, HOUR, NOW, asset, view
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from tests.support.tapping import Message

WHOAMI = "/system/v1/whoami"


def marks(state: Message) -> dict[str | None, str]:
    """Give the bookmark of each environment."""
    return {
        partition["context"]["environment_id"]: partition["replication_key_value"]
        for partition in state["bookmarks"]["video_views"]["partitions"]
    }


def environments(output: Output) -> set[str | None]:
    """Give the environments that records name."""
    rows = output.records("assets") + output.records("video_views")
    assert rows
    return {row["environment_id"] for row in rows}


def test_every_record_names_its_environment_asked_once(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
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
        both = marks(second.states[-1])
        assert both.keys() == {"environment-one", "environment-two"}
        assert both["environment-one"] == marks(first.states[-1])["environment-one"]
        third = run_tap(sandbox, "video_views", state=second.states[-1], **one)
        assert [row["id"] for row in third.records("video_views")] == ["one-1"]
        assert marks(third.states[-1]) == both


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
def test_without_whoami_it_is_null_and_told(
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
    assert marks(output.states[-1]).keys() == {None}
    again = run_tap(sandbox, "assets", "video_views", state=output.states[-1])
    assert marks(again.states[-1]) == marks(output.states[-1])
