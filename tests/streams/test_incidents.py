"""Incidents and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import Answer
from tests.support.records import DAY, HOUR, NOW, Row, tap_time, wire_time
from tests.support.tapping import bookmark, run_tap

if TYPE_CHECKING:
    import pytest

    from mux_sandbox import ExplicitWorld, Sandbox


def incident(number: int) -> Row:
    """Make an incident; it is related to those with the same last digit."""
    return {
        "id": f"incident-{number:03}",
        "status": "open",
        "severity": "alert",
        "started_at": wire_time(NOW - number * HOUR),
        "resolved_at": None,
        "breakdowns": [{"id": "1", "name": "country", "value": str(number % 10)}],
    }


def note(number: int, moment: float) -> Row:
    """Make an annotation."""
    return {"id": f"note-{number:03}", "note": "A note", "date": wire_time(moment)}


def test_all_incidents_are_read_in_each_run(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["incidents"] = [incident(number) for number in range(120)]
    for _ in range(2):
        records = run_tap(sandbox, "incidents").records("incidents")
        assert {record["id"] for record in records} == {
            row["id"] for row in world.tables["incidents"]
        }
        assert len(records) == 120


def test_related_incidents_have_a_key_of_two_parts(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["incidents"] = [incident(number) for number in range(30)]
    sandbox.faults.add("incident-007/related", times=None, action=Answer(404))
    records = run_tap(sandbox, "related_incidents").records("related_incidents")
    assert {(record["incident_id"], record["id"]) for record in records} == {
        (f"incident-{one:03}", f"incident-{other:03}")
        for one in range(30)
        for other in range(30)
        if one != other and one % 10 == other % 10 and one != 7
    }


def test_a_plan_without_alerts(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.faults.add("/data/v1/incidents", times=None, action=Answer(404))
    run_tap(sandbox, "incidents", "related_incidents")
    assert "Skipped incidents, which is not available" in caplog.text
    assert "Skipped related_incidents, which is not available" in caplog.text


def test_annotations_by_date(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["annotations"] = [
        note(number, NOW - number * 6 * HOUR) for number in range(1, 251)
    ]
    sandbox.options.retention_days = 4000
    first = run_tap(sandbox, "annotations")
    assert len(sandbox.requests_to("/data/v1/annotations")) == 3  # one for each page
    dates = [record["date"] for record in first.records("annotations")]
    assert dates == [tap_time(NOW - number * 6 * HOUR) for number in range(250, 0, -1)]
    reached = bookmark(first.states[-1], "annotations")
    assert tap_time(NOW - 91 * DAY) <= str(reached) <= tap_time(NOW - 90 * DAY + HOUR)


def test_a_note_in_the_future_is_left_out(world: ExplicitWorld, sandbox: Sandbox) -> None:
    notes = [note(1, NOW - HOUR), note(2, NOW + 30 * DAY)]
    body = {"data": notes, "total_row_count": 2}
    sandbox.faults.add("/data/v1/annotations", times=None, action=Answer(200, body))
    output = run_tap(sandbox, "annotations")
    assert [record["id"] for record in output.records("annotations")] == ["note-001"]
    assert str(bookmark(output.states[-1], "annotations")) < tap_time(NOW)


def test_annotations_with_short_pages(world: ExplicitWorld, sandbox: Sandbox) -> None:
    sandbox.options.page_cap = 7
    world.tables["annotations"] = [note(number, NOW - number * HOUR) for number in range(1, 50)]
    records = run_tap(sandbox, "annotations").records("annotations")
    assert len({record["id"] for record in records}) == len(records) == 49


def test_a_note_for_the_past_is_found_in_a_later_run(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    state = run_tap(sandbox, "annotations").states[-1]
    sandbox.requests.clear()
    world.tables["annotations"] = [note(1, NOW - 30 * DAY)]
    second = run_tap(sandbox, "annotations", state=state)
    assert [record["id"] for record in second.records("annotations")] == ["note-001"]
    assert len(sandbox.requests_to("/data/v1/annotations")) == 1
    # Also where newer notes have been read.
    world.tables["annotations"].append(note(2, NOW - 40 * DAY))
    third = run_tap(sandbox, "annotations", state=second.states[-1])
    assert {record["id"] for record in third.records("annotations")} == {"note-001", "note-002"}
