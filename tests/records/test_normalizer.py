"""The normalizer returns what the SDK's conformance returns, and applies our own rules."""

from __future__ import annotations

import copy
import json
import logging
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_mux import schemas
from tap_mux.records.normalizer import compile_normalizer
from tap_mux.records.timestamps import MisfitError, epoch_seconds, readable, utc_timestamp
from tap_mux.streams import ALL_STREAMS

UNKNOWN = "a_new_field"


def normalized(schema: dict[str, Any], record: dict[str, Any]) -> tuple[Any, list[str], list[str]]:
    """Normalize one record; return it with the unknown and the misfitting paths."""
    unknown: list[str] = []
    misfits: list[str] = []
    normalize = compile_normalizer(
        schema, on_unknown_field=unknown.append, on_misfit=misfits.append
    )
    return normalize(record), unknown, misfits


def one(kind: str | list[str], value: Any, **more: Any) -> Any:
    """Normalize one value of a type; a misfit raises."""
    schema = {"properties": {"field": {"type": kind, **more}}}
    record, _, misfits = normalized(schema, {"field": value})
    if misfits:
        raise MisfitError
    return record["field"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-06-16T18:10:39Z", "2020-06-16T18:10:39.000000Z"),
        ("2018-01-02T03:04:05.940Z", "2018-01-02T03:04:05.940000Z"),
        ("2018-01-02T03:04:05.123456Z", "2018-01-02T03:04:05.123456Z"),
        ("2018-01-02T03:04:05+02:00", "2018-01-02T01:04:05.000000Z"),
        ("2018-01-02 03:04:05", "2018-01-02T03:04:05.000000Z"),
        ("2018-01-02", "2018-01-02T00:00:00.000000Z"),
        ("1592366630", "2020-06-17T04:03:50.000000Z"),
        (1592366630, "2020-06-17T04:03:50.000000Z"),
        (1592366630.5, "2020-06-17T04:03:50.500000Z"),
        ("0", "1970-01-01T00:00:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_timestamps_have_one_form(value: object, expected: str) -> None:
    assert utc_timestamp(value) == expected
    assert one(["string", "null"], value, format="date-time") == expected


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "2020-13-01T00:00:00Z",
        "9" * 30,
        True,
        [],
        {},
        "2020-06-16T25:10:39Z",
        "0000-00-00",
        "0001-01-01T00:00:00+14:00",
        float("inf"),
    ],
)
def test_invalid_timestamps_raise(value: object) -> None:
    with pytest.raises(MisfitError):
        utc_timestamp(value)


@given(st.datetimes(), st.datetimes())
def test_timestamps_sort_as_text(first: Any, second: Any) -> None:
    texts = [utc_timestamp(moment.isoformat()) for moment in (first, second)]
    assert len({len(text) for text in texts}) == 1
    assert (texts[0] < texts[1]) == (first < second)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "1.5", 1.5),
        ("number", "-7", -7),
        ("number", "4", 4),
        ("number", 4, 4),
        ("number", 1e300, 1e300),
        ("number", "nan", None),
        ("number", "", None),
        ("integer", "4", 4),
        ("integer", "4.0", 4),
        ("integer", 4.0, 4),
        ("integer", "", None),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", 0, False),
        ("boolean", 2, True),
        ("boolean", "", None),
        ("string", 7, "7"),
        ("string", True, "true"),
        ("string", {"a": [1]}, '{"a":[1]}'),
        ("string", "", ""),
        ("object", {"any": 1}, {"any": 1}),
        ("array", [1, "b"], [1, "b"]),
        (["string", "integer", "null"], 5, 5),
    ],
)
def test_values_are_converted(kind: Any, value: object, expected: object) -> None:
    result = one(kind, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("number", True),
        ("number", []),
        ("integer", 1.5),
        ("integer", "1.5"),
        ("integer", {}),
        ("boolean", "maybe"),
        ("boolean", []),
        ("object", "text"),
        ("array", "text"),
    ],
)
def test_values_that_do_not_fit_are_reported(kind: str, value: object) -> None:
    with pytest.raises(MisfitError):
        one(kind, value)


@pytest.mark.parametrize("kind", [int, str])
def test_integers_are_those_that_databases_have(kind: type[int | str]) -> None:
    least, greatest = -(2**63), 2**63 - 1
    for value in (least, greatest):
        assert one("integer", kind(value)) == value
    for value in (least - 1, greatest + 1, 10**400):
        with pytest.raises(MisfitError):
            one("integer", kind(value))


def test_an_integer_that_is_too_large_leaves_the_others() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    fields = {"list": schema, "one": {"type": "integer"}, "other": {"type": "integer"}}
    record, _, misfits = normalized(
        {"properties": fields}, {"list": [1, 2**63 - 1], "one": 2**63, "other": 3}
    )
    assert record == {"list": [1, 2**63 - 1], "one": None, "other": 3}
    assert misfits == ["one"]


def test_each_path_is_reported_once() -> None:
    unknown: list[str] = []
    misfits: list[str] = []
    items = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}}
    normalize = compile_normalizer(
        {"properties": {"list": items}}, on_unknown_field=unknown.append, on_misfit=misfits.append
    )
    for _ in range(2):
        record = normalize({"list": [{"n": "x", "new": 1}, {"n": "y", "new": 2}], "top": 1})
        assert record == {"list": [{"n": None}, {"n": None}]}
    assert unknown == ["list.new", "top"]
    assert misfits == ["list.n"]


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Make values that fit a schema, and objects with an unknown field."""
    finite = st.floats(allow_nan=False, allow_infinity=False)  # as in JSON
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    kind = types[0]
    made: st.SearchStrategy[Any]
    if schema.get("format") == "date-time":
        made = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='microseconds')}Z")
    elif kind == "object":
        fields = {name: values_of(field) for name, field in schema.get("properties", {}).items()}
        known = st.fixed_dictionaries({}, optional=fields)
        made = st.one_of(known, known.map(lambda record: {**record, UNKNOWN: 1}))
    elif kind == "array":
        made = (
            st.lists(values_of(schema["items"]), max_size=2) if "items" in schema else st.just([])
        )
    else:
        made = {
            "string": st.text(max_size=5),
            "integer": st.integers(-(2**63), 2**63 - 1),
            "number": st.one_of(finite, st.integers(-(2**53), 2**53)),
            "boolean": st.booleans(),
        }[kind]
    return st.one_of(st.none(), made) if "null" in types else made


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_agrees_with_the_sdks_conformance(name: str) -> None:
    schema = schemas.without(schemas.read(name), ())

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values_of(schema))
    def check(record: dict[str, Any]) -> None:
        given_record = copy.deepcopy(record)
        expected = conform_record_data_types(
            stream_name=name,
            record=copy.deepcopy(record),
            schema=schema,
            level=TypeConformanceLevel.RECURSIVE,
            logger=logging.getLogger(),
        )
        result, unknown, misfits = normalized(schema, record)
        assert result == expected
        assert record == given_record
        left_out = json.dumps(record).count(UNKNOWN) - json.dumps(result).count(UNKNOWN)
        assert {path.rpartition(".")[2] for path in unknown} == ({UNKNOWN} if left_out else set())
        assert misfits == []

    check()


def test_fields_to_drop_are_dropped_at_their_depth_and_not_told() -> None:
    inner = {"type": "object", "properties": {"kept": {"type": "integer"}}}
    schema = {
        "properties": {
            "kept": {"type": "integer"},
            "inner": inner,
            "list": {"type": "array", "items": inner},
        }
    }
    told: list[str] = []
    normalize = compile_normalizer(
        schema,
        dropped=["gone", "inner.gone", "list.gone", "inner.deep.gone"],
        on_unknown_field=told.append,
        on_misfit=told.append,
    )
    kept = {"kept": 1, "inner": {"kept": 1}, "list": [{"kept": 1}, None]}
    fits = {
        "kept": 1,
        "gone": [{}],
        "inner": {"kept": 1, "gone": "x"},
        "list": [{"kept": 1, "gone": 2}, None],
    }
    assert normalize(fits) == kept
    # A value that has to be converted takes the record another way.
    assert normalize({**fits, "kept": "1"}) == kept
    assert told == []
    assert normalize({"deep": 1, "inner": {"deep": 2}}) == {"inner": {}}
    assert told == ["deep", "inner.deep"]


@pytest.mark.parametrize("more", [{}, {"other": "5"}])
def test_nulls_stay_null_at_every_depth(more: dict[str, Any]) -> None:
    moment = {"type": ["string", "null"], "format": "date-time"}
    inner = {"type": ["object", "null"], "properties": {"at": moment}}
    schema = {
        "properties": {
            "at": moment,
            "inner": inner,
            "moments": {"type": ["array", "null"], "items": moment},
            "list": {"type": ["array", "null"], "items": inner},
            "other": {"type": ["integer", "null"]},
        }
    }
    time, form = "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"
    record = {
        "at": None,
        "inner": {"at": None},
        "moments": [None, time],
        "list": [None, {"at": time}, {}],
        **more,
    }
    result, unknown, misfits = normalized(schema, record)
    assert result.pop("other", 5) == 5
    assert result == {
        "at": None,
        "inner": {"at": None},
        "moments": [None, form],
        "list": [None, {"at": form}, {}],
    }
    nothing: dict[str, Any] = dict.fromkeys(["at", "inner", "moments", "list", "other"])
    assert normalized(schema, nothing) == (nothing, [], [])
    assert unknown == misfits == []


def test_an_empty_text_is_no_moment_and_no_misfit() -> None:
    assert one("string", "", format="date-time") is None


@pytest.mark.parametrize("value", ["text", 5, [{}]])
def test_what_is_no_object_becomes_null_and_is_told(value: object) -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}}
    schema = {"properties": {"inner": inner, "list": {"type": "array", "items": inner}}}
    assert normalized(schema, {"inner": value}) == ({"inner": None}, [], ["inner"])
    assert normalized(schema, {"list": [value]}) == ({"list": None}, [], ["list"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-31 03:04:05Z", "2026-01-31T03:04:05.000000Z"),
        ("2026-W05-6T03:04:05Z", "2026-01-31T03:04:05.000000Z"),
        ("2026-01-31T03:04:05,5Z", "2026-01-31T03:04:05.500000Z"),
    ],
)
def test_rare_forms_of_a_moment(value: str, expected: str) -> None:
    assert utc_timestamp(value) == expected


def test_the_time_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        moments = [utc_timestamp(value) for value in (0, "0", "1970-01-01 00:00:00")]
        seconds = epoch_seconds("1970-01-01T00:00:00.999999Z")
        text = readable(0.9)
    time.tzset()
    assert moments == ["1970-01-01T00:00:00.000000Z"] * 3
    assert seconds == 0
    assert text == "1970-01-01T00:00:00Z"


def test_the_record_that_is_given_stays_as_it_is() -> None:
    moment = {"type": "string", "format": "date-time"}
    inner = {"type": "object", "properties": {"at": moment}}
    schema = {
        "properties": {"at": moment, "inner": inner, "list": {"type": "array", "items": inner}}
    }
    time = "2026-01-02T03:04:05Z"
    record = {"at": time, "inner": {"at": time}, "list": [{"at": time}]}
    before = copy.deepcopy(record)
    result, _, _ = normalized(schema, record)
    assert result != before
    assert record == before


@pytest.mark.parametrize("value", ["soon", 1e300, [5]])
def test_what_is_no_moment_becomes_null_and_is_told(value: object) -> None:
    with pytest.raises(MisfitError):
        one("string", value, format="date-time")


@pytest.mark.parametrize("value", ["text", {"a": 1}, 5])
def test_what_is_no_list_becomes_null_and_is_told(value: object) -> None:
    with pytest.raises(MisfitError):
        one("array", value, items={"type": "string"})
