"""The page on what one run cannot do: its numbers and its code."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, ROOT, blocks, table, text

PAGE = DOCS / "scale.md"
REQUESTS_PER_SECOND = 4.5
VIEWS_A_PAGE = 100
EXPORTED_ROWS_PER_SECOND = 34_000
WITHOUT_PYARROW = 18_000
DAYS = 30
UNITS = {"M": 10**6, "G": 10**9}


def amount(number: float) -> str:
    """Return a number as the page writes it."""
    for unit, size in reversed(UNITS.items()):
        if number >= size:
            return f"{number / size:g} {unit}"
    return f"{number:,.0f}"


def cell(requests: float, seconds: float) -> str:
    """Return what the page says of so many requests."""
    minutes, hours = seconds / 60, seconds / 3600
    time = f"{hours:,.0f} h" if hours >= 1 else f"{minutes:.{0 if minutes >= 10 else 1}f} min"
    verdict = ": impossible" if hours > DAYS * 24 else ""
    return f"{amount(requests)} requests, {time}{verdict}"


def test_requests_and_hours() -> None:
    rows = table(PAGE, "views a month")
    assert [row[0] for row in rows] == ["1 M", "100 M", "10 G"]
    for name, *cells in rows:
        number, unit = name.split()
        views = int(number) * UNITS[unit]
        pages = views / VIEWS_A_PAGE
        assert cells == [
            cell(pages, pages / REQUESTS_PER_SECOND),
            cell(views, views / REQUESTS_PER_SECOND),
            cell(DAYS * 2, views / EXPORTED_ROWS_PER_SECOND),
        ]


def test_what_follows_from_them() -> None:
    a_month = REQUESTS_PER_SECOND * DAYS * 86_400
    assert f"{a_month * VIEWS_A_PAGE / 10**9:.1f} G views a month by list" in text(PAGE)
    assert f"{a_month / 10**6:.0f} M in full" in text(PAGE)
    past = 100 / DAYS * 100 * 10**6
    hours = past / VIEWS_A_PAGE / REQUESTS_PER_SECOND / 3600
    assert f"past 100 days takes {hours:.0f} hours" in text(PAGE)
    rows = 10 * 10**9 / DAYS
    assert f"{rows / 10**6:.0f} M rows" in text(PAGE)
    assert f"{rows / EXPORTED_ROWS_PER_SECOND / 3600:.1f} hours" in text(PAGE)


def test_rows_a_second_are_about_those_of_the_benchmark() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8")
    (line,) = re.findall(r"^\| rows/s .*", results, re.MULTILINE)
    with_pyarrow, without = (int(each.replace(",", "")) for each in line.split("|")[2:4])
    assert pytest.approx(with_pyarrow, rel=0.3) == EXPORTED_ROWS_PER_SECOND
    assert f"{EXPORTED_ROWS_PER_SECOND:,} a second with pyarrow" in text(PAGE)
    assert pytest.approx(without, rel=0.3) == WITHOUT_PYARROW
    assert f"{WITHOUT_PYARROW:,} without" in text(PAGE)


def test_code_is_python() -> None:
    code = blocks(PAGE, "python")
    assert len(code) == 2
    for block in code:
        compile(block, str(PAGE), "exec")
        for setting in ("START_DATE", "END_DATE", "FAIL_ON_UNAVAILABLE", "MAX_REQUESTS_PER_SECOND"):
            assert f"TAP_MUX_{setting}" in block
