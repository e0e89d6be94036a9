"""Jobs and runs of robots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import DAY, DIRECTIVES, JOBS, LIVE, NOW, WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api


def test_jobs_are_listed_in_short_and_read_in_full(generated: Api) -> None:
    rows = generated.all(JOBS)
    created = [row["created_at"] for row in rows]
    assert created == sorted(created, reverse=True)
    assert min(created) > NOW - 30 * DAY
    assert all(isinstance(row[key], int) for row in rows for key in ("created_at", "updated_at"))
    for workflow in WORKFLOWS:
        of_workflow = generated.all(JOBS, workflow=workflow)
        assert of_workflow == [row for row in rows if row["workflow"] == workflow] != []
        brief = of_workflow[0]
        assert brief["_links"]["self"]["href"].endswith(f"{JOBS}/{workflow}/{brief['id']}")
        job = generated.data(f"{JOBS}/{workflow}/{brief['id']}")
        assert {key: job[key] for key in brief if key != "_links"} == {
            key: value for key, value in brief.items() if key != "_links"
        }
        assert brief in generated.all(
            JOBS, asset_id=job["parameters"]["asset_id"], workflow=workflow
        )
        other = WORKFLOWS[WORKFLOWS.index(workflow) - 1]
        assert generated.refused(f"{JOBS}/{other}/{brief['id']}") == (404, "not_found")
    errored = generated.all(JOBS, status="errored")
    assert errored == [row for row in rows if row["status"] == "errored"] != []
    assert generated.body(JOBS, status="errored", limit=1)["total_row_count"] == len(errored)
    for params in ({"status": "done"}, {"workflow": "dance"}, {"limit": "all"}):
        assert generated.refused(JOBS, **params) == (400, "invalid_parameters")


def test_runs_belong_to_a_directive(generated: Api) -> None:
    first, second = generated.data(DIRECTIVES, limit=2)
    body = generated.body(f"{DIRECTIVES}/{first['id']}/runs")
    assert len(body["data"]) == 25 < body["total_row_count"]
    started = [row["started_at"] for row in body["data"]]
    assert started == sorted(started, reverse=True)
    others = generated.all(f"{DIRECTIVES}/{second['id']}/runs")
    assert body["data"][0]["run_id"] not in {row["run_id"] for row in others}


def test_robots_are_not_enabled(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld(), robots_enabled=False)
    for path in (JOBS, DIRECTIVES, f"{JOBS}/summarize/x"):
        assert api.refused(path) == (403, "forbidden")
    assert api.data(LIVE)
