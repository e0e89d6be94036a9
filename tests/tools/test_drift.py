"""Whatever Mux changes in its API is told, under the right stream, and nothing else is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tools import accepted, fields
from tools.accepted import ACCEPTED, OF_THE_CLIENT, Accepted
from tools.compare import NO_STREAM, differences
from tools.drift import main
from tools.ours import readers
from tools.spec import JOBS, RECORDS_WITHIN, WITHOUT_ENTRY, Spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Json = dict[str, Any]
    Change = Callable[[Json], object]

ASSETS = "/video/v1/assets"
WEBHOOKS = "/system/v1/webhooks"
VIEWS = "/data/v1/video-views"
OVERALL = "/data/v1/metrics/{METRIC_ID}/overall"
BREAKDOWN = "/data/v1/metrics/{METRIC_ID}/breakdown"


def agreeing() -> Json:
    """Describe an API that has what the tap reads, and nothing else."""
    paths: Json = {}
    for reader in readers():
        within = RECORDS_WITHIN.get(reader.stream)
        records = {"items": schemas.read(reader.stream)}
        if within:
            records = {"properties": {within: records}}
        envelope = {"properties": {"data": records}}
        words = {name: list(known) for (name, _), known in reader.words.items()}
        names = dict.fromkeys(re.findall(r"{(\w+)}", reader.path), "path")
        names |= dict.fromkeys(() if reader.listed_at else reader.query, "query")
        paths[reader.path] = {
            "get": {
                "parameters": [
                    {"name": name, "in": place, "schema": {"enum": words.get(name, [])}}
                    for name, place in names.items()
                ],
                "responses": {"200": {"content": {"application/json": {"schema": envelope}}}},
            }
        }
    return {"paths": paths}


def record(api: Json, path: str) -> Json:
    """Give the fields of what an endpoint lists."""
    content = api["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    found: Json = schema["properties"]["data"]["items"]["properties"]
    return found


def words(api: Json, path: str, name: str) -> list[str]:
    """Give the words that an endpoint takes for a parameter."""
    (found,) = [each for each in api["paths"][path]["get"]["parameters"] if each["name"] == name]
    taken: list[str] = found["schema"]["enum"]
    return taken


def drop(api: Json, path: str, name: str) -> None:
    """Drop a parameter."""
    method = api["paths"][path]["get"]
    method["parameters"] = [each for each in method["parameters"] if each["name"] != name]


def add(api: Json, path: str, name: str) -> None:
    """Add a query parameter."""
    api["paths"][path]["get"]["parameters"].append({"name": name, "in": "query"})


CHANGES: dict[str, tuple[Change, str, str]] = {
    "new field": (
        lambda api: record(api, ASSETS).update(colour={"type": "string"}),
        "assets",
        "new field: colour (string)",
    ),
    "new field with fields": (
        lambda api: record(api, ASSETS).update(
            look={"properties": {"colour": {"type": "string"}}, "type": "object"}
        ),
        "assets",
        "new field: look (object)",
    ),
    "new field within": (
        lambda api: record(api, ASSETS)["tracks"]["items"]["properties"].update(
            colour={"type": "string"}
        ),
        "assets",
        "new field: tracks.colour (string)",
    ),
    "gone field": (
        lambda api: record(api, WEBHOOKS).pop("address"),
        "webhooks",
        "gone field: address",
    ),
    "gone field with fields": (
        lambda api: record(api, ASSETS).pop("master"),
        "assets",
        "gone field: master",
    ),
    "retyped field": (
        lambda api: record(api, ASSETS).update(duration={"type": ["string", "null"]}),
        "assets",
        "retyped field: duration (number in the tap, string at Mux)",
    ),
    "retyped field in part": (
        lambda api: record(api, ASSETS).update(status={"type": ["string", "integer"]}),
        "assets",
        "retyped field: status (string in the tap, integer or string at Mux)",
    ),
    "no fields": (
        lambda api: api["paths"][WEBHOOKS]["get"].pop("responses"),
        "webhooks",
        f"gone answer: {WEBHOOKS} (The description names no fields of webhooks (GET {WEBHOOKS}))",
    ),
    "new parameter": (
        lambda api: add(api, "/video/v1/uploads", "colour"),
        "uploads",
        "new parameter: colour",
    ),
    "gone parameter that the tap sends": (
        lambda api: drop(api, WEBHOOKS, "page"),
        "webhooks",
        "gone parameter: page",
    ),
    "gone parameter that users may set": (
        lambda api: drop(api, "/video/v1/live-streams", "status"),
        "live_streams",
        "gone parameter: status",
    ),
    "new metric": (
        lambda api: words(api, OVERALL, "METRIC_ID").append("smiles"),
        "metric_overall",
        "new metric: smiles",
    ),
    "gone metric": (
        lambda api: words(api, OVERALL, "METRIC_ID").remove("views"),
        "metric_overall",
        "gone metric: views",
    ),
    "new dimension": (
        lambda api: words(api, BREAKDOWN, "group_by").append("weather"),
        "metric_breakdowns",
        "new dimension: weather",
    ),
    "gone dimension": (
        lambda api: words(api, BREAKDOWN, "group_by").remove("country"),
        "metric_breakdowns",
        "gone dimension: country",
    ),
    "new measurement": (
        lambda api: words(api, OVERALL, "measurement").append("mode"),
        "metric_overall",
        "new measurement: mode",
    ),
    "gone granularity": (
        lambda api: words(api, "/data/v1/metrics/{METRIC_ID}/timeseries", "group_by").remove("day"),
        "metric_timeseries",
        "gone granularity: day",
    ),
    "new endpoint": (
        lambda api: api["paths"].update({"/video/v1/smiles/{SMILE_ID}": {"get": {}}}),
        NO_STREAM,
        "new endpoint: /video/v1/smiles/{}",
    ),
    "gone endpoint": (
        lambda api: api["paths"].pop(WEBHOOKS),
        "webhooks",
        f"gone endpoint: {WEBHOOKS}",
    ),
}

NO_CHANGES: dict[str, Change] = {
    "nothing": lambda api: api.update(openapi="3.1.0"),
    "integer for number": lambda api: record(api, ASSETS).update(duration={"type": "integer"}),
    "epoch for time": lambda api: record(api, ASSETS).update(created_at={"type": "integer"}),
    "text for time": lambda api: record(api, ASSETS).update(created_at={"type": "string"}),
    "number for ID": lambda api: record(api, ASSETS).update(upload_id={"type": "integer"}),
    "never null": lambda api: record(api, ASSETS).update(status={"type": "string"}),
    "other name in the path": lambda api: api["paths"].update(
        {OVERALL.replace("METRIC", "NUMBER"): api["paths"].pop(OVERALL)}
    ),
    "ignored": lambda api: record(api, VIEWS).update(total_row_count={"type": "integer"}),
    "within what is kept whole": lambda api: record(api, "/robots/v0/jobs").update(
        parameters={"type": "object", "properties": {"colour": {"type": "string"}}}
    ),
    "one record of a list": lambda api: api["paths"].update(
        {f"{ASSETS}/{{ASSET_ID}}": {"get": {}}}
    ),
    "one job": lambda api: api["paths"].update({"/robots/v0/jobs/smile/{JOB_ID}": {"get": {}}}),
    "elements of lists": lambda api: api["paths"].update(
        {"/data/v1/dimensions/{DIMENSION_ID}/elements": {"get": {}}}
    ),
    "other host": lambda api: api["paths"].update({"/{PLAYBACK_ID}/smile.png": {"get": {}}}),
    "not to read": lambda api: api["paths"].update({"/video/v1/smiles": {"post": {}}}),
}


@pytest.fixture
def none_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept no difference."""
    monkeypatch.setattr(accepted, "ACCEPTED", ())


class Run:
    """Runs the command on a description that was written to a file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Write nothing yet."""
        self._file = folder / "spec.json"
        self._capsys = capsys

    def __call__(self, api: Json, *options: str) -> tuple[int, list[str]]:
        """Run it, and give the exit code and the lines of the report."""
        self._file.write_text(json.dumps(api))
        code = main([str(self._file), *options])
        return code, self._capsys.readouterr().out.splitlines()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command."""
    return Run(tmp_path, capsys)


@pytest.mark.usefixtures("none_accepted")
class TestDifferences:
    """What is told, and the exit code."""

    @pytest.mark.parametrize("change", CHANGES)
    def test_is_told_under_its_stream(self, run: Run, change: str) -> None:
        api = agreeing()
        make, stream, line = CHANGES[change]
        make(api)
        assert run(api) == (1, [stream, f"  {line}", "Differences: 1, and 0 accepted"])

    @pytest.mark.parametrize("change", NO_CHANGES)
    def test_is_none(self, run: Run, change: str) -> None:
        api = agreeing()
        NO_CHANGES[change](api)
        assert run(api) == (0, ["Differences: 0, and 0 accepted"])

    def test_number_for_integer_is_retyped(self, run: Run) -> None:
        api = agreeing()
        record(api, ASSETS)["tracks"]["items"]["properties"]["max_width"]["type"] = "number"
        code, lines = run(api)
        assert code == 1
        assert lines[:2] == [
            "assets",
            "  retyped field: tracks.max_width (integer in the tap, number at Mux)",
        ]

    def test_all_come_stream_by_stream(self, run: Run) -> None:
        api = agreeing()
        for make, _, _ in (CHANGES[name] for name in ("new field", "retyped field", "new metric")):
            make(api)
        code, lines = run(api)
        assert code == 1
        assert [line.strip().split(":")[0] for line in lines[:-1]] == [
            "assets",
            "new field",
            "retyped field",
            "metric_overall",
            "new metric",
        ]

    def test_of_a_list_are_told_for_the_stream_that_asks_for_each_of_it(self, run: Run) -> None:
        api = agreeing()
        add(api, VIEWS, "colour")
        _, lines = run(api)
        assert lines[:4] == [
            "video_view_details",
            "  new parameter: colour",
            "video_views",
            "  new parameter: colour",
        ]

    def test_of_several_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        one, more = tmp_path / "one.json", tmp_path / "more.json"
        api = agreeing()
        more.write_text(json.dumps({"paths": {WEBHOOKS: api["paths"].pop(WEBHOOKS)}}))
        one.write_text(json.dumps(api))
        assert main([str(one)]) == 1
        assert main([str(one), str(more)]) == 0


class TestAccepted:
    """What is meant to be is not told, but that it no longer is."""

    @pytest.mark.parametrize(
        ("streams", "what", "names"),
        [
            ("assets", "new field", "colour"),
            ("webhooks assets", "new field", "smell colour"),
            ("*", "new field", "col*"),
        ],
    )
    def test_is_not_told(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, streams: str, what: str, names: str
    ) -> None:
        monkeypatch.setattr(accepted, "ACCEPTED", (Accepted(streams, what, names, "Why."),))
        api = agreeing()
        CHANGES["new field"][0](api)
        code, lines = run(api)
        assert code == 0
        assert lines[-1] == "Differences: 0, and 1 accepted"
        assert "  new field: colour (string)" not in lines

    @pytest.mark.parametrize(
        ("streams", "what", "names"),
        [
            ("webhooks", "new field", "colour"),
            ("assets", "gone field", "colour"),
            ("assets", "new field", "col"),
            ("assets", "new field", "col.*"),
        ],
    )
    def test_is_told_where_another_is_accepted(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, streams: str, what: str, names: str
    ) -> None:
        monkeypatch.setattr(accepted, "ACCEPTED", (Accepted(streams, what, names, "Why."),))
        api = agreeing()
        CHANGES["new field"][0](api)
        code, lines = run(api)
        assert code == 1
        assert lines[:2] == ["assets", "  new field: colour (string)"]
        assert f"  {streams}, {what}: {names} (Why.)" in lines

    def test_is_told_when_it_no_longer_occurs(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = Accepted("webhooks assets", "new field", "smell colour", "Why.")
        monkeypatch.setattr(accepted, "ACCEPTED", (entry,))
        api = agreeing()
        CHANGES["new field"][0](api)
        assert run(api) == (
            0,
            [
                "Accepted, but there is no such difference any more:",
                "  webhooks, new field: smell (Why.)",
                "  webhooks, new field: colour (Why.)",
                "  assets, new field: smell (Why.)",
                "Differences: 0, and 1 accepted",
            ],
        )

    @pytest.mark.parametrize("change", ["gone endpoint", "no fields"])
    def test_is_not_told_of_a_stream_that_is_gone(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, change: str
    ) -> None:
        entry = Accepted("webhooks", "gone field", "colour", "Why.")
        monkeypatch.setattr(accepted, "ACCEPTED", (entry,))
        api = agreeing()
        CHANGES[change][0](api)
        code, lines = run(api)
        assert code == 1
        assert len(lines) == 3


class TestTheList:
    """What is accepted of the real API."""

    @pytest.mark.parametrize("entry", [*ACCEPTED, *OF_THE_CLIENT], ids=lambda each: each.reason)
    def test_has_a_reason_for_each(self, entry: Accepted) -> None:
        assert re.fullmatch(r"[A-Z].{10,}\.", entry.reason)

    def test_is_of_streams_that_there_are(self) -> None:
        known = {stream.name for stream in ALL_STREAMS} | {NO_STREAM, "*"}
        named = {one.streams for entry in ACCEPTED for one in entry.one_by_one()}
        assert named <= known

    def test_has_nothing_twice(self) -> None:
        every = [one[:3] for entry in ACCEPTED for one in entry.one_by_one()]
        assert len(set(every)) == len(every)

    def test_what_is_gone_is_a_field_of_the_tap(self) -> None:
        have = {reader.stream: reader.fields for reader in readers()}
        gone = [
            (one.streams, one.names)
            for entry in ACCEPTED
            for one in entry.one_by_one()
            if one.what == "gone field" and one.streams != "*"
        ]
        assert [(stream, name) for stream, name in gone if name not in have[stream]] == []


class TestClient:
    """Without a description, the vendor's client is looked through."""

    def test_has_nothing_that_the_tap_does_not_know(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([]) == 0
        assert re.fullmatch(r"Differences: 0, and \d\d accepted\n", capsys.readouterr().out)

    @pytest.mark.usefixtures("none_accepted")
    def test_tells_what_it_has(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert "  retyped field: latitude (number in the tap, string at Mux)" in lines
        assert "  new parameter: order_by" in lines
        assert "  new endpoint: /data/v1/realtime/metrics" in lines
        assert [line for line in lines if line.startswith("  gone")] == []


class TestWriteFields:
    """``--write-fields``."""

    @pytest.fixture
    def output(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Write elsewhere."""
        output = tmp_path / "fields.json"
        monkeypatch.setattr(fields, "FIELDS", output)
        return output

    def test_writes_names_in_order_and_nothing_else(self, run: Run, output: Path) -> None:
        api = agreeing()
        CHANGES["new field"][0](api)
        code, _ = run(api, "--write-fields")
        assert code == 1
        written = json.loads(output.read_text("utf-8"))
        assert list(written) == sorted(s.name for s in ALL_STREAMS if s.name not in WITHOUT_ENTRY)
        assert "colour" in written["assets"]
        assert written["assets"] == sorted(written["assets"])
        assert set(written["asset_hotspots"]) == schemas.paths(schemas.read("asset_hotspots"))

    def test_is_not_done_unless_asked_for(self, run: Run, output: Path) -> None:
        run(agreeing())
        assert not output.exists()

    def test_needs_a_description(self, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--write-fields"])
        assert "--write-fields needs a description" in capsys.readouterr().err

    def test_writes_nothing_of_what_lacks_a_stream(
        self, run: Run, output: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            run({"paths": {}}, "--write-fields")
        assert "names no fields of annotations" in capsys.readouterr().err
        assert not output.exists()


@pytest.mark.parametrize(
    ("text", "message"), [(None, "No such file"), ("{", "Expecting property name")]
)
def test_what_cannot_be_read_is_no_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    source = tmp_path / "spec.json"
    if text is not None:
        source.write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main([str(source)])
    assert message in capsys.readouterr().err


def test_jobs_of_each_workflow_are_read() -> None:
    api = agreeing()
    path = "/robots/v0/jobs/smile/{JOB_ID}"
    smile = {"properties": {"data": {"properties": {"smile": {"type": "string"}}}}}
    content = {"application/json": {"schema": smile}}
    api["paths"][path] = {"get": {"responses": {"200": {"content": content}}}}
    assert [each[:3] for each in differences(Spec(api))] == [(JOBS, "new field", "smile")]
