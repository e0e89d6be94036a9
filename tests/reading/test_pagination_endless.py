"""Lists without an end, or with a cursor that is no text, fail."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.api.workers import WorkerPool
from tap_mux.reading import pagination
from tap_mux.reading.pagination import Paginator
from tests.support.client import client_of, lists_of
from tests.support.lists import ASSETS, FAST, PATH, asks_for
from tests.support.records import NOW, asset

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Sandbox
    from mux_sandbox.request_log import RequestRecord


def test_an_endless_list(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(100)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    with pytest.raises(MuxError, match=r"gave the same page \d times, so its list has no end"):
        read()


@pytest.mark.parametrize("count", [2, 250, 251, 1000])
def test_a_list_whose_page_number_is_ignored_is_not_taken_for_whole(
    sandbox: Sandbox, read: Callable[[], list[int]], count: int
) -> None:
    body = {"data": [{"id": number} for number in range(250)], "total_row_count": count}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    if count <= 250:
        assert read() == list(range(250))
        return
    with pytest.raises(MuxError, match=r"gave the same page \d times, so its list has no end"):
        read()


def test_a_short_page_that_is_given_for_each_number_is_not_taken_for_the_whole_list(
    sandbox: Sandbox, read: Callable[[], list[int]]
) -> None:
    body = {"data": [{"id": number} for number in range(50)], "total_row_count": 120}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    with pytest.raises(MuxError, match=r"gave the same page \d times, so its list has no end"):
        read()


def test_a_page_that_is_given_for_another_one_fails_where_no_count_shows_it(
    sandbox: Sandbox, read: Callable[[], list[int]]
) -> None:
    for number, start in enumerate([0, 0, 200], 1):
        page = [{"id": each} for each in range(start, start + 100)]
        answer = Answer(200, {"data": page}, FAST)
        sandbox.faults.add(asks_for(number, PATH), times=None, action=answer)
    sandbox.faults.add(PATH, times=None, action=Answer(200, {"data": []}, FAST))
    with pytest.raises(MuxError, match="gave the same page 2 times, so its list has no end"):
        read()


@pytest.mark.parametrize("size", [1, 100])
def test_a_list_that_moves_on_by_a_page_while_it_is_read_has_an_end(
    sandbox: Sandbox, read: Callable[[], list[int]], size: int
) -> None:
    ids = list(range(3 * size))
    for number, start in enumerate([0, 0, size, 2 * size], 1):  # a page of new ones came first
        page = [{"id": each} for each in ids[start : start + size]]
        answer = Answer(200, {"data": page, "total_row_count": 4 * size}, FAST)
        sandbox.faults.add(asks_for(number, PATH), times=None, action=answer)
    sandbox.faults.add(PATH, times=None, action=Answer(200, {"data": []}, FAST))
    assert sorted(set(read())) == ids


@pytest.mark.parametrize("way", ["by_cursor", "by_page", "page_after_page"])
@pytest.mark.parametrize("pages", [[[]], [[1, 2]], [[1, 2], [3, 4], [4, 5]]])
def test_ever_new_cursors_and_counts_without_new_records_fail(
    sandbox: Sandbox, way: str, pages: list[list[int]]
) -> None:
    body: dict[str, Any] = {}
    asked = itertools.count()

    def changes(request: RequestRecord) -> bool:
        number = next(asked)
        page = [{"id": one, "n": number} for one in pages[number % len(pages)]]
        body.update(data=page, next_cursor=f"cursor-{number}", total_row_count=99 + number)
        return request.path == PATH

    sandbox.faults.add(changes, times=None, action=Answer(200, body, FAST))
    paginator = Paginator(client_of(sandbox), WorkerPool(1))
    if pages == [[]] and way != "by_cursor":
        assert len(list(getattr(paginator, way)(PATH, {}))) == 1  # an empty page is the last one
        return
    with pytest.raises(MuxError, match="gave 10 pages without a new record"):
        list(getattr(paginator, way)(PATH, {}))
    assert len(sandbox.requests) < 30


def test_an_endless_list_fails_where_it_is_longer_than_what_is_remembered(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "MAX_REMEMBERED", 30)
    body: dict[str, Any] = {}
    asked = itertools.count()

    def changes(request: RequestRecord) -> bool:
        number = next(asked)
        body.update(data=[{"id": number % 45, "n": number}], next_cursor=f"cursor-{number}")
        return request.path == PATH

    sandbox.faults.add(changes, times=None, action=Answer(200, body, FAST))
    with pytest.raises(MuxError, match="gave 10 pages without a new record"):
        list(Paginator(client_of(sandbox), WorkerPool(1)).by_cursor(PATH, {}))
    assert len(sandbox.requests) == 45 + 10


@pytest.mark.parametrize("cursor", [5, ["two"], {"a": 1}])
def test_a_cursor_that_is_no_text_is_refused(sandbox: Sandbox, cursor: object) -> None:
    page = {"data": [asset("a", NOW)], "next_cursor": cursor}
    sandbox.faults.add(ASSETS, times=None, action=Answer(200, page, FAST))
    with pytest.raises(MuxError, match="gave a next_cursor that is no text"):
        list(lists_of(sandbox)[0].by_cursor(ASSETS, {}))
