"""Pages and cursors return all records, in order."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import ExplicitWorld, GeneratedWorld
from tests.sandbox.api import ASSETS, DAY, NOW, VIEWS, explicit, ids, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Row
    from tests.sandbox.api import Api


def test_pages_hold_everything_once(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    window = [NOW - 2 * DAY, NOW]
    pages = list(api.pages(VIEWS, timeframe__=window, limit=30))
    total = api.body(VIEWS, timeframe__=window)["total_row_count"]
    assert {len(page) for page in pages[:-1]} == {30}
    rows = [row for page in pages for row in page]
    assert len(rows) == len(set(ids(rows))) == total
    assert {row["total_row_count"] for row in rows} == {total}


@pytest.mark.parametrize(
    ("asked", "got"), [(None, 25), (1, 1), (100, 100), (101, 100), (5000, 100)]
)
@pytest.mark.parametrize("path", [ASSETS, VIEWS])
def test_limit(serve: Callable[..., Api], path: str, asked: int | None, got: int) -> None:
    api = serve(explicit(views=130, assets=130))
    assert len(api.data(path, limit=asked)) == got


def test_order(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=7, assets=7))
    up = [f"v{n}" for n in range(7)]
    assert ids(api.data(VIEWS)) == up[::-1]
    assert ids(api.data(VIEWS, order_direction="desc")) == up[::-1]
    assert ids(api.data(VIEWS, order_direction="asc")) == up
    assert ids(api.data(ASSETS)) == [f"a{n}" for n in range(7)][::-1]


def test_times_with_a_fraction_are_in_order(serve: Callable[..., Api]) -> None:
    stem = iso(NOW - 60).removesuffix("Z")
    rows = [{"id": text, "view_end": stem + text} for text in (".5Z", "Z", ".25Z")]
    api = serve(ExplicitWorld(views=rows))
    assert ids(api.data(VIEWS, order_direction="asc")) == ["Z", ".25Z", ".5Z"]


def test_page_cap(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=25), page_cap=10)
    pages = list(api.pages(VIEWS, limit=100))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({row["id"] for page in pages for row in page}) == 25


def walk(api: Api, **params: Any) -> list[Row]:
    rows = []
    cursor = None
    while True:
        body = api.body(ASSETS, cursor=cursor, **params)
        rows += body["data"]
        cursor = body["next_cursor"]
        if cursor is None:
            return rows


def test_cursor(serve: Callable[..., Api]) -> None:
    world = explicit(assets=20)
    api = serve(world)
    everything = [f"a{n}" for n in range(20)][::-1]
    for limit in (1, 7, 10, 20, 30):
        assert ids(walk(api, limit=limit)) == everything
    cursor = api.body(ASSETS, limit=10)["next_cursor"]
    world.asset_rows.append({"id": "new", "created_at": str(NOW)})
    shifted = api.data(ASSETS, limit=10, cursor=cursor)
    assert ids(shifted)[0] == "a10"  # it was on the first page, too


@pytest.mark.parametrize("cursor", ["", "nonsense", "é", base64.b64encode(b"after:x").decode()])
def test_bad_cursor(serve: Callable[..., Api], cursor: str) -> None:
    assert serve(explicit()).refused(ASSETS, cursor=cursor) == (400, "invalid_parameters")
