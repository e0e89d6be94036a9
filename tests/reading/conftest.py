"""Fixture: both ways to read a list that has page numbers."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import pytest

from tests.support.client import lists_of
from tests.support.lists import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Sandbox


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
