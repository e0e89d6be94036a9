"""Generated robot jobs and directive runs, made day by day on demand."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.directive_runs import Run, make_run
from mux_sandbox.world.identities import DIRECTIVES, directive_id
from mux_sandbox.world.robot_jobs import Job, make_job, suits
from mux_sandbox.world.robot_workflows import DETAILED, PLAIN, WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.world.assets import Assets
    from mux_sandbox.world.interface import Row

_DAY = 86_400
_KEPT_DAYS = 30
_SUBJECT_DAYS = 25
"""Robots work on assets of so many days."""


class _Day(NamedTuple):
    jobs: list[Job]
    runs: list[Run]


class Robots:
    """The jobs and runs of a world."""

    def __init__(self, seed: int, assets: Assets) -> None:
        """Keep the assets."""
        self._seed = seed
        self._assets = assets
        self._on = lru_cache(maxsize=128)(self._make_day)

    def jobs(self, now: float) -> tuple[list[Row], float]:
        """Give all jobs in full, newest first, and until when they are valid."""
        return _visible(now, lambda day: self._on(day).jobs, "created_at")

    def runs(self, now: float) -> tuple[list[Row], float]:
        """Give all runs of all directives, newest first, and until when they are valid."""
        return _visible(now, lambda day: self._on(day).runs, "started_at")

    def _make_day(self, day: int) -> _Day:
        dice = Dice(self._seed, "robots", day)
        subjects = self._subjects(day)
        made = _Day([], [])
        for workflow in WORKFLOWS:
            suitable = [asset for asset in subjects if suits(workflow, asset)]
            settings = dice.pick((DETAILED, PLAIN))[workflow]
            created = day * _DAY + dice.between(0, _DAY - 1)
            if suitable:
                key = (self._seed, day, workflow)
                made.jobs.append(make_job(key, workflow, settings, dice.pick(suitable), created))
        for number in range(1, DIRECTIVES + 1):
            started = day * _DAY + dice.between(0, _DAY - 1)
            if subjects:
                self._run(made, number, dice.pick(subjects), started)
        for asset in self._assets.born_on(day):
            for applied in asset.finished.get("directives", []):
                numbers = range(1, DIRECTIVES + 1)
                ids = [directive_id(self._seed, number) for number in numbers]
                self._run(made, ids.index(applied["id"]) + 1, asset.finished, asset.done + 3)
        return made

    def _subjects(self, day: int) -> list[Row]:
        """Give the assets that are ready all day."""
        begin = day * _DAY
        return [
            asset.finished
            for born in range(day - _SUBJECT_DAYS, day)
            for asset in self._assets.born_on(born)
            if asset.done < begin and asset.gone > begin + _DAY
            if suits("summarize", asset.finished)
        ]

    def _run(self, made: _Day, number: int, asset: Row, started: int) -> None:
        directive = directive_id(self._seed, number)
        run = make_run(self._seed, directive, number, asset, started)
        made.runs.append(run)
        made.jobs.extend(run.jobs)


def _visible(
    now: float, made_on: Callable[[int], list[Job] | list[Run]], order: str
) -> tuple[list[Row], float]:
    today = int(now // _DAY)
    rows = []
    stays = float((today + 1) * _DAY)
    for day in range(today, today - _KEPT_DAYS - 2, -1):
        for thing in made_on(day):
            row, until = thing.at(now)
            stays = min(stays, until)
            if row is not None:
                rows.append(row)
    return sorted(rows, key=lambda row: int(row[order]), reverse=True), stays
