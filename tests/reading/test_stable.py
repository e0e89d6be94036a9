"""Lists that change while they are read: nothing is missing where a loader deletes the rest."""

from __future__ import annotations

import pytest

from tap_mux.reading.stable import MAX_READINGS
from tests.support.changing import LIMIT, WAYS, ChangingList, read

READINGS = 400


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("most", [LIMIT, 4])
def test_a_list_is_not_taken_for_whole_while_a_record_is_missing(way: str, most: int) -> None:
    found = [read(ChangingList(seed, most), way) for seed in range(READINGS)]
    assert [seed for seed, each in enumerate(found) if each.is_told_whole and each.missing] == []
    assert sum(each.is_told_whole for each in found) > READINGS / 2


class Scripted(ChangingList):
    """A list that changes before chosen requests."""

    def __init__(self, rows: int = 35, changes: dict[int, str] | None = None) -> None:
        """Take names of changes, by the number of the request."""
        super().__init__(0)
        self.rows = [f"old-{number}" for number in range(rows)]
        self.there_all_the_time = set(self.rows)
        self.is_counted = False
        self.changes = {number: names.split() for number, names in (changes or {}).items()}

    def change(self) -> None:
        """Change as planned."""
        for name in self.changes.get(self.requests + 1, ()):
            getattr(self, name)()

    def swap(self) -> None:
        """Let the last record of the first page and the first one of the second change places."""
        self.rows[LIMIT - 1 : LIMIT + 1] = reversed(self.rows[LIMIT - 1 : LIMIT + 1])


@pytest.mark.parametrize("way", WAYS)
class TestReadings:
    """How often a list is read."""

    def readings(self, listed: ChangingList, way: str, requests: int | None = None) -> float:
        """Return how often it was read; infinity if it was not whole in the end."""
        found = read(listed, way)
        assert not found.missing
        # An empty page ends a list with page numbers.
        requests = requests or (4 if way == "cursor" else 5)
        assert found.requests % requests == 0
        return found.requests / requests if found.is_told_whole else float("inf")

    def test_twice_if_nothing_changes(self, way: str) -> None:
        assert self.readings(Scripted(), way) == 2

    def test_until_two_agree_after_a_delete(self, way: str) -> None:
        assert self.readings(Scripted(changes={3: "delete_first"}), way) == 3

    def test_twice_if_records_are_added_between(self, way: str) -> None:
        first = 5 if way == "cursor" else 6
        assert self.readings(Scripted(changes={first: "add_first"}), way) == 2

    def test_twice_if_records_are_added_all_the_time(self, way: str) -> None:
        always = dict.fromkeys((2, 6, 7), "add_first")
        assert self.readings(Scripted(changes=always), way) == 2

    def test_ten_times_if_records_are_replaced_all_the_time(self, way: str) -> None:
        listed = Scripted(changes=dict.fromkeys(range(100), "delete_first add_last"))
        found = read(listed, way)
        assert not found.is_told_whole
        assert found.requests == MAX_READINGS * (4 if way == "cursor" else 5)

    def test_once_if_it_is_one_answer(self, way: str) -> None:
        listed = Scripted(LIMIT - 1)
        listed.is_counted = way != "cursor"
        assert read(listed, way) == (True, set(), 1)

    def test_twice_if_only_a_short_page_shows_the_end(self, way: str) -> None:
        listed = Scripted(LIMIT - 1)
        assert read(listed, way) == (True, set(), 1 if way == "cursor" else 4)

    @pytest.mark.parametrize("is_counted", [True, False])
    def test_what_a_delete_hides_behind_a_page_that_is_shorter_than_asked_for(
        self, way: str, *, is_counted: bool
    ) -> None:
        changes = {2: "delete_first", 3: "add_first", 4: "delete_first"}
        listed = Scripted(LIMIT // 2 + 1, changes)
        listed.most = LIMIT // 2
        listed.is_counted = is_counted
        found = read(listed, way)
        assert found.is_told_whole
        assert not found.missing

    def test_twice_if_it_is_empty(self, way: str) -> None:
        assert read(Scripted(0), way) == (True, set(), 2)

    def test_twice_if_mux_counts_more_than_one_short_page(self, way: str) -> None:
        listed = Scripted(0)
        listed.is_counted, listed.uncounted = True, 35
        assert read(listed, way) == (False, set(), 2)

    def test_an_order_that_changes_shows_nothing(self, way: str) -> None:
        listed = Scripted(changes=dict.fromkeys(range(100), "shuffle"))
        found = read(listed, way)
        assert not found.is_told_whole

    def test_what_a_delete_hides_behind_the_last_page(self, way: str) -> None:
        listed = Scripted(LIMIT + 1, {2: "delete_first", 3: "add_first", 4: "delete_first"})
        found = read(listed, way)
        assert found.is_told_whole
        assert not found.missing

    def test_what_a_record_hides_that_comes_and_goes_in_two_readings(self, way: str) -> None:
        page = 2 if way == "cursor" else 3
        blinks = {2: "add_first", 3: "delete_first"}
        blinks |= {page + 4: "add_first", page + 5: "delete_first"}
        listed = Scripted(changes=blinks)
        assert self.readings(listed, way) > 2

    def test_again_if_the_second_reading_finds_more(self, way: str) -> None:
        listed = Scripted(LIMIT + 5, {2: "swap"})
        assert self.readings(listed, way, 2 if way == "cursor" else 3) == 3
