"""Lists: which pages are asked for, how many, and how many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.workers import WorkerPool
from tap_mux.reading.pagination import Paginator
from tests.support.client import client_of, lists_of
from tests.support.lists import ASSETS, PATH, UPLOADS, serve
from tests.support.records import NOW, asset, ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox


def test_no_page_beyond_the_count_is_requested(
    sandbox: Sandbox, read: Callable[[], list[int]]
) -> None:
    records = serve(sandbox, [3], total_row_count=3)
    assert read() == records
    assert len(sandbox.requests_to(PATH)) == 1


def test_every_page_is_asked_for_with_the_query(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(250)]
    paginator = Paginator(client_of(sandbox), WorkerPool(4))
    ways = [paginator.by_cursor, paginator.by_page, paginator.page_after_page]
    for way in ways:
        before = len(sandbox.requests)
        # What pages are made of is not for the query to say.
        assert sum(len(page["data"]) for page in way(ASSETS, {"other": "x", "limit": 7})) == 250
        for request in sandbox.requests[before:]:
            assert (request.param("other"), request.params("limit")) == ("x", ["100"])


def upload_rows(records: int) -> list[Any]:
    """Make records of a list that Mux does not count."""
    return [{"id": f"upload-{number:05}"} for number in range(records)]


@pytest.mark.parametrize("limit", [10, 100])
@pytest.mark.parametrize("pages", [1, 2, 3, 4, 9, 19, 20, 35, 80])
@pytest.mark.parametrize("missing", [0, 1, 9])
def test_few_pages_behind_the_last_one_are_asked_for(
    world: ExplicitWorld, sandbox: Sandbox, limit: int, pages: int, missing: int
) -> None:
    world.tables["uploads"] = upload_rows(limit * pages - missing)
    listing, _ = lists_of(sandbox)
    found = [row["id"] for page in listing.by_page(UPLOADS, {}, limit) for row in page]
    assert found == ids(world.tables["uploads"])
    # One page behind the last one has to be asked for: Mux might have shortened the last one.
    wasted = len(sandbox.requests) - pages - 1
    assert wasted <= max(1, pages // 10)
    assert wasted == 0 or pages > 3 or missing == 0


@pytest.mark.parametrize("sizes", [[100, 100, 40], [100] * 12 + [7], [100, 100]])
def test_no_page_is_asked_for_that_the_count_does_not_need(
    sandbox: Sandbox, sizes: list[int]
) -> None:
    records = serve(sandbox, sizes, total_row_count=sum(sizes))
    listing, _ = lists_of(sandbox)
    assert [row["id"] for page in listing.by_page(PATH, {}) for row in page] == records
    # A full page does not show that a list has ended, whatever Mux counts.
    assert len(sandbox.requests) == len(sizes) + (sizes[-1] == 100)


@pytest.mark.parametrize(("is_counted", "most"), [(True, 4), (False, 2)])
def test_full_pages_are_asked_for_together(
    sandbox: Sandbox, *, is_counted: bool, most: int
) -> None:
    sandbox.options.latency_seconds = 0.03
    records = serve(sandbox, [100] * 8 + [50], total_row_count=850 if is_counted else None)
    pages = list(lists_of(sandbox)[0].by_page(PATH, {}))
    assert [row["id"] for page in pages for row in page] == records
    assert max(request.in_flight for request in sandbox.requests) == most


def test_one_page_at_a_time_where_nothing_may_be_missing(sandbox: Sandbox) -> None:
    sandbox.options.latency_seconds = 0.01
    records = serve(sandbox, [100] * 4 + [50], total_row_count=450)
    pages = list(lists_of(sandbox, confirm=True)[0].by_page(PATH, {}))
    assert [row["id"] for page in pages for row in page] == records
    assert max(request.in_flight for request in sandbox.requests) == 1


def test_long_lists_are_read_by_all_workers(world: ExplicitWorld, sandbox: Sandbox) -> None:
    sandbox.options.latency_seconds = 0.01
    world.tables["uploads"] = upload_rows(4500)
    assert len(list(lists_of(sandbox)[0].by_page(UPLOADS, {}))) >= 45
    assert max(request.in_flight for request in sandbox.requests) == 4
