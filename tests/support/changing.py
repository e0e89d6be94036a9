"""A list of Mux that changes while it is read, without HTTP, and what a reading of it finds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tap_mux.api.workers import WorkerPool
from tap_mux.reading.answers import by_field
from tap_mux.reading.pagination import Paginator
from tap_mux.reading.stable import StableLists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mux.api.client import MuxClient

LIMIT = 10
WAYS = ("cursor", "page", "page after page")


class Found(NamedTuple):
    """What came of reading a changing list."""

    is_told_whole: bool
    """Whether a loader would be told to delete what has not come."""

    missing: set[str]
    """Records that were there all the time and have not come."""

    requests: int


class ChangingList:
    """A list that is asked for page by page, and that changes before each answer."""

    def __init__(self, seed: int, most: int = LIMIT) -> None:
        """Choose how long the list is, and how and how often it changes.

        Args:
            seed: Decides all that happens.
            most: How many records a page has at most, whatever it is asked for.
        """
        self.chance = random.Random(seed)
        self.most = most
        rows = self.chance.randrange(65) * most // LIMIT
        self.rows = [f"old-{number}" for number in range(rows)]
        self.there_all_the_time = set(self.rows)
        self.is_counted = self.chance.random() < 0.5
        self.uncounted = 0
        """How many more records Mux counts than it lists."""
        self.requests = 0
        self._rate = self.chance.choice([0.02, 0.1, 0.3, 1, 3]) * most / LIMIT
        ways = [self.add_first, self.add, self.delete, self.delete_first, self.replace]
        self._changes = self.chance.sample(ways, self.chance.randint(1, len(ways)))

    def get(self, _path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Answer as Mux does."""
        self.change()
        self.requests += 1
        start = int(query.get("cursor", 0)) or self.most * (query.get("page", 1) - 1)
        end = start + self.most
        page: dict[str, Any] = {"data": [{"id": row} for row in self.rows[start:end]]}
        if self.is_counted:
            page["total_row_count"] = len(self.rows) + self.uncounted
        if "page" not in query:
            page["next_cursor"] = str(end) if end < len(self.rows) else None
        return page

    def change(self) -> None:
        """Change up to three times, by chance."""
        for _ in range(3):
            if self.chance.random() < self._rate / 3:
                self.chance.choice(self._changes)()

    def add_first(self) -> None:
        """Add the newest record."""
        self.rows.insert(0, f"new-{self.chance.random()}")

    def add(self) -> None:
        """Add a record anywhere."""
        place = self.chance.randint(0, len(self.rows))
        self.rows.insert(place, f"new-{self.chance.random()}")

    def delete(self) -> None:
        """Delete a record."""
        if self.rows:
            self._delete(self.chance.randrange(len(self.rows)))

    def delete_first(self) -> None:
        """Delete the newest record."""
        if self.rows:
            self._delete(0)

    def _delete(self, place: int) -> None:
        self.there_all_the_time.discard(self.rows.pop(place))

    def replace(self) -> None:
        """Delete a record, and add one further down: the count stays the same."""
        self.delete()
        self.add_last()

    def add_last(self) -> None:
        """Add the oldest record."""
        self.rows.append(f"new-{self.chance.random()}")

    def shuffle(self) -> None:
        """List the same records in another order."""
        self.chance.shuffle(self.rows)


def read(listed: ChangingList, way: str) -> Found:
    """Read a list that changes, as with ACTIVATE_VERSION."""
    told: list[str] = []
    lists = StableLists(
        Paginator(cast("MuxClient", listed), WorkerPool(1)), confirm=True, on_incomplete=told.append
    )
    key = by_field("id")
    if way == "cursor":
        pages = lists.by_cursor("/list", {})
    elif way == "page":
        pages = lists.by_page("/list", {}, LIMIT)
    else:
        answers = lists.page_after_page("/list", {}, key, LIMIT)
        pages = (answer["data"] for answer in answers)
    ids = [record["id"] for page in pages for record in page]
    assert len(ids) == len(set(ids))
    return Found(not told, listed.there_all_the_time - set(ids), listed.requests)
