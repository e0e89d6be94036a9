"""Lists: all records are read, whatever the page sizes and whatever the count says."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.api.workers import WorkerPool
from tap_mux.reading.pagination import Paginator
from tests.support.client import client_of, lists_of
from tests.support.lists import FAST, PATH, asks_for, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Sandbox

MISSING = Answer(404, {"error": {"type": "not_found"}}, FAST)


@pytest.mark.parametrize("count", [None, 0, 5, 240, 300, 1000, "300", "many", -1])
@pytest.mark.parametrize(
    "sizes", [[], [3], [100], [100, 40], [100, 100, 40], [7, 7, 6], [7, 7], [1], [250, 50]]
)
def test_all_pages_whatever_the_count_says(
    sandbox: Sandbox, read: Callable[[], list[int]], sizes: list[int], count: object
) -> None:
    records = serve(sandbox, sizes, total_row_count=count)
    assert read() == records
    # If the count is higher than the records found, the list is read a second time,
    # unless it is one short page.
    is_short = [size for size in sizes if size < 100] == sizes[:1] == sizes
    is_reached = not str(count).isdecimal() or int(str(count)) <= len(records)
    readings = 1 if not sizes or is_short or is_reached else 2
    assert len(sandbox.requests_to(PATH)) <= readings * (len(sizes) + 4)


@pytest.mark.parametrize("sizes", [[100, 60, 100, 40], [3, 100, 2], [1, 2, 3], [50, 49, 48]])
@pytest.mark.parametrize("is_counted", [True, False])
def test_short_pages_in_the_middle(
    sandbox: Sandbox, read: Callable[[], list[int]], sizes: list[int], *, is_counted: bool
) -> None:
    records = serve(sandbox, sizes, total_row_count=sum(sizes) if is_counted else None)
    assert read() == records


@pytest.mark.parametrize("sizes", [[3], [100, 40]])
def test_404_after_the_last_page_is_the_end(
    sandbox: Sandbox, read: Callable[[], list[int]], sizes: list[int]
) -> None:
    sandbox.faults.add(
        lambda request: int(request.param("page") or 1) > len(sizes), times=None, action=MISSING
    )
    records = serve(sandbox, sizes)
    assert read() == records


def test_404_in_the_middle_fails(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    sandbox.faults.add(lambda request: request.param("page") == "3", times=None, action=MISSING)
    serve(sandbox, [100, 100])
    with pytest.raises(MuxError, match="404"):
        read()


def test_a_list_without_pages(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(250)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    assert read() == list(range(250))


@pytest.mark.parametrize("sizes", [[100], [100, 100]])
def test_no_such_page_is_the_end_behind_all_that_mux_counts(
    sandbox: Sandbox, read: Callable[[], list[int]], sizes: list[int]
) -> None:
    sandbox.faults.add(asks_for(len(sizes) + 1, PATH), times=None, action=MISSING)
    records = serve(sandbox, sizes, total_row_count=sum(sizes))
    assert read() == records


@pytest.mark.parametrize("status", [400, 403, 412])
def test_another_refusal_behind_a_short_page_is_not_the_end(
    sandbox: Sandbox, read: Callable[[], list[int]], status: int
) -> None:
    sandbox.faults.add(asks_for(2, PATH), times=None, action=Answer(status, b"", FAST))
    serve(sandbox, [3])
    with pytest.raises(MuxError, match=f"answered {status}"):
        read()


def test_no_such_list_is_not_an_empty_one(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    sandbox.faults.add(PATH, times=None, action=MISSING)
    with pytest.raises(MuxError, match="answered 404"):
        read()


@pytest.mark.parametrize("way", ["by_page", "page_after_page"])
def test_the_envelope_of_an_empty_list_is_given(sandbox: Sandbox, way: str) -> None:
    serve(sandbox, [], meta={"aggregation": "median"})
    empty = {"data": [], "meta": {"aggregation": "median"}}
    paginator = Paginator(client_of(sandbox), WorkerPool(4))
    assert list(getattr(paginator, way)(PATH, {})) == [empty]
    listing, _ = lists_of(sandbox)
    assert list(listing.page_after_page(PATH, {}, itemgetter("id"))) == [empty]
