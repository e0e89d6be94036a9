"""Lists by page number: whatever sizes pages have, none is missed and none asked for in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.errors import MuxError
from tap_mux.fetching import Fetcher
from tap_mux.listings import by_page, page_after_page
from tests.test_client import client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Sandbox
    from mux_sandbox.request_log import RequestRecord

PATH = "/system/v1/webhooks"
FAST = {"X-RateLimit-Limit": "10000", "X-RateLimit-Remaining": "10000"}


def serve(sandbox: Sandbox, sizes: list[int], **envelope: Any) -> list[int]:
    """Let a list have pages of these sizes, and nothing after them; give all its records."""

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


@pytest.fixture(params=[by_page, page_after_page])
def read(request: pytest.FixtureRequest, sandbox: Sandbox) -> Callable[[], list[int]]:
    """Both ways to read such a list: several pages at a time, or one after the other."""
    client = client_of(sandbox)

    def read() -> list[int]:
        if request.param is by_page:
            pages = list(by_page(client, Fetcher(4), PATH, {}))
        else:
            pages = [page["data"] for page in page_after_page(client, PATH, {})]
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
    assert len(sandbox.requests_to(PATH)) <= len(sizes) + 4


@pytest.mark.parametrize("sizes", [[100, 60, 100, 40], [3, 100, 2], [1, 2, 3], [50, 49, 48]])
def test_short_pages_in_the_middle_where_mux_counts(
    sandbox: Sandbox, read: Callable[[], list[int]], sizes: list[int]
) -> None:
    records = serve(sandbox, sizes, total_row_count=sum(sizes))
    assert read() == records


def test_nothing_is_asked_for_behind_what_mux_counts(
    sandbox: Sandbox, read: Callable[[], list[int]]
) -> None:
    records = serve(sandbox, [3], total_row_count=3)
    assert read() == records
    assert len(sandbox.requests_to(PATH)) == 1


def test_a_list_without_pages(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(250)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    assert read() == list(range(250))


def test_a_list_without_end(sandbox: Sandbox, read: Callable[[], list[int]]) -> None:
    body = {"data": [{"id": number} for number in range(100)]}
    sandbox.faults.add(PATH, times=None, action=Answer(200, body, FAST))
    with pytest.raises(MuxError, match="gave the same page twice, so its list has no end"):
        read()
