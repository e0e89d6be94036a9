"""Lists whose records move to other pages while they are read."""

from __future__ import annotations

import itertools
import random
from operator import itemgetter
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Delay
from tap_mux.reading.stable import MAX_READINGS
from tests.support.client import lists_of
from tests.support.lists import ASSETS, FAST, PATH, UPLOADS, asks_for
from tests.support.records import NOW, asset, ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox


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

    def test_a_list_is_read_once_if_one_answer_says_that_it_is_all(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        del world.tables["uploads"][60:], world.asset_rows[60:]
        world.tables["webhooks"] = world.tables["uploads"]
        listing, _ = lists_of(sandbox, confirm=True)
        for pages, requests in (
            (listing.by_cursor(ASSETS, {}), [None]),
            (listing.by_page("/system/v1/webhooks", {}), ["1"]),  # Mux counts them
            (listing.by_page(UPLOADS, {}), ["1", "2", "1", "2"]),
        ):
            sandbox.requests.clear()
            assert sum(map(len, pages)) == 60
            assert [request.param("page") for request in sandbox.requests] == requests

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
