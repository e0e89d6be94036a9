"""The sandbox answers for Mux Data with numbers that follow from its views."""

from __future__ import annotations

import csv
import gzip
import io
import statistics
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import mux_python
import pytest
import requests

from mux_sandbox import TOKEN_ID, TOKEN_SECRET, Answer, ExplicitWorld, Sandbox, SandboxOptions
from mux_sandbox.details import detail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox import Row

NOW = 1_790_035_200 + 10 * 3600
HOUR = 3600
DAY = 86_400
VIEWS = "/data/v1/video-views"
EXPORTS = "/data/v1/exports/views"
METRICS = "/data/v1/metrics"
MONITORING = "/data/v1/monitoring/metrics"
SUBVIEWS = "/data/v1/subview-metrics"


class Api:
    """A client of a sandbox whose clock stands still."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take the sandbox to ask."""
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (TOKEN_ID, TOKEN_SECRET)

    def get(self, path: str, **params: Any) -> requests.Response:
        query = {name.replace("__", "[]"): value for name, value in params.items()}
        return self.session.get(self.sandbox.url + path, params=query, timeout=20)

    def body(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, path: str, **params: Any) -> Any:
        return self.body(path, **params)["data"]

    def details(self, **params: Any) -> list[Row]:
        """Read all views of a timeframe one by one."""
        rows: list[Row] = []
        while page := self.data(VIEWS, limit=100, page=len(rows) // 100 + 1, **params):
            rows += page
            if len(page) < 100:
                break
        return [self.data(f"{VIEWS}/{row['id']}") for row in rows]

    def file(self, url: str, **headers: str) -> requests.Response:
        return requests.get(url, headers=headers, timeout=20)


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    started: list[Api] = []

    def start(world: Any = None, **options: Any) -> Api:
        options.setdefault("clock", lambda: NOW)
        sandbox = Sandbox(world, SandboxOptions(**options))
        sandbox.__enter__()
        started.append(Api(sandbox))
        return started[-1]

    yield start
    for api in started:
        api.session.close()
        api.sandbox.__exit__()


@pytest.fixture(scope="module")
def generated() -> Iterator[Api]:
    """One generated world for all tests that only read."""
    with Sandbox(options=SandboxOptions(clock=lambda: NOW)) as sandbox:
        api = Api(sandbox)
        yield api
        api.session.close()


def iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def view(name: str, view_end: float, seconds: int = 60, **more: Any) -> Row:
    start = iso(view_end - seconds)
    return {"id": name, "view_start": start, "view_end": iso(view_end), **more}


# Single views


def test_a_single_view_agrees_with_its_row(generated: Api) -> None:
    for row in generated.data(VIEWS, limit=100):
        body = generated.body(f"{VIEWS}/{row['id']}")
        single = body["data"]
        assert body["total_row_count"] is None
        assert body["timeframe"] == [NOW - DAY, NOW]
        score = row.pop("viewer_experience_score")
        del row["total_row_count"]
        assert {name: single[name] for name in row} == row
        assert single["viewer_experience_score"] == (score if score is None else str(score))
        assert single["view_id"] == single["id"]
        assert single["environment_id"] == "sandbox-environment"


def test_a_single_view_hangs_together(generated: Api) -> None:
    assets: dict[str, Row] = {}
    for page in range(1, 40):
        assets |= {
            row["id"]: row for row in generated.data("/video/v1/assets", page=page, limit=100)
        }
    singles = generated.details()
    assert len({single["mux_viewer_id"] for single in singles}) < len(singles)
    known = 0
    for single in singles:
        assert 193 <= len(single) <= 194
        assert ("player_error_context" in single) == (single["player_error_code"] is not None)
        asset = assets.get(single["asset_id"])
        if asset:
            known += 1
            assert single["video_stream_type"] in {"live", "on-demand"}
            ids = [one["id"] for one in asset.get("playback_ids", [])]
            assert not ids or single["playback_id"] in ids
        moments = [event["event_time"] for event in single["events"]]
        assert moments == sorted(moments)
        assert iso(moments[0] / 1000) == single["view_start"]
        assert iso(moments[-1] / 1000) <= single["view_end"]
        if single["watch_time"] is None:
            assert single["view_playing_time"] is None
            continue
        assert 0 <= int(single["view_playing_time"]) <= single["watch_time"]
        assert 0 <= float(single["rebuffer_percentage"]) <= 1
        assert single["playback_score"] == ("0.0" if single["playback_failure"] else "1.0")
    assert known > len(singles) / 2


def test_fields_have_the_types_of_the_wire(generated: Api) -> None:
    types = {"str": str, "int": int, "bool": bool, "float": float}
    declared = mux_python.VideoView.openapi_types
    singles = generated.details()
    assert not set(declared) - set().union(*singles)
    for single in singles:
        for name, value in single.items():
            kind = types.get(declared.get(name), list)
            if name in declared and value is not None:
                assert type(value) is kind, name
    always = {"watched", "view_id", "session_id", "mux_viewer_id", "property_id", "view_dropped"}
    assert not [name for single in singles for name in always if single[name] is None]


def test_the_same_row_has_the_same_details(serve: Callable[..., Api]) -> None:
    rows = [view("bare", NOW - 60), {"id": "barest", "view_end": "2026-09-22T09:00:00.940Z"}]
    api = serve(ExplicitWorld(views=rows))
    for row in rows:
        single = api.data(f"{VIEWS}/{row['id']}")
        assert single == detail(row)
        assert len(single) == 193


def test_details_can_be_set(serve: Callable[..., Api]) -> None:
    row = view("v", NOW - 60, cdn="of the row")
    world = ExplicitWorld(views=[row], view_details={"v": {"custom_1": None, "brand_new": [1]}})
    single = serve(world).data(f"{VIEWS}/v")
    assert (single["cdn"], single["custom_1"], single["brand_new"]) == ("of the row", None, [1])
    world.view_details["v"] = {"id": "another", "cdn": "set"}
    single = serve(world).data(f"{VIEWS}/v")
    assert (single["id"], single["cdn"]) == ("another", "set")


def test_views_that_are_not_there(serve: Callable[..., Api], generated: Api) -> None:
    old = view("old", NOW - 101 * DAY)
    api = serve(ExplicitWorld(views=[old]))
    for missing in ("old", "unknown"):
        response = api.get(f"{VIEWS}/{missing}")
        assert response.status_code == 404
        assert response.json()["error"]["type"] == "not_found"
    assert generated.get(f"{VIEWS}/unknown").status_code == 404
    assert generated.get(f"{VIEWS}/x").status_code == 404


def test_views_are_filtered(generated: Api) -> None:
    singles = generated.details()

    def found(**params: Any) -> set[str]:
        return {row["id"] for row in generated.data(VIEWS, limit=100, **params)}

    def expected(condition: Callable[[Row], object]) -> set[str]:
        return {single["id"] for single in singles if condition(single)}

    viewer = singles[0]["mux_viewer_id"]
    assert found(viewer_id=viewer) == expected(lambda v: v["mux_viewer_id"] == viewer)
    assert found(error_id="any") == expected(lambda v: v["error_type_id"] is not None)
    assert found(error_id=310) == expected(lambda v: v["error_type_id"] == 310)
    assert found(filters__="country:DE") == expected(lambda v: v["country_code"] == "DE")
    assert found(filters__=["country:DE", "country:FR", "browser:Chrome"]) == expected(
        lambda v: v["country_code"] in {"DE", "FR"} and v["viewer_application_name"] == "Chrome"
    )
    assert found(filters__=["country:DE", "!browser:Chrome"]) == expected(
        lambda v: v["country_code"] == "DE" and v["viewer_application_name"] != "Chrome"
    )
    assert found(filters__="+video_cdn_trace:cdn_b") == expected(
        lambda v: "cdn_b" in v["video_cdn_trace"]
    )
    assert found(filters__="video_cdn_trace:[]") == expected(lambda v: not v["video_cdn_trace"])
    assert found(metric_filters__="video_startup_time>=3000") == expected(
        lambda v: (v["time_to_first_frame"] or 0) >= 3000
    )
    total = generated.body(VIEWS, filters__="country:US", limit=1)["total_row_count"]
    assert total == sum(v["country_code"] == "US" for v in singles)


@pytest.mark.parametrize(
    "bad",
    [
        {"filters__": "country"},
        {"filters__": "planet:Earth"},
        {"filters__": "+country:DE"},
        {"metric_filters__": "views>3"},
        {"metric_filters__": "video_startup_time"},
        {"error_id": "some"},
    ],
)
def test_filters_that_make_no_sense_are_refused(generated: Api, bad: dict[str, str]) -> None:
    response = generated.get(VIEWS, **bad)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_parameters"


# Exports


def test_the_daily_files_hold_the_views(generated: Api) -> None:
    exports = generated.data(EXPORTS)
    assert [export["export_date"] for export in exports] == [
        iso(NOW - days * DAY)[:10] for days in range(1, 8)
    ]
    headers = set()
    for export in exports:
        [file] = export["files"]
        assert file["type"] == "csv"
        answer = generated.file(file["path"])
        assert answer.status_code == 200
        table = csv.reader(io.StringIO(gzip.decompress(answer.content).decode(), newline=""))
        names = next(table)
        assert names == sorted(names)
        assert ("video_cdn_trace" in names) == (file["version"] >= 14)
        headers.add(tuple(names))
        rows = {row["view_id"]: row for row in (dict(zip(names, r, strict=True)) for r in table)}
        midnight = NOW - NOW % DAY - exports.index(export) * DAY
        window = [midnight - DAY, midnight - 1]
        assert len(rows) == generated.body(VIEWS, timeframe__=window)["total_row_count"]
        for view in generated.data(VIEWS, timeframe__=window, limit=5):
            single, row = generated.data(f"{VIEWS}/{view['id']}"), rows[view["id"]]
            assert row["view_end"] == view["view_end"]
            assert row["video_title"] == (view["video_title"] or "")
            assert row["country"] == (view["country_code"] or "")
            assert row["video_startup_failure"] == str(single["video_startup_failure"]).lower()
            stalls = single["buffering_count"]
            assert row["rebuffer_count"] == ("" if stalls is None else str(stalls))
            assert row["viewer_experience_score"] == (single["viewer_experience_score"] or "")
    assert len(headers) == 3


def test_the_file_of_a_day_appears_a_few_hours_later(serve: Callable[..., Api]) -> None:
    midnight = NOW - NOW % DAY
    world = ExplicitWorld(views=[view("v", midnight - 60), view("next", midnight)])
    api = serve(world, clock=lambda: midnight + 3 * HOUR)
    assert api.data(EXPORTS)[0]["export_date"] == iso(midnight - 2 * DAY)[:10]
    api.sandbox.options.clock = lambda: midnight + 4 * HOUR
    newest = api.data(EXPORTS)[0]
    assert newest["export_date"] == iso(midnight - DAY)[:10]
    text = gzip.decompress(api.file(newest["files"][0]["path"]).content).decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert row["view_id"] == "v"
    assert row["player_error_message"] == ""


def test_a_signed_url_needs_no_other_credentials(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld(views=[view("v", NOW - DAY)]), signed_url_seconds=60)
    url = api.data(EXPORTS)[0]["files"][0]["path"]
    assert api.file(url).headers["Content-Type"] == "binary/octet-stream"
    both = api.session.get(url, timeout=20)
    assert (both.status_code, "InvalidArgument" in both.text) == (400, True)
    forged = api.file(url + "0")
    assert (forged.status_code, "SignatureDoesNotMatch" in forged.text) == (403, True)
    other_day = url.replace("/part-0", "/part-1")
    assert api.file(other_day).status_code == api.file(url.split("?")[0]).status_code == 403
    api.sandbox.options.clock = lambda: NOW + 61
    expired = api.file(url)
    assert (expired.status_code, "expired" in expired.text) == (403, True)
    assert expired.text.startswith("<?xml")


def test_parts_of_a_file_can_be_had(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld(views=[view("v", NOW - DAY)]))
    url = api.data(EXPORTS)[0]["files"][0]["path"]
    whole = api.file(url).content
    part = api.file(url, Range="bytes=100-")
    assert (part.status_code, part.content) == (206, whole[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    assert api.file(url, Range="bytes=5-9").content == whole[5:10]
    assert api.file(url, Range="bytes=-7").content == whole[-7:]
    assert api.file(url, Range=f"bytes={len(whole)}-").status_code == 416
    api.sandbox.options.ranges_supported = False
    assert api.file(url, Range="bytes=100-").content == whole


# Errors and dimensions


def test_errors_are_counted(generated: Api) -> None:
    params = {"timeframe__": "7:days"}
    errors = generated.data("/data/v1/errors", **params)
    singles = generated.details(error_id="any", **params)
    counts = Counter(single["error_type_id"] for single in singles)
    assert {error["id"]: error["count"] for error in errors} == counts
    for error in errors:
        same = [single for single in singles if single["error_type_id"] == error["id"]]
        assert error["last_seen"] == max(single["view_end"] for single in same)
        assert error["message"] in {single["player_error_message"] for single in same}
    total = generated.body(VIEWS, **params)["total_row_count"]
    assert errors[0]["percentage"] == round(100 * errors[0]["count"] / total, 4)


def test_values_of_dimensions_are_counted(generated: Api) -> None:
    names = generated.data("/data/v1/dimensions")
    assert "country" in names["advanced"]
    assert "browser" in names["basic"]
    singles = generated.details()
    for name, field in (("country", "country_code"), ("browser", "viewer_application_name")):
        rows = generated.data(f"/data/v1/dimensions/{name}", limit=100)
        counts = Counter(single[field] for single in singles)
        assert {row["value"]: row["total_count"] for row in rows} == counts
        assert rows[0]["total_count"] == max(counts.values())
    elements = generated.data("/data/v1/dimensions/video_cdn_trace/elements")
    assert {row["value"] for row in elements} == {"cdn_a", "cdn_b", "cdn_c"}
    second = generated.data("/data/v1/dimensions/country", limit=3, page=2)
    assert len(second) == 3
    assert generated.get("/data/v1/dimensions/planet").status_code == 404
    assert generated.get("/data/v1/dimensions/country/elements").status_code == 400


# Metrics


def test_metrics_follow_from_views(generated: Api) -> None:
    window = [NOW - DAY, NOW]
    singles = [s for s in generated.details(timeframe__=window) if s["view_end"] < iso(NOW)]

    def value(metric: str, **params: Any) -> Any:
        body = generated.body(f"{METRICS}/{metric}/overall", timeframe__=window, **params)
        assert body["timeframe"] == window
        assert body["total_row_count"] is None
        return body["data"]["value"]

    times = [s["time_to_first_frame"] for s in singles if s["time_to_first_frame"] is not None]
    assert value("video_startup_time") == statistics.median(times)
    assert value("video_startup_time", measurement="avg") == pytest.approx(statistics.fmean(times))
    assert value("video_startup_time", measurement="count") == len(times)
    failed = sum(single["playback_failure"] for single in singles)
    assert value("playback_failure_percentage") == pytest.approx(failed / len(singles))
    germans = [s for s in singles if s["country_code"] == "DE" and s["viewer_experience_score"]]
    scores = [float(single["viewer_experience_score"]) for single in germans]
    german = value("viewer_experience_score", filters__="country:DE")
    assert german == pytest.approx(statistics.fmean(scores))
    for metric in ("views", "unique_viewers", "playing_time"):
        body = generated.body(f"{METRICS}/{metric}/overall")
        assert body["meta"]["aggregation"] == "view_start"
        assert body["data"]["value"] > 0


def test_a_view_counts_where_it_begins_or_ends(serve: Callable[..., Api]) -> None:
    noon = NOW - NOW % DAY - 12 * HOUR
    across = view("across", noon + 30, watch_time=60_000)
    api = serve(ExplicitWorld(views=[across, view("at the end", noon + HOUR)]))
    window = [noon - HOUR, noon + HOUR]

    def rows(metric: str) -> Any:
        path = f"{METRICS}/{metric}/timeseries"
        return api.data(path, timeframe__=window, group_by="hour")

    started = [[iso(noon - HOUR), 1, 1], [iso(noon), 1, 1]]
    assert rows("views") == started
    ended = rows("playback_failure_percentage")
    assert ended == [[iso(noon - HOUR), None, None], [iso(noon), 0, 1]]


@pytest.mark.parametrize(
    ("window", "echoed", "granularity", "rows"),
    [
        ([NOW - 5000, NOW], [NOW - 5040, NOW], "minute", 84),
        ([NOW - 2 * HOUR - 1, NOW - 1], [NOW - 2 * HOUR - 600, NOW], "ten_minutes", 13),
        ([NOW - DAY - 5, NOW - 5], [NOW - DAY - HOUR, NOW], "hour", 25),
        ([NOW - DAY, NOW], [NOW - DAY, NOW], "hour", 24),
        ([NOW - 20 * DAY, NOW], [NOW - 20 * DAY - 10 * HOUR, NOW + 14 * HOUR], "day", 21),
    ],
)
def test_timeframes_are_rounded(
    serve: Callable[..., Api], window: list[int], echoed: list[int], granularity: str, rows: int
) -> None:
    body = serve(ExplicitWorld()).body(f"{METRICS}/views/timeseries", timeframe__=window)
    assert body["timeframe"] == echoed
    assert body["meta"] == {"aggregation": "view_start", "granularity": granularity}
    assert body["total_row_count"] == len(body["data"]) == rows
    assert body["data"][0] == [iso(echoed[0]), None, None]


def test_a_breakdown_is_ordered_and_paged(generated: Api) -> None:
    path = f"{METRICS}/video_startup_time/breakdown"
    rows = generated.data(path, group_by="country", limit=100)
    assert [row["negative_impact"] for row in rows] == list(range(1, len(rows) + 1))
    assert (
        sum(row["views"] for row in rows)
        == generated.data(path.replace("breakdown", "overall"))["total_views"]
    )
    by_views = generated.data(path, order_by="views", limit=100)
    assert [row["views"] for row in by_views] == sorted((r["views"] for r in rows), reverse=True)
    fields = generated.body(path, order_by="field", order_direction="asc", limit=4, page=2)
    assert fields["total_row_count"] == len(rows)
    assert [row["field"] for row in fields["data"]] == sorted(
        (row["field"] for row in rows), key=lambda field: (field is not None, field or "")
    )[4:8]
    insights = generated.data(f"{METRICS}/video_startup_time/insights")
    impacts = [row["negative_impact_score"] for row in insights]
    assert impacts == sorted(impacts, reverse=True)
    assert {"filter_column", "filter_value", "metric", "total_views"} < set(insights[0])


def test_a_comparison_has_all_metrics_of_a_slice(generated: Api) -> None:
    path = f"{METRICS}/comparison"
    body = generated.body(path, dimension="country", value="DE")
    totals, *rows = body["data"]
    assert totals["name"] == "totals"
    assert "metric" not in totals
    only = generated.data(f"{METRICS}/views/overall", filters__="country:DE")
    assert rows[0]["value"] == totals["started_views"] == only["value"]
    items = [item for row in rows for item in row.get("items", [])]
    assert len({(item["metric"], item.get("measurement")) for item in items}) == len(items)
    assert generated.get(path, dimension="planet", value="Earth").status_code == 400


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("happiness/overall", {}, 404),
        ("views/overall", {"measurement": "mode"}, 400),
        ("views/breakdown", {"group_by": "planet"}, 400),
        ("views/breakdown", {"order_by": "luck"}, 400),
        ("views/timeseries", {"group_by": "week"}, 400),
        ("views/timeseries", {"group_by": "minute"}, 400),
        ("views/timeseries", {"timeframe__": "101:days"}, 400),
    ],
)
def test_bad_questions_about_metrics(
    generated: Api, path: str, params: dict[str, str], status: int
) -> None:
    assert generated.get(f"{METRICS}/{path}", **params).status_code == status


def test_all_metrics_over_a_day_take_milliseconds(generated: Api) -> None:
    generated.data(f"{METRICS}/views/overall")
    begun = time.perf_counter()
    for metric in (
        "views",
        "video_startup_time",
        "rebuffer_percentage",
        "weighted_average_bitrate",
    ):
        for kind in ("overall", "breakdown", "timeseries"):
            generated.data(f"{METRICS}/{metric}/{kind}")
    assert time.perf_counter() - begun < 2  # a tenth of it unless the machine is busy


# Engagement, incidents and annotations


def test_engagement_of_a_video(generated: Api) -> None:
    singles = [single for single in generated.details() if single["asset_id"]]
    asset, count = Counter(single["asset_id"] for single in singles).most_common(1)[0]
    [single, *_] = [single for single in singles if single["asset_id"] == asset]
    for kind, key in (("assets", "asset_id"), ("playback-ids", "playback_id")):
        heat = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/heatmap")
        assert heat["total_views"] == count
        assert 10 <= len(heat["value"]) <= 100
        assert heat["value"] == sorted(heat["value"], reverse=True)
        spots = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/hotspots", limit=2)
        assert 1 <= len(spots["hotspots"]) <= 2
        for spot in spots["hotspots"]:
            assert 0 <= spot["start_ms"] < spot["end_ms"] <= single["video_duration"]
            assert 0 <= spot["score"] <= 1
        assert generated.get(f"/data/v1/engagement/{kind}/unknown/heatmap").status_code == 404
    videos = generated.data(f"/data/v1/engagement/videos/{single['video_id']}/heatmap")
    assert videos["total_views"] == sum(s["video_id"] == single["video_id"] for s in singles)


def test_incidents(generated: Api) -> None:
    path = "/data/v1/incidents"
    body = generated.body(path, limit=100)
    rows = body["data"]
    assert body["total_row_count"] == len(rows)
    starts = [row["started_at"] for row in rows]
    assert starts == sorted(starts, reverse=True)
    assert {row["status"] for row in rows} == {"open", "closed", "expired"}
    for row in rows:
        assert (row["resolved_at"] is None) == (row["status"] == "open")
    closed = generated.data(path, status="closed", severity="alert", limit=100)
    assert closed == [r for r in rows if (r["status"], r["severity"]) == ("closed", "alert")]
    assert generated.data(f"{path}/{rows[3]['id']}") == rows[3]
    related = generated.data(f"{path}/{rows[3]['id']}/related", limit=100)
    assert rows[3] not in related
    assert {row["id"] for row in related} < {row["id"] for row in rows}
    assert generated.get(f"{path}/unknown").status_code == 404
    assert generated.get(path, status="forgotten").status_code == 400


def test_incidents_and_annotations_can_be_given(serve: Callable[..., Api]) -> None:
    incident = {"id": "i", "started_at": "2026-09-01T00:00:00.000000Z", "status": "open"}
    notes = [
        {"id": str(n), "date": iso(NOW - n * DAY), "note": "", "sub_property_id": None}
        for n in range(4)
    ]
    api = serve(ExplicitWorld(incidents=[incident], annotations=notes))
    assert api.data("/data/v1/incidents") == [incident]
    body = api.body("/data/v1/annotations", timeframe__="2:days", order_direction="asc")
    assert body == {
        "data": [notes[2], notes[1], notes[0]],
        "total_row_count": 3,
        "timeframe": [NOW - 2 * DAY, NOW],
    }
    assert api.data("/data/v1/annotations") == notes[:2]
    assert api.data("/data/v1/annotations/3") == notes[3]
    assert api.get("/data/v1/annotations/9").status_code == 404


# Monitoring and subviews


def test_monitoring_shows_views_that_go_on(serve: Callable[..., Api]) -> None:
    views = [
        view("long", NOW + HOUR, 2 * HOUR, country_code="DE"),
        view("short", NOW - 60, 120, country_code="FR"),
    ]
    api = serve(ExplicitWorld(views=views))
    body = api.body(f"{MONITORING}/current-concurrent-viewers/timeseries")
    assert len(body["data"]) == 360
    assert body["timeframe"] == [NOW - 1815, NOW - 20]
    counts = {row["date"]: row["concurrent_viewers"] for row in body["data"]}
    assert (counts[iso(NOW - 20)], counts[iso(NOW - 90)], counts[iso(NOW - 300)]) == (1, 2, 1)
    path = f"{MONITORING}/current-average-bitrate/breakdown"
    then = api.data(path, dimension="country", timestamp=NOW - 90)
    assert {row["value"] for row in then} == {"DE", "FR"}
    [now] = api.data(path, dimension="country")
    assert (now["value"], now["concurrent_viewers"]) == ("DE", 1)
    window = [NOW - 100, NOW - 40]
    rows = api.data(f"{path}-timeseries", timeframe__=window, limit=1)
    assert [row["date"] for row in rows] == [iso(NOW - 100 + 5 * n) for n in range(13)]
    assert {len(row["values"]) for row in rows} == {1}
    for bad in ({"dimension": "planet"}, {"timestamp": NOW - DAY - 60}):
        assert api.get(path, **bad).status_code == 400
    too_long = {"timeframe__": [NOW - 700, NOW]}
    assert api.get(f"{path}-timeseries", **too_long).status_code == 400
    assert api.get(f"{MONITORING}/happiness/timeseries").status_code == 404


def test_monitoring_has_no_value_without_viewers(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld(views=[view("v", NOW - 60, 120)]))
    rows = api.data(f"{MONITORING}/current-rebuffering-percentage/timeseries")
    assert rows[0] == {"date": iso(NOW - 1815), "value": None, "concurrent_viewers": 0}
    histogram = api.body(f"{MONITORING}/video-startup-time/histogram-timeseries")
    assert len(histogram["data"]) == 30
    assert len(histogram["meta"]["buckets"]) == len(histogram["data"][0]["bucket_values"])
    assert histogram["data"][0]["median"] is None


@pytest.mark.parametrize("kind", ["rendition", "playback_mode"])
def test_parts_of_views_add_up(generated: Api, kind: str) -> None:
    base = f"{SUBVIEWS}/playing_time/{kind}"
    total = generated.data(f"{base}/overall")["metric_value"]
    rows = generated.data(f"{base}/breakdown", limit=100)
    assert sum(row["metric_value"] for row in rows) == total
    by_country = generated.data(f"{SUBVIEWS}/{kind}/dimensions/country", limit=250)
    assert sum(row["playing_time"] for row in by_country) == total
    values = {"dimension": "country", "values__": ["US", "DE"]}
    compared = generated.data(f"{base}/comparison", **values, breakdown_value_limit=1)
    for row, country in zip(compared, ("US", "DE"), strict=True):
        [playing] = [one["playing_time"] for one in by_country if one["value"] == country]
        assert sum(value["metric_value"] for value in row["values"]) == playing
        assert [value["breakdown_value"] for value in row["values"]][1:] in ([], ["other"])
    assert generated.get(f"{base}/comparison", dimension="country").status_code == 400


def test_the_last_hours_of_parts_are_not_complete(generated: Api) -> None:
    path = f"{SUBVIEWS}/playing_time/rendition/breakdown-timeseries"
    body = generated.body(path)
    assert body["meta"]["complete_through"] == iso(NOW - 2 * HOUR - 1)
    statuses = {row["date"]: row["status"] for row in body["data"]}
    assert statuses[iso(NOW - 3 * HOUR)] == "complete"
    assert statuses[iso(NOW - 2 * HOUR)] == "partial"
    assert iso(NOW - HOUR) not in statuses


# As clients see it


def test_a_missing_feature_is_played_with_a_fault(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld())
    body = {"error": {"type": "not_found", "messages": ["no access"]}}
    api.sandbox.faults.add("/data/v1/incidents", None, action=Answer(404, body))
    assert api.get("/data/v1/incidents").status_code == 404
    assert api.get("/data/v1/incidents/i/related").json() == body
    assert api.get("/data/v1/annotations").status_code == 200
    assert api.get("/data/v1/realtime/metrics").status_code == 404


def test_mux_python_reads_all_of_it(generated: Api) -> None:
    sandbox = generated.sandbox
    login = mux_python.Configuration(host=sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET)
    with mux_python.ApiClient(login) as client:
        views = mux_python.VideoViewsApi(client)
        first = views.list_video_views(filters=["country:DE"]).data[0]
        single = views.get_video_view(first.id).data
        assert single.viewer_experience_score == str(first.viewer_experience_score)
        assert single.events[0].name == "playerready"
        exports = mux_python.ExportsApi(client).list_exports_views().data
        assert exports[0].files[0].version in {8, 13, 14}
        assert mux_python.ErrorsApi(client).list_errors(timeframe=["7:days"]).data
        dimensions = mux_python.DimensionsApi(client)
        assert dimensions.list_dimensions().data.basic
        assert dimensions.list_dimension_values("country").data
        metrics = mux_python.MetricsApi(client)
        for metric in ("views", "viewer_experience_score", "video_startup_time"):
            assert metrics.get_overall_values(metric).data.total_views
            assert metrics.list_breakdown_values(metric, group_by="browser").data
            assert metrics.list_insights(metric).data
            assert len(metrics.get_metric_timeseries_data(metric).data) == 24
        assert metrics.list_all_metric_values(dimension="country", value="DE").data
        incidents = mux_python.IncidentsApi(client)
        incident = incidents.list_incidents().data[0]
        assert incidents.get_incident(incident.id).data == incident
        incidents.list_related_incidents(incident.id)
        annotations = mux_python.AnnotationsApi(client)
        note = annotations.list_annotations(timeframe=["30:days"]).data[0]
        assert annotations.get_annotation(note.id).data == note
        monitoring = mux_python.MonitoringApi(client)
        assert len(monitoring.list_monitoring_dimensions().data) == 11
        assert len(monitoring.list_monitoring_metrics().data) == 7
        name = "current-concurrent-viewers"
        monitoring.get_monitoring_breakdown(name, dimension="asn")
        monitoring.get_monitoring_breakdown_timeseries(name, dimension="country")
        assert len(monitoring.get_monitoring_timeseries(name).data) == 360
        histogram = "video-startup-time"
        assert len(monitoring.get_monitoring_histogram_timeseries(histogram).data) == 30
