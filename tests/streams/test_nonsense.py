"""What Mux sends may make no sense: it is told as such, never taken for a mistake of the tap."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mux_sandbox import Sandbox
from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tests.streams.nonsense import BY_ID, GONE, GROUPS, NAMES, WHOAMI, Mux, nodes, put, world
from tests.support.log import warned
from tests.support.records import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Case = tuple[str, str, Any, str]
    """A stream, a place in its answers, what is there instead, and what is said of it."""

DEEP = msgspec.json.decode("[" * 300 + "]" * 300)
OBJECTS: tuple[Any, ...] = ([1], {"a": {"b": None}}, [[]], DEEP)
NO_TIMES = (GONE, None, "", "soon", True, 1e300, 10**30, "9" * 5000, "9999-13-01", *OBJECTS)
NO_OBJECTS: tuple[Any, ...] = (0, 5, "", "a", True, {"a": 1}, [1], [[]], [None], ["a", {}])
MUST_HAVE_DATA = [name for name in NAMES if name != "transcription_vocabularies"]
"""Mux may leave an empty list of vocabularies out."""

NO_COUNTS: tuple[Any, ...] = (GONE, {}, [1], "many", True, 10**30, "9" * 5000)
MISFITS = {
    **dict.fromkeys(("object", "array", "number"), "many"),
    **dict.fromkeys(("integer", "boolean", "date-time"), "soon"),
}
WITH_META = (
    "metric_timeseries metric_overall metric_breakdowns metric_insights monitoring_histograms "
    "subview_timeseries"
)
# Where in an answer, what is there instead, what is said of it, and of which streams.
FAILURES: list[tuple[str, Sequence[Any], str, str]] = [
    ("data.*.id", (GONE, None), "gave a record without id", f"{BY_ID} errors"),
    ("data.*.id", (GONE, None, 5), "Mux sent a record without id", "video_views annotations"),
    ("data.*.id", (GONE, None, 5, ""), "without the ID that GET", "asset_inputs related_incidents"),
    ("data.*.id", (GONE, None, 5, ""), "without the ID that GET", "directive_runs robot_jobs"),
    ("data.*.workflow", (GONE, 5, "", *OBJECTS), "without the ID that GET", "robot_jobs"),
    ("data.*.field", (0, 5, True), "without the ID that GET", "asset_heatmaps asset_hotspots"),
    ("data.*.id", OBJECTS, "id is no single value", f"{BY_ID} annotations asset_inputs robot_jobs"),
    ("data.*.run_id", (GONE, None), "gave a record without run_id", "directive_runs"),
    ("data.*.run_id", OBJECTS, "run_id is no single value", "directive_runs"),
    ("data.*.field", OBJECTS, "field is no single value", "asset_heatmaps metric_breakdowns"),
    ("data.*.value", OBJECTS, "value is no single value", "dimension_values"),
    ("data.*.asset_id", OBJECTS, "asset_id is no single value", "delivery_usage"),
    ("data.*.asset_id", (GONE, None), "gave a record without asset_id", "delivery_usage"),
    ("data.*.name", (GONE, None), "gave a record without name", "metric_comparisons"),
    ("data.*.filter_column", (GONE, None), "without filter_column", "metric_insights"),
    ("data.hotspots.*.start_ms", (GONE, "soon"), "without start_ms", "asset_hotspots"),
    (
        "data.*.date",
        (GONE, None, True, "soon", "2026-13-01"),
        "Mux sent a record without the time date",
        "usage_exports",
    ),
    ("data.*.date", (5,), "Mux sent a record without date", "usage_exports"),
    ("data.*.view_end", NO_TIMES, "without the time view_end", "video_views video_view_details"),
    ("data.*.date", NO_TIMES, "without the time date", "annotations subview_timeseries"),
    ("data.*.date", NO_TIMES, "without the time date", "monitoring_timeseries"),
    ("data.*.timestamp", NO_TIMES, "without the time timestamp", "monitoring_histograms"),
    ("data.*.started_at", NO_TIMES, "without the time started_at", "directive_runs"),
    ("data.*.updated_at", NO_TIMES, "without the time updated_at", "robot_jobs"),
    ("data.*.0", NO_TIMES[1:], "without the time time", "metric_timeseries"),
    ("meta.complete_through", NO_TIMES[2:], "the time complete_through", "subview_timeseries"),
    ("data.*.status", (GONE, None, 5, *OBJECTS), "without status", "subview_timeseries"),
    ("data.hotspots", NO_OBJECTS, "hotspots is no list of objects", "asset_hotspots"),
    ("data.*.values", NO_OBJECTS, "values is no list of objects", "subview_timeseries"),
    ("data.*.bucket_values", NO_OBJECTS, "values is no list of objects", "monitoring_histograms"),
    ("meta.buckets", NO_OBJECTS, "buckets is no list of objects", "monitoring_histograms"),
    ("data.*", ([], [1], [1, 2, 3, 4]), "is not [time, value, views]", "metric_timeseries"),
    ("data.basic", (None, "a", {}, [5], [None]), "not lists of names", "dimensions"),
    ("data.*.export_date", (GONE, None, 5, "soon", "9999-12-31"), "API", "exported_video_views"),
    ("data.*.files", (GONE, None, 5, [1], ["a"], [{}]), "API describes", "exported_video_views"),
    ("data.*.files.*.version", (GONE, None, "a", "9" * 5000), "API", "exported_video_views"),
    ("data.*.files.*.path", (None, 5, "", *OBJECTS), "URL that is not", "exported_video_views"),
    ("next_cursor", (0, 5, True, *OBJECTS), "next_cursor that is no text", "assets asset_inputs"),
    ("meta", (0, "a", [1]), "meta is no object", WITH_META),
    ("data", (None, 5, "a", [None]), "JSON that is not what the API", " ".join(NAMES)),
    ("data", (GONE,), "JSON that is not what the API", " ".join(MUST_HAVE_DATA)),
]


@pytest.fixture(scope="module")
def learned() -> Iterator[Mux]:
    """Mux with something for each stream."""
    with Sandbox(world=world()) as sandbox:
        sandbox.options.clock = lambda: NOW
        mux = Mux(sandbox)
        mux.learn()
        yield mux


@pytest.fixture
def mux(learned: Mux) -> Mux:
    """Mux as it should be."""
    learned.sandbox.faults.clear()
    return learned


def rounds() -> Iterator[list[Case]]:
    """Deal the failures to few runs, each with one failure for a stream."""
    cases: dict[str, list[Case]] = {name: [] for name in NAMES}
    for place, values, words, streams in FAILURES:
        for name in streams.split():
            cases[name] += [(name, place, value, words) for value in values]
    for group in GROUPS:
        for of_one_run in zip_longest(*(cases[name] for name in group)):
            yield [case for case in of_one_run if case]


@pytest.mark.parametrize("cases", list(rounds()))
def test_what_a_stream_needs(mux: Mux, cases: list[Case]) -> None:
    for name, place, value, _ in cases:
        assert mux.spoil(name, **{place: value}), (name, place)
    output, errors = mux.read(*[name for name, *_ in cases], "environments")
    for name, place, value, words in cases:
        assert words in errors.get(name, ""), (name, place, value)
    assert len(errors) == len(cases)
    assert output.records("environments")  # as all streams do that are not spoilt


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("count", NO_COUNTS)
def test_what_no_stream_needs(mux: Mux, group: list[str], count: Any) -> None:
    spoilt = [name for name in group if mux.spoil(name, total_row_count=count)]
    assert spoilt
    output, errors = mux.read(*group)
    assert errors == {}
    for name in group:
        assert output.records(name) == mux.records[name]


def test_an_empty_object_is_a_record(mux: Mux) -> None:
    for (path, query), _ in mux.answers["asset_heatmaps"]:
        if path.endswith("/heatmap"):
            mux.answer((path, query), {"data": {}})
    output, errors = mux.read("asset_heatmaps")
    assert errors == {}
    for record, whole in zip(
        output.records("asset_heatmaps"), mux.records["asset_heatmaps"], strict=True
    ):
        kept = {
            key: whole[key] for key in ("asset_id", "window_start", "window_end", "environment_id")
        }
        assert record == {**kept, "heatmap": None}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time(mux: Mux, group: list[str], moment: str) -> None:
    times = {
        (name, place)
        for place, values, _, streams in FAILURES
        for name in streams.split()
        if "9999-13-01" in values
    }
    for name, place in times:
        assert name not in group or mux.spoil(name, **{place: moment})
    _, errors = mux.read(*group)
    assert errors == {}


def misfits(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give the place in a record of each field that is no text, and a value that does not fit."""
    for name, field in schema["properties"].items():
        (kind, *others) = {*field.get("type", ["any"])} - {"null"}
        inner = field.get("items", {}) if kind == "array" else field
        if "properties" in inner:
            yield from misfits(inner, f"{prefix}{name}.{'*.' if kind == 'array' else ''}")
        elif not others and (misfit := MISFITS.get(field.get("format", kind))):
            yield f"{prefix}{name}", misfit


@pytest.mark.parametrize("group", GROUPS)
def test_what_does_not_fit_is_null(
    mux: Mux, group: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    needed = {(name, place) for place, _, _, streams in FAILURES for name in streams.split()}
    spoilt = set()
    for stream in [stream for stream in ALL_STREAMS if stream.name in group]:
        keys = {*stream.primary_keys, stream.replication_key}
        places = {
            f"{data}.{field}": misfit
            for field, misfit in misfits(schemas.read(stream.name))
            for data in ("data", "data.*")
            if field not in keys and (stream.name, f"{data}.{field}") not in needed
        }
        for place in mux.spoil(stream.name, **places):
            spoilt.add((stream.name, place.removeprefix("data.").replace("*.", "")))
    output, errors = mux.read(*group)
    assert errors == {}
    words = r"Mux sends a value that does not fit the schema of (\w+); made null: (.+)"
    assert set(re.findall(words, "\n".join(warned(caplog)))) == spoilt
    for name in group:
        records = output.records(name)
        assert len(records) == len(mux.records[name])
        own = {field for stream, field in spoilt if stream == name}
        assert [field for record in records for field in own if record.get(field)] == []


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half of it": b'{"data":[{"id":',
    "bytes that are no text": b'{"data":[{"id":"\xff"}]}',
    "NaN": b'{"data":[{"id":NaN}]}',
    "a number without bounds": b'{"data":[{"id":1e999}]}',
    "a number of many digits": b'{"data":[{"id":' + b"9" * 5000 + b"}]}",
    "nesting without end": b'{"data":' + b"[" * 100_000,
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_json(mux: Mux, status: int, body: bytes) -> None:
    headers = {"X-RateLimit-Limit": "9" * 5000, "Retry-After": f"Mon, 01 Jan {'9' * 30} 00:00:00"}
    mux.answer(None, body, status=status, headers=headers)
    output, errors = mux.read("assets", "errors", "video_views", "environments")
    words = "a body that is not JSON" if status == 200 else "was answered 400 Bad Request"
    assert [words in error for error in errors.values()] == [True] * 3
    assert output.records("environments")


@pytest.mark.parametrize("depth", range(900, 1000, 10))
@pytest.mark.parametrize(
    ("name", "place"), [("robot_jobs", "data.parameters"), ("video_views", "data.*.video_title")]
)
def test_almost_too_deep_for_python(mux: Mux, name: str, place: str, depth: int) -> None:
    deep = msgspec.Raw(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
    assert mux.spoil(name, **{place: deep})
    output, errors = mux.read(name, "environments")
    assert output.records("environments")
    assert output.records(name) or re.search("nested too deeply|not JSON", errors[name])


@pytest.mark.parametrize("value", [GONE, None, 5, "", True, *OBJECTS])
def test_an_environment_without_id(mux: Mux, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = {"data": {"environment_id": "id", "organization_id": "organization"}}
    put(answer, "data.environment_id", value)
    mux.answer((WHOAMI, []), answer)
    output, errors = mux.read("assets", "environments")
    assert errors.keys() == {"environments"}
    assert "a record without environment_id" in errors["environments"]
    assert {record["environment_id"] for record in output.records("assets")} == {None}
    assert "environment_id will be null in every record" in caplog.text


def filled(records: list[dict[str, Any]]) -> Counter[str]:
    """Count how often each field has a value."""
    return Counter(field for record in records for field in record if record[field] is not None)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_without_a_word(
    mux: Mux, seed: int, group: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    spoilt = {}
    for name in group:
        chance = random.Random(f"{name} {seed}")
        ask, body = chance.choice(mux.answers[name])
        answer = msgspec.json.decode(body)
        place, before = chance.choice(list(nodes(answer)))
        others = (True, "soon", "9" * 400, 10**400, *OBJECTS)
        value = chance.choice([other for other in others if type(other) is not type(before)])
        spoilt[name] = place, before, value
        put(answer, place, value)
        mux.answer(ask, answer)
    output, errors = mux.read(*group)
    told = {*errors, *re.findall(r"\w+", " ".join(warned(caplog)))}
    for name in group:
        is_lost = filled(mux.records[name]) - filled(output.records(name))
        assert name in told or not is_lost, spoilt[name]


class TestPagesThatRepeat:
    """A list of which every page is the first."""

    @pytest.mark.parametrize("name", ["uploads", "webhooks"])
    def test_a_list_without_pages_is_whole(self, mux: Mux, name: str) -> None:
        mux.answer(None, {"data": [{"id": "one"}, {"id": "two"}]})
        output, _ = mux.read(name)
        assert [record["id"] for record in output.records(name)] == ["one", "two"]

    def test_a_full_page_is_refused(self, mux: Mux) -> None:
        mux.answer(None, {"data": [{"id": f"upload-{number}"} for number in range(100)]})
        _, errors = mux.read("uploads")
        assert "gave the same page 2 times" in errors["uploads"]

    def test_one_page_after_the_other(self, mux: Mux) -> None:
        mux.answer(None, {"data": [{"id": "note", "date": NOW - DAY, "note": "a"}]})
        output, _ = mux.read("annotations")
        assert [record["id"] for record in output.records("annotations")] == ["note"]
