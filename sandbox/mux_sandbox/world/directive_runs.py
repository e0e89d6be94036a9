"""A generated run of a directive on an asset, and the jobs that it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.directives import bindings_of, sources_of
from mux_sandbox.world.robot_jobs import KEPT_SECONDS, Job, make_job, suits

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_QUEUED_SECONDS = 5
_DISPATCHING_SECONDS = 10


class Run(NamedTuple):
    """One run."""

    asked: Row
    before: list[Row]
    """The states of its bindings before dispatch."""
    nodes: list[Row]
    jobs: list[Job]
    started: int

    def at(self, now: float) -> tuple[Row | None, float]:
        """Give the record at a time, if any, and until when it is valid."""
        if now < self.started:
            return None, self.started
        if now >= self.started + KEPT_SECONDS:
            return None, float("inf")
        return self._there_at(now)

    def _there_at(self, now: float) -> tuple[Row, float]:
        gone = self.started + KEPT_SECONDS
        dispatching = self.started + _QUEUED_SECONDS
        running = dispatching + _DISPATCHING_SECONDS
        if now < dispatching:
            return self._row("pending", self.before), dispatching
        if now < running:
            return self._row("dispatching", self.before), running
        if any(node["status"].startswith("waiting") for node in self.nodes):
            return self._row("waiting", self.nodes), gone
        ended = max((job.ended for job in self.jobs), default=running)
        if now < ended:
            return self._row("running", self.nodes), ended
        return self._row(self._result(), self.nodes) | {"completed_at": ended}, gone

    def _row(self, status: str, nodes: list[Row]) -> Row:
        return self.asked | {"status": status, "node_states": nodes, "completed_at": None}

    def _result(self) -> str:
        if not self.jobs:
            return "errored"
        done = all(job.outcome["status"] == "completed" for job in self.jobs)
        return "completed" if done and len(self.jobs) == len(self.nodes) else "partial"


def make_run(seed: int, directive: str, number: int, asset: Row, started: int) -> Run:
    """Run the `number`-th directive on an asset."""
    dice = Dice(seed, "directive run", directive, asset["id"], started)
    run_id = f"drvrun_{dice.identifier(32)}"
    asked = {
        "run_id": run_id,
        "directive_id": directive,
        "subject_id": asset["id"],
        "started_at": started,
    }
    context = {"id": directive, "run_id": run_id}
    stuck, broke = dice.chance(0.12), dice.chance(0.06)
    run = Run(asked, [], [], [], started)
    dispatch = started + _QUEUED_SECONDS + _DISPATCHING_SECONDS
    for binding in bindings_of(number):
        node = {"reference_id": binding["reference_id"]}
        workflow = {"workflow_name": binding["workflow"]}
        run.before.append(node | {"status": "waiting_for_resources"} | workflow)
        sources = sources_of(number, binding)
        if broke:
            reason = "All units of this month are used up."
            run.nodes.append(node | {"status": "failed", "reason": reason})
        elif stuck and sources:
            waiting = {"status": "waiting_for_source_workflow", "source_workflows": sources}
            run.nodes.append(node | workflow | waiting)
        elif stuck and binding["inputs"]:
            run.nodes.append(run.before[-1])
        elif not suits(binding["workflow"], asset):
            reason = f"The asset has nothing that {binding['workflow']} could work on."
            run.nodes.append(node | {"status": "failed", "reason": reason})
        else:
            key = (run_id, binding["reference_id"])
            settings = binding["params"]
            name = binding["workflow"]
            job = make_job(key, name, settings, asset, dispatch, directive=context)
            run.jobs.append(job)
            run.nodes.append(
                node | {"status": "dispatched"} | workflow | {"job_id": job.asked["id"]}
            )
    return run
