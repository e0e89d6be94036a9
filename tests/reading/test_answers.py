"""Parts of answers: read in every form that Mux sends, and refused in any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.answers import (
    PathError,
    by_field,
    count_of,
    expand_path,
    key_value,
    meta_of,
    objects_of,
    text_of,
    timestamp_of,
    window_of,
)
from tap_mux.reading.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (["one", "two"], "/jobs/one/runs/two"),
        (["a/b?c=d", "#e f"], "/jobs/a%2Fb%3Fc%3Dd/runs/%23e%20f"),
        (["..a", "b..c/...d."], "/jobs/..a/runs/b..c%2F...d."),
        (["//", "%2e%2E"], "/jobs/%2F%2F/runs/%252e%252E"),
        (["{B}", "\\1"], "/jobs/%7BB%7D/runs/%5C1"),
    ],
)
def test_an_id_cannot_change_the_rest_of_a_path(found: list[str], path: str) -> None:
    assert expand_path("/jobs/{A}/runs/{B}", *found) == path


@pytest.mark.parametrize("found", [".", "..", "a/..", "../a", "a/./b", "..\\a", "a/..\\b"])
def test_an_id_that_leads_elsewhere_fills_no_path(found: str) -> None:
    with pytest.raises(PathError) as raised:
        expand_path("/jobs/{A}", found)
    text = f"Mux listed the ID {found!r}, which GET /jobs/{{A}} cannot ask for"
    assert str(raised.value) == text


def test_a_long_id_is_not_quoted_whole() -> None:
    with pytest.raises(PathError) as raised:
        expand_path("/jobs/{A}", "../" + "x" * 999)
    assert len(str(raised.value)) < 150


@pytest.mark.parametrize("found", ["", None, 5, ["a"], {}])
def test_what_is_no_id_fills_no_path(found: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"without the ID that GET /jobs/\{A\} needs"):
        expand_path("/jobs/{A}", found)


@pytest.mark.parametrize(
    ("take", "good"),
    [
        (text_of, {"": "", "text": "text"}),
        (timestamp_of, {5: "1970-01-01T00:00:05.000000Z"}),
    ],
)
@pytest.mark.parametrize("bad", [{}, {"field": None}, {"field": []}, {"field": {}}])
def test_a_value_that_must_be_there(
    take: Callable[[dict[str, Any], str], str], good: dict[Any, str], bad: dict[str, Any]
) -> None:
    for value, taken in good.items():
        assert take({"field": value}, "field") == taken
    with pytest.raises(UnexpectedAnswerError, match="field"):
        take(bad, "field")


def test_a_number_is_no_text() -> None:
    with pytest.raises(UnexpectedAnswerError):
        text_of({"id": 5}, "id")


def test_a_word_is_no_moment() -> None:
    with pytest.raises(UnexpectedAnswerError):
        timestamp_of({"time": "soon"}, "time")


def test_lists_of_objects_and_meta_may_be_absent_or_null() -> None:
    rows = [{"a": 1}, {}]
    assert objects_of({"rows": rows}, "rows") == rows
    assert objects_of({}, "rows") == objects_of({"rows": None}, "rows") == []
    assert meta_of({"meta": {"total": 1}}) == {"total": 1}
    assert meta_of({}) == meta_of({"meta": None}) == {}


@pytest.mark.parametrize("value", ["text", 5, {"a": 1}, [1], [{}, None]])
def test_what_is_no_list_of_objects_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match="rows is no list of objects"):
        objects_of({"rows": value}, "rows")


@pytest.mark.parametrize("value", ["text", 5, [1]])
def test_a_meta_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match="meta is no object"):
        meta_of({"meta": value})


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ({"total_row_count": 7}, 7),
        ({"total_row_count": "7"}, 7),
        ({"total_row_count": 0, "meta": {"total": 7}}, 0),
        ({"total_row_count": None, "meta": {"total": 7}}, 7),
        ({"meta": {"total": "7"}}, 7),
        ({"meta": [7]}, None),
        ({"total_row_count": -7}, None),
        ({"total_row_count": "-7"}, None),
        ({"total_row_count": True}, None),
        ({"total_row_count": 7.0}, None),
        ({}, None),
    ],
)
def test_the_count_of_a_list(page: dict[str, Any], count: int | None) -> None:
    found = count_of(page)
    assert found == count
    assert type(found) is type(count)


def test_the_window_of_an_answer() -> None:
    assert window_of({"timeframe": [5, 7]}) == Window(5, 7)
    for timeframe in (None, [], [5], [5, "7"], [5, 7, 9], {"start": 5}):
        assert window_of({"timeframe": timeframe}) is None
    assert window_of({}) is None


def test_a_field_tells_records_apart() -> None:
    key = by_field("id")
    assert [key({"id": "a"}), key({"id": 5}), key({})] == ["a", 5, None]
    for value in ([1], {"a": 1}):
        with pytest.raises(UnexpectedAnswerError, match="id is no single value"):
            key({"id": value})


def test_a_key_is_never_null_nor_empty() -> None:
    values = [None, "", 0, False, "text"]
    keys = [key_value({"field": value}, "field") for value in values]
    assert keys == ["(not set)", "(empty)", 0, False, "text"]
    assert key_value({}, "field") == "(not set)"
