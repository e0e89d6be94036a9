"""Lists: all records are read, whatever the page sizes, and with few requests."""

from __future__ import annotations

import itertools
import random
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Delay
from tap_mux.api.errors import MuxError
from tap_mux.api.workers import WorkerPool
from tap_mux.reading import pagination
from tap_mux.reading.pagination import Paginator
from tap_mux.reading.stable import MAX_READINGS
from tests.support.client import client_of, lists_of
from tests.support.records import NOW, asset

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

PATH = "/system/v1/webhooks"
UPLOADS = "/video/v1/uploads"
ASSETS = "/video/v1/assets"
FAST = {"X-RateLimit-Limit": "10000", "X-RateLimit-Remaining": "10000"}
MISSING = Answer(404, {"error": {"type": "not_found"}}, FAST)


def serve(sandbox: Sandbox, sizes: list[int], **envelope: Any) -> list[int]:
    """Serve a list with pages of these sizes; return all its records."""

    def is_page(number: int) -> Callable[[RequestRecord], bool]:
        return lambda request: request.param("page") == str(number)

    records = list(range(sum(sizes)))
    rest = iter(records)
    for number, size in enumerate(sizes, 1):
        page = [{"id": next(rest)} for _ in range(size)]
        answer = Answer(200, {"data": page, **envelope}, FAST)
        sandbox.faults.add(is_page(number), times=None, action=answer)
    sandbox.faults.add(PATH, times=None, action=Answer(200, {"data": [], **envelope}, FAST))
    return records


@pytest.fixture(params=["by_page", "page_after_page"])
def read(request: pytest.FixtureRequest, sandbox: Sandbox) -> Callable[[], list[int]]:
    """Both ways to read a list: several pages at a time, or one after the other."""
    listing, complaints = lists_of(sandbox)

    def read() -> list[int]:
        if request.param == "by_page":
            pages = list(listing.by_page(PATH, {}))
        else:
            key = itemgetter("id")
            pages = [page["data"] for page in listing.page_after_page(PATH, {}, key)]
        assert not complaints
        return [record["id"] for page in pages for record in page]

    return read


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


def test_no_page_beyond_the_count_is_requested(
    sandbox: Sandbox, read: Callable[[], list[int]]
) -> None:
    records = serve(sandbox, [3], total_row_count=3)
    assert read() == records
    assert len(sandbox.requests_to(PATH)) == 1


def test_a_list_without_pages(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(250)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    assert read() == list(range(250))


def test_an_endless_list(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(100)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    with pytest.raises(MuxError, match="gave the same page twice, so its list has no end"):
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
    with pytest.raises(MuxError, match="gave the same page twice, so its list has no end"):
        read()


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


def asks_for(page: int, path: str) -> Callable[[RequestRecord], bool]:
    """Match the request for a page."""
    return lambda request: request.path == path and request.param("page") == str(page)


class TestShift:
    """Lists whose records move to other pages while they are read."""

    @pytest.fixture(autouse=True)
    def _fill(self, world: ExplicitWorld) -> None:
        world.tables["uploads"] = [{"id": f"upload-{number:03}"} for number in range(550)]
        world.tables["webhooks"] = [{"id": f"webhook-{number:03}"} for number in range(350)]
        world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(350)]

    def test_a_record_added_while_pages_are_requested_in_parallel(
        self, world: ExplicitWorld, sandbox: Sandbox, waits: list[float]
    ) -> None:
        listing, complaints = lists_of(sandbox)
        listed = ids(world.tables["uploads"])
        sandbox.faults.add(asks_for(3, UPLOADS), action=Delay(0.3))
        sandbox.faults.add(
            asks_for(3, UPLOADS), action=lambda _: world.tables["uploads"].insert(0, {"id": "new"})
        )
        found = [row["id"] for page in listing.by_page(UPLOADS, {}) for row in page]
        assert found == listed
        assert world.tables["uploads"][0] == {"id": "new"}
        assert complaints == []

    @pytest.mark.parametrize("page", [2, 3, 4])
    def test_a_deleted_record_changes_the_count(
        self, world: ExplicitWorld, sandbox: Sandbox, read: Callable[[], list[str]], page: int
    ) -> None:
        sandbox.faults.add(asks_for(page, PATH), action=lambda _: world.tables["webhooks"].pop(7))
        found = read()
        assert len(world.tables["webhooks"]) == 349
        assert set(found) >= set(ids(world.tables["webhooks"]))
        assert len(found) == len(set(found)) <= 350

    @pytest.mark.parametrize("path", [UPLOADS, PATH])
    def test_a_record_that_moves_to_the_only_remaining_page(
        self, world: ExplicitWorld, sandbox: Sandbox, path: str
    ) -> None:
        listing, complaints = lists_of(sandbox, confirm=True)
        rows = world.tables[path.rpartition("/")[2]]
        del rows[101:]
        sandbox.faults.add(asks_for(2, path), action=lambda _: rows.pop(7))
        found = [row["id"] for page in listing.by_page(path, {}) for row in page]
        assert len(rows) == 100
        assert set(ids(rows)) <= set(found)
        assert len(found) == 101
        assert complaints == []

    def test_a_record_that_is_listed_twice(self, sandbox: Sandbox) -> None:
        listing, complaints = lists_of(sandbox)
        rows = [{"id": number} for number in range(150)]
        for page, batch in enumerate([rows[:100], [*rows[100:], rows[3]], []], 1):
            body = {"data": batch, "total_row_count": 151}
            sandbox.faults.add(asks_for(page, PATH), times=None, action=Answer(200, body, FAST))
        found = [row["id"] for page in listing.by_page(PATH, {}) for row in page]
        assert found == list(range(150))
        assert complaints == []
        assert len(sandbox.requests) <= 3 * (2 + 4)

    def test_one_full_page_takes_two_requests(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        del world.tables["webhooks"][100:]
        assert len(list(lists_of(sandbox)[0].by_page(PATH, {}))) == 1
        assert len(sandbox.requests) == 2

    def test_a_second_reading_finds_the_record_that_a_delete_hid(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        listing, complaints = lists_of(sandbox, confirm=True)
        sandbox.faults.add(
            lambda request: request.param("cursor") is not None,
            action=lambda _: world.asset_rows.pop(7),
        )
        found = [row["id"] for page in listing.by_cursor(ASSETS, {}) for row in page]
        assert len(world.asset_rows) == 349
        assert set(found) == set(ids(world.asset_rows)) | {"asset-007"}
        assert len(found) == 350
        assert len(sandbox.requests) == 3 * 4
        assert complaints == []

    def test_new_records_between_readings_need_no_third_one(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        listing, complaints = lists_of(sandbox, confirm=True)
        rows = world.tables["uploads"]
        listed = ids(rows)

        def insert(_: object) -> None:
            rows[:0] = [{"id": f"new-{number}"} for number in range(3)]

        is_first = asks_for(1, UPLOADS)
        asked = itertools.count(1)
        sandbox.faults.add(lambda request: is_first(request) and next(asked) == 2, action=insert)
        found = [row["id"] for page in listing.by_page(UPLOADS, {}) for row in page]
        assert found == [*listed, "new-0", "new-1", "new-2"]
        assert len(sandbox.requests) == 2 * 7
        assert complaints == []

    def test_records_added_all_the_time_need_no_third_reading(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        listing, complaints = lists_of(sandbox, confirm=True)
        numbers = itertools.count()

        def insert(_: object) -> None:
            world.tables["uploads"].insert(0, {"id": f"new-{next(numbers)}"})

        sandbox.faults.add(asks_for(2, UPLOADS), times=None, action=insert)
        listed = ids(world.tables["uploads"])
        found = [row["id"] for page in listing.by_page(UPLOADS, {}) for row in page]
        assert set(listed) <= set(found)
        assert next(numbers) == 2
        assert complaints == []

    def test_a_short_list_is_read_once(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        del world.tables["uploads"][60:], world.asset_rows[60:]
        listing, _ = lists_of(sandbox, confirm=True)
        assert len(list(listing.by_cursor(ASSETS, {}))) == 1
        assert len(list(listing.by_page(UPLOADS, {}))) == 1
        assert [request.param("page") for request in sandbox.requests] == [None, "1", "2"]

    @pytest.mark.parametrize("is_counted", [True, False])
    def test_records_in_another_order_in_each_answer(
        self, sandbox: Sandbox, *, is_counted: bool
    ) -> None:
        listing, complaints = lists_of(sandbox)
        order = random.Random(3)
        rows = [{"id": number} for number in range(450)]
        count = 450 if is_counted else None
        for page in [1, 2, 3, 4, 5, 6] * MAX_READINGS:
            order.shuffle(rows)
            body = {"data": rows[100 * page - 100 : 100 * page], "total_row_count": count}
            sandbox.faults.add(asks_for(page, PATH), action=Answer(200, body, FAST))
        found = [
            row["id"]
            for page in listing.page_after_page(PATH, {}, itemgetter("id"))
            for row in page["data"]
        ]
        assert sorted(found) == list(range(450))
        assert complaints == []


def ids(rows: list[Any]) -> list[str]:
    """Return the IDs of rows."""
    return [row["id"] for row in rows]


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


@pytest.mark.parametrize("cursor", [5, ["two"], {"a": 1}])
def test_a_cursor_that_is_no_text_is_refused(sandbox: Sandbox, cursor: object) -> None:
    page = {"data": [asset("a", NOW)], "next_cursor": cursor}
    sandbox.faults.add(ASSETS, times=None, action=Answer(200, page, FAST))
    with pytest.raises(MuxError, match="gave a next_cursor that is no text"):
        list(lists_of(sandbox)[0].by_cursor(ASSETS, {}))


def test_a_short_first_page_does_not_make_a_list_stable(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    listing, told = lists_of(sandbox, confirm=True)
    sandbox.options.page_cap = 50
    world.tables["uploads"] = [{"id": f"upload-{number:03}"} for number in range(120)]
    sandbox.faults.add(asks_for(2, UPLOADS), action=lambda _: world.tables["uploads"].pop(7))
    found = [row["id"] for page in listing.by_page(UPLOADS, {}) for row in page]
    assert set(ids(world.tables["uploads"])) <= set(found)
    assert told == []


def test_ties_are_looked_for_until_two_readings_agree(sandbox: Sandbox) -> None:
    listing, told = lists_of(sandbox)
    hidden = [["a", "b"], ["a", "c"], []]
    shown = [["a", "b"], ["c", "d"], []]
    for names in [*hidden, *hidden, *shown, *shown]:
        rows = [{"id": name} for name in names]
        sandbox.faults.add(PATH, action=Answer(200, {"data": rows}, FAST))
    pages = listing.page_after_page(PATH, {}, itemgetter("id"), limit=2)
    assert [row["id"] for page in pages for row in page["data"]] == ["a", "b", "c", "d"]
    assert len(sandbox.requests) == 3 * 3
    assert told == []


def test_a_full_page_of_a_smaller_limit_does_not_make_a_list_stable(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    listing, told = lists_of(sandbox, confirm=True)
    rows = world.tables["uploads"] = [{"id": f"upload-{number:03}"} for number in range(51)]
    sandbox.faults.add(asks_for(2, UPLOADS), action=lambda _: rows.pop(7))
    found = [row["id"] for page in listing.by_page(UPLOADS, {}, 50) for row in page]
    assert len(found) == 51
    assert told == []
