"""What belongs to each record of a list: in order, and whole but for records that are gone."""

from __future__ import annotations

import threading
from contextlib import closing
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import APIError, NoneAvailableError
from tap_mux.api.workers import WorkerPool, is_cancelled
from tap_mux.reading.children import fetch_children

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Record = dict[str, Any]


def children(statuses: Iterable[int]) -> Iterator[list[Record]]:
    """Read the children of records, for each of which Mux answers with a status."""

    def fetch(parent: Record) -> list[Record]:
        if parent["status"] != 200:
            request = "GET /children"
            raise APIError(request, parent["status"])
        return [{"parent": parent["id"]}] if parent["id"] else []

    parents = ({"id": number, "status": status} for number, status in enumerate(statuses))
    return fetch_children(WorkerPool(3), fetch, parents)


def test_records_that_are_gone_are_left_out() -> None:
    found = list(children([404, 200, 404, 200, 404, 404]))
    assert found == [[{"parent": 1}], [{"parent": 3}]]


def test_a_record_without_children_counts_as_found() -> None:
    assert list(children([200, 404])) == [[]]


def test_no_records_are_no_error() -> None:
    assert list(children([])) == []


def test_where_all_are_gone_the_endpoint_is_not_available() -> None:
    with pytest.raises(NoneAvailableError, match="404"):
        list(children([404, 404]))


@pytest.mark.parametrize("status", [400, 403, 412, 500])
def test_another_error_ends_it_in_its_place(status: int) -> None:
    found = children([200, 200, status, 200])
    assert [next(found), next(found)] == [[], [{"parent": 1}]]
    with pytest.raises(APIError, match=str(status)):
        next(found)


def test_requests_under_way_are_not_wanted_once_it_is_closed() -> None:
    told: Queue[bool] = Queue()
    is_closed, has_begun = threading.Event(), threading.Event()

    def fetch(parent: Record) -> list[Record]:
        if parent["id"]:
            has_begun.set()
            is_closed.wait(5)
            told.put(is_cancelled())
        return [parent]

    parents = ({"id": number} for number in range(2))
    found: Any = fetch_children(WorkerPool(2), fetch, parents)
    with closing(found):
        assert next(found) == [{"id": 0}]
        assert has_begun.wait(5)
    is_closed.set()
    assert told.get(timeout=5)
