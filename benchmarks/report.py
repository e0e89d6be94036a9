"""The results as Markdown."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from benchmarks.comparing import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.outcome import Goal, Outcome, Row

_HEAD = """\
# Results of the benchmarks

Written by `uv run --group bench python -m benchmarks`. [README.md](README.md) describes what is
compared and how it is measured.
"""


def render(
    outcomes: Sequence[Outcome], machine: Iterable[tuple[str, str]], *, runs: int, ceiling: str
) -> str:
    """Write the report.

    Args:
        outcomes: The results of the cases.
        machine: Facts about the machine and the software.
        runs: Number of runs of each contestant.
        ceiling: How many requests the server can answer.
    """
    facts = [
        *machine,
        ("Figures", f"medians of {runs} runs, minimum and maximum in brackets"),
        ("Server", ceiling),
    ]
    goals = [
        [outcome.title, goal.text, _number(goal.value, goal.digits), _limit(goal), goal.verdict]
        for outcome in outcomes
        for goal in outcome.goals
    ]
    parts = [
        _HEAD,
        _table(["", ""], facts),
        "## Goals\n",
        _table(["case", "this tap", "figure", "at most", "reached"], goals),
        *chain.from_iterable(map(_section, outcomes)),
    ]
    return "\n".join(parts)


def _section(outcome: Outcome) -> list[str]:
    names = list(dict.fromkeys(name for row in outcome.rows for name in row.figures))
    lines = [[row.measure, *(_cell(row, name) for name in names)] for row in outcome.rows]
    note = [f"{outcome.note}\n"] if outcome.note else []
    return [f"## {outcome.title}\n", _table(["", *names], lines), *note]


def _cell(row: Row, name: str) -> str:
    figure = row.figures.get(name)
    if figure is None:
        return ""
    if not isinstance(figure, Figure):
        return _number(figure, row.digits)
    median, low, high = (_number(value, row.digits) for value in figure)
    return median if low == high else f"{median} ({low} to {high})"


def _limit(goal: Goal) -> str:
    limit, aim, digits = goal.limit, goal.aim, goal.digits
    return _number(limit, digits) + (f" (aim {_number(aim, digits)})" if aim else "")


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = line(["-" * width for width in widths])
    return "\n".join([line(head), rule, *map(line, lines), ""])
