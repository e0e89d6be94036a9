"""The sandbox keeps its promises over real HTTP; all other tests rely on that."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import mux_python
import pytest
import requests

from mux_sandbox import (
    TOKEN_ID,
    TOKEN_SECRET,
    Answer,
    Delay,
    Disconnect,
    Environment,
    ExplicitWorld,
    GeneratedWorld,
    RateLimit,
    Sandbox,
    SandboxOptions,
    Truncate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox import Fault, RequestRecord, Row

NOW = 1_790_035_200 + 10 * 3600  # a Tuesday, 10:00 UTC: the daily live show is on air
DAY = 86_400
ASSETS = "/video/v1/assets"
VIEWS = "/data/v1/video-views"
MUX_SANDBOX = (sys.executable, "-m", "mux_sandbox")


class Api:
    """A client of a sandbox, with a clock to move."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take the sandbox to ask."""
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (TOKEN_ID, TOKEN_SECRET)

    def get(self, path: str, params: Any = None, **options: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, params=params, timeout=20, **options)

    def body(self, path: str, params: Any = None) -> Any:
        response = self.get(path, params)
        assert response.status_code == 200, response.text
        return response.json()

    def pages(self, path: str, **params: Any) -> Iterator[list[Row]]:
        for page in range(1, 10**6):
            rows = self.body(path, {"limit": 100, **params, "page": page})["data"]
            if not rows:
                return
            yield rows

    def all(self, path: str, **params: Any) -> list[Row]:
        return [row for page in self.pages(path, **params) for row in page]

    def move_to(self, now: float) -> None:
        self.sandbox.options.clock = lambda: now


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Start sandboxes whose clock stands at NOW."""
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


def view(name: str, view_end: int, **more: Any) -> Row:
    return {"id": name, "view_end": iso(view_end), **more}


def iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def explicit(views: int = 0, assets: int = 0) -> ExplicitWorld:
    """Make a world with one view a minute and one asset an hour, newest last."""
    return ExplicitWorld(
        views=[view(f"v{n}", NOW - 60 * (views - n)) for n in range(views)],
        assets=[
            {"id": f"a{n}", "created_at": str(NOW - 3600 * (assets - n))} for n in range(assets)
        ],
    )


# The generated world


def test_a_restart_changes_nothing(serve: Callable[..., Api]) -> None:
    week = [NOW - 7 * DAY, NOW]
    first, second, other = (serve(GeneratedWorld(seed=seed)) for seed in (7, 7, 8))
    for path, params in ((VIEWS, {"timeframe[]": week}), (ASSETS, {})):
        rows = first.all(path, **params)
        assert rows == second.all(path, **params)
        assert not set(ids(rows)) & set(ids(other.all(path, **params)))


def test_the_default_world_has_the_promised_size(serve: Callable[..., Api]) -> None:
    api = serve()
    begun = time.perf_counter()
    body = api.body(VIEWS, {"timeframe[]": [NOW - 100 * DAY, NOW]})
    assert time.perf_counter() - begun < 5  # well under a second unless the machine is busy
    assert 36_000 < body["total_row_count"] < 44_000
    assets = api.all(ASSETS)
    assert 2700 < len(assets) < 3300
    assert len(set(ids(assets))) == len(assets)
    for days_ago in range(20):
        oldest = NOW - (days_ago + 1) * DAY
        assert any(oldest < int(row["created_at"]) <= oldest + DAY for row in assets)


def test_what_happens_comes_on_top(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    window = [NOW - 3 * DAY, NOW + 2 * DAY]
    before_views = api.all(VIEWS, **{"timeframe[]": window})
    before_assets = api.all(ASSETS)
    api.move_to(NOW + DAY)
    after_views = api.all(VIEWS, **{"timeframe[]": window})
    after_assets = api.all(ASSETS)
    assert set(ids(before_views)) < set(ids(after_views))
    old = {row["id"]: row | {"total_row_count": 0} for row in before_views}
    changed = [
        row
        for row in after_views
        if row["id"] in old and row | {"total_row_count": 0} != old[row["id"]]
    ]
    # Only views that ended within the last hour can be reopened.
    assert all(epoch(old[row["id"]]["view_end"]) > NOW - 3700 for row in changed)
    new = [row for row in after_assets if int(row["created_at"]) > NOW]
    assert new
    assert after_assets[: len(new)] == new
    gone = set(ids(before_assets)) - set(ids(after_assets))
    assert len(gone) < 20


def test_any_window_gives_the_same_views() -> None:
    whole = GeneratedWorld().views(NOW - 5 * DAY, NOW, NOW)
    for start, end in ((NOW - 3 * DAY + 17, NOW - 2 * DAY - 5), (NOW - 7200, NOW), (NOW, NOW)):
        part = GeneratedWorld().views(start, end, NOW)
        assert part == [row for row in whole if start <= epoch(row["view_end"]) <= end]


def test_views_settle_come_late_and_are_reopened_once() -> None:
    world = GeneratedWorld(views_per_day=4000)
    first_seen: dict[str, tuple[float, Row]] = {}
    versions: dict[str, list[Row]] = {}
    for now in range(NOW, NOW + 8 * 3600, 60):
        rows = world.views(NOW - DAY, NOW + DAY, now)
        assert len(set(ids(rows))) == len(rows)
        assert all(epoch(row["view_end"]) <= now - 60 for row in rows)
        for row in rows:
            first_seen.setdefault(row["id"], (now, row))
            seen = versions.setdefault(row["id"], [])
            if row not in seen:
                seen.append(row)
    in_the_hours = [
        (seen - epoch(row["view_end"]), row["id"])
        for seen, row in first_seen.values()
        if NOW < epoch(row["view_end"]) < NOW + 5 * 3600
    ]
    late = [delay for delay, _ in in_the_hours if delay > 180]
    assert 0.01 < len(late) / len(in_the_hours) < 0.06
    assert max(late) <= 91 * 60
    reopened = [seen for seen in versions.values() if len(seen) > 1]
    assert 0.02 < len(reopened) / len(in_the_hours) < 0.1
    for seen in reopened:
        first, last = seen
        assert 0 < epoch(last["view_end"]) - epoch(first["view_end"]) <= 3600
        assert last["watch_time"] > first["watch_time"]
        assert last["view_start"] == first["view_start"]


def test_the_same_list_means_that_nothing_changed() -> None:
    world = GeneratedWorld()
    rows = world.views(NOW - DAY, NOW, NOW)
    assert world.views(NOW - DAY, NOW, NOW) is rows
    assert world.views(NOW - DAY, NOW, NOW + 2 * 3600) == GeneratedWorld().views(
        NOW - DAY, NOW, NOW + 2 * 3600
    )
    assert world.views(NOW - DAY, NOW, NOW) == rows


def test_views_are_varied() -> None:
    rows = GeneratedWorld().views(NOW - 30 * DAY, NOW, NOW)
    for column in ("viewer_os_family", "viewer_application_name", "country_code", "video_title"):
        assert len({row[column] for row in rows}) >= 8
        assert None in {row[column] for row in rows}
    text = "".join(row["video_title"] or "" for row in rows)
    assert all(sign in text for sign in ('"', "\n", "\\", ",", "é", "日", "🎬"))
    failed = [row for row in rows if row["playback_failure"]]
    assert 0.01 < len(failed) / len(rows) < 0.06
    assert {None, "403"} < {row["player_error_code"] for row in failed}
    assert any(row["watch_time"] is None for row in rows)
    assert max(Counter(row["view_end"] for row in rows).values()) > 1
    hours = Counter(row["view_end"][11:13] for row in rows)
    assert hours["19"] > 2 * hours["07"]
    for row in rows:
        assert epoch(row["view_start"]) <= epoch(row["view_end"])


ASSET_FIELDS = """
id created_at status duration max_stored_resolution resolution_tier max_resolution_tier
encoding_tier video_quality max_stored_frame_rate aspect_ratio playback_ids playback_ids.id
playback_ids.policy playback_ids.drm_configuration_id tracks tracks.id tracks.type tracks.duration
tracks.max_width tracks.max_height tracks.max_frame_rate tracks.max_channels
tracks.max_channel_layout tracks.text_type tracks.text_source tracks.language_code tracks.name
tracks.closed_captions tracks.passthrough tracks.status tracks.primary
tracks.auto_language_confidence errors errors.type errors.messages upload_id is_live passthrough
live_stream_id master master.status master.url master_access mp4_support source_asset_id
normalize_audio per_title_encode static_renditions static_renditions.status
static_renditions.files static_renditions.files.name static_renditions.files.ext
static_renditions.files.height static_renditions.files.width static_renditions.files.bitrate
static_renditions.files.filesize static_renditions.files.type static_renditions.files.status
static_renditions.files.resolution_tier static_renditions.files.resolution
static_renditions.files.id static_renditions.files.passthrough recording_times
recording_times.started_at recording_times.duration recording_times.type
non_standard_input_reasons non_standard_input_reasons.video_codec
non_standard_input_reasons.audio_codec non_standard_input_reasons.video_gop_size
non_standard_input_reasons.video_frame_rate non_standard_input_reasons.video_resolution
non_standard_input_reasons.video_bitrate non_standard_input_reasons.pixel_aspect_ratio
non_standard_input_reasons.video_edit_list non_standard_input_reasons.audio_edit_list
non_standard_input_reasons.unexpected_media_file_parameters
non_standard_input_reasons.unsupported_pixel_format test ingest_type meta meta.title
meta.creator_id meta.external_id progress progress.state progress.progress directives
directives.id generate_shots shots shots.status shots.shots_manifest_url shots.errors
shots.errors.type shots.errors.messages thumbnail_time
""".split()  # noqa: SIM905 - a list would be a hundred lines


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from paths(item, prefix)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield prefix + key
            yield from paths(item, f"{prefix}{key}.")


def holds_null(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(map(holds_null, value.values() if isinstance(value, dict) else value))
    return value is None


def test_assets_show_every_field_and_no_null(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    rows = api.all(ASSETS)
    assert {path for row in rows for path in paths(row)} == set(ASSET_FIELDS)
    assert all(isinstance(row["created_at"], str) for row in rows)
    assert not [row for row in rows if holds_null(row)]
    assert {row["status"] for row in rows} >= {"ready", "errored"}
    assert sum("progress" not in row for row in rows) > 100


def test_assets_live_through_their_states() -> None:
    world = GeneratedWorld()
    states: dict[str, list[str]] = {}
    for now in range(NOW, NOW + DAY, 10):
        for row in world.assets(now)[:10]:
            if int(row["created_at"]) > NOW and "progress" in row:
                seen = states.setdefault(row["id"], [])
                if row["progress"]["state"] not in seen:
                    seen.append(row["progress"]["state"])
    assert ["ingesting", "transcoding", "completed"] in states.values()
    live = [row for row in world.assets(NOW) if row.get("is_live")]
    assert [row["progress"]["state"] for row in live] == ["live"]
    later = {row["id"]: row for row in world.assets(NOW + DAY)}[live[0]["id"]]
    assert "is_live" not in later
    assert len(later["recording_times"]) == 3


def test_some_assets_vanish_early_and_all_after_two_years() -> None:
    world = GeneratedWorld()
    before = set(ids(world.assets(NOW)))
    after = set(ids(world.assets(NOW + 60 * DAY)))
    gone_early = [row for row in world.assets(NOW) if row["id"] not in after and "test" not in row]
    assert any(int(row["created_at"]) > NOW - 60 * DAY for row in gone_early)
    assert len(before - after) < 400
    assert not before & set(ids(world.assets(NOW + 731 * DAY)))


def test_a_small_world_is_small() -> None:
    world = GeneratedWorld(assets=50, views_per_day=10)
    assert 25 < len(world.assets(NOW)) < 75
    assert 700 < len(world.views(NOW - 100 * DAY, NOW, NOW)) < 1300
    assert GeneratedWorld(assets=0, views_per_day=0).views(NOW - DAY, NOW, NOW) == []


# Paging


def test_pages_hold_everything_once(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    window = {"timeframe[]": [NOW - 2 * DAY, NOW]}
    pages = list(api.pages(VIEWS, **window, limit=30))
    total = api.body(VIEWS, window)["total_row_count"]
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
    assert len(api.body(path, {"limit": asked})["data"]) == got


def test_order(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=7, assets=7))
    up = [f"v{n}" for n in range(7)]
    assert ids(api.body(VIEWS)["data"]) == up[::-1]
    assert ids(api.body(VIEWS, {"order_direction": "desc"})["data"]) == up[::-1]
    assert ids(api.body(VIEWS, {"order_direction": "asc"})["data"]) == up
    assert ids(api.body(ASSETS)["data"]) == [f"a{n}" for n in range(7)][::-1]


def test_times_with_a_fraction_are_in_order(serve: Callable[..., Api]) -> None:
    stem = iso(NOW - 60).removesuffix("Z")
    rows = [{"id": text, "view_end": stem + text} for text in (".5Z", "Z", ".25Z")]
    api = serve(ExplicitWorld(views=rows))
    assert ids(api.body(VIEWS, {"order_direction": "asc"})["data"]) == ["Z", ".25Z", ".5Z"]


def test_page_cap(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=25), page_cap=10)
    pages = list(api.pages(VIEWS, limit=100))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({row["id"] for page in pages for row in page}) == 25


def walk(api: Api, **params: Any) -> list[Row]:
    rows = []
    cursor = None
    while True:
        body = api.body(ASSETS, params | ({"cursor": cursor} if cursor else {}))
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
    cursor = api.body(ASSETS, {"limit": 10})["next_cursor"]
    world.asset_rows.append({"id": "new", "created_at": str(NOW)})
    shifted = api.body(ASSETS, {"limit": 10, "cursor": cursor})["data"]
    assert ids(shifted)[0] == "a10"  # for the second time


@pytest.mark.parametrize("cursor", ["", "nonsense", "é", base64.b64encode(b"after:x").decode()])
def test_bad_cursor(serve: Callable[..., Api], cursor: str) -> None:
    assert error_type(serve(explicit()).get(ASSETS, {"cursor": cursor})) == (
        400,
        "invalid_parameters",
    )


def test_assets_of_a_stream_or_upload(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    rows = api.all(ASSETS)
    for key in ("live_stream_id", "upload_id"):
        value = next(row[key] for row in rows if key in row)
        expected = [row for row in rows if row.get(key) == value]
        assert api.all(ASSETS, **{key: value}) == expected


def test_one_asset(serve: Callable[..., Api]) -> None:
    api = serve(explicit(assets=3))
    assert api.body(f"{ASSETS}/a1") == {"data": {"id": "a1", "created_at": str(NOW - 7200)}}
    assert error_type(api.get(f"{ASSETS}/a9")) == (404, "not_found")


# Timeframes


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (None, (NOW - DAY, NOW)),
        (["24:hours"], (NOW - DAY, NOW)),
        (["7:days"], (NOW - 7 * DAY, NOW)),
        (["100:days"], (NOW - 100 * DAY, NOW)),
        ([NOW - 500, NOW - 200], (NOW - 500, NOW - 200)),
        ([NOW - 500, NOW + DAY], (NOW - 500, NOW + DAY)),
    ],
)
def test_timeframe(serve: Callable[..., Api], asked: Any, used: tuple[int, int]) -> None:
    api = serve(explicit(views=3000))
    body = api.body(VIEWS, {"timeframe[]": asked})
    assert body["timeframe"] == list(used)
    inside = min(3000, (min(used[1], NOW) - used[0]) // 60 + (used[1] < NOW))
    assert body["total_row_count"] in (inside, inside - 1)


def test_window_is_on_view_end(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=10), timeframe_includes_start=True, timeframe_includes_end=True)
    window = {"timeframe[]": [NOW - 300, NOW - 120], "order_direction": "asc"}
    for start, end, expected in (
        (True, True, ["v5", "v6", "v7", "v8"]),
        (False, True, ["v6", "v7", "v8"]),
        (True, False, ["v5", "v6", "v7"]),
        (False, False, ["v6", "v7"]),
    ):
        api.sandbox.options.timeframe_includes_start = start
        api.sandbox.options.timeframe_includes_end = end
        body = api.body(VIEWS, window)
        assert ids(body["data"]) == expected
        assert body["total_row_count"] == len(expected)


@pytest.mark.parametrize(
    "params",
    [
        {"timeframe[]": ["yesterday"]},
        {"timeframe[]": ["3:weeks"]},
        {"timeframe[]": [str(NOW)]},
        {"timeframe[]": [NOW, NOW - 1]},
        {"timeframe[]": [NOW - 2, NOW - 1, NOW]},
        {"timeframe[]": [NOW - 2, "now"]},
        {"timeframe[]": [NOW - 2, NOW - 0.5]},
        {"page": "0"},
        {"page": "-1"},
        {"page": "two"},
        {"page": ""},
        {"limit": "0"},
        {"limit": "1.5"},
        {"limit": "٣"},
        {"order_direction": "newest"},
    ],
)
def test_malformed_parameters(serve: Callable[..., Api], params: dict[str, Any]) -> None:
    assert error_type(serve(explicit()).get(VIEWS, params)) == (400, "invalid_parameters")


def test_retention(serve: Callable[..., Api]) -> None:
    world = ExplicitWorld(views=[view("old", NOW - 31 * DAY), view("new", NOW - 29 * DAY)])
    api = serve(world, retention_days=30)
    params = {"timeframe[]": [NOW - 30 * DAY - 1, NOW]}
    assert error_type(api.get(VIEWS, params)) == (400, "invalid_timeframe")
    assert ids(api.body(VIEWS, {"timeframe[]": [NOW - 30 * DAY, NOW]})["data"]) == ["new"]
    api.sandbox.options.clamp_instead_of_refuse = True
    body = api.body(VIEWS, params)
    assert body["timeframe"] == [NOW - 30 * DAY, NOW]
    assert ids(body["data"]) == ["new"]
    api.sandbox.options.retention_days = 40
    assert ids(api.body(VIEWS, params)["data"]) == ["new"]


@pytest.mark.parametrize(
    ("mode", "said"), [("exact", 3), ("null", None), ("string", "3"), (lambda count: count + 9, 12)]
)
def test_total_row_count(serve: Callable[..., Api], mode: Any, said: Any) -> None:
    body = serve(explicit(views=3), total_row_count=mode).body(VIEWS)
    assert body["total_row_count"] == said
    assert [row["total_row_count"] for row in body["data"]] == [said] * 3


# Credentials, errors and limits


def error_type(response: requests.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert error["messages"]
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return response.status_code, error["type"]


@pytest.mark.parametrize(
    "auth", [("x", "y"), (TOKEN_ID, "wrong"), (TOKEN_ID, ""), ("", ""), (TOKEN_ID, "é")]
)
def test_wrong_credentials(serve: Callable[..., Api], auth: tuple[str, str]) -> None:
    response = serve(explicit()).get(VIEWS, auth=tuple(part.encode() for part in auth))
    assert response.status_code == 401
    assert response.json() == {
        "error": {"type": "unauthorized", "messages": ["Unauthorized request"]}
    }


def test_other_ways_to_lack_credentials(serve: Callable[..., Api]) -> None:
    url = serve(explicit()).sandbox.url
    for header in (None, "Bearer abc", "Basic ???", "Basic " + base64.b64encode(b"x").decode()):
        headers = {"Authorization": header} if header else {}
        assert requests.get(url + VIEWS, headers=headers, timeout=9).status_code == 401


def test_whoami(serve: Callable[..., Api]) -> None:
    api = serve(explicit(), environment_id="env-1")
    identity = api.body("/system/v1/whoami")["data"]
    assert identity["environment_id"] == "env-1"
    assert "data:read" in identity["permissions"]
    assert len(identity) == 7
    api.sandbox.options.whoami = {"environment_id": "env-2", "organization_name": "Ünïted"}
    changed = api.body("/system/v1/whoami")["data"]
    assert changed == identity | {"environment_id": "env-2", "organization_name": "Ünïted"}


def test_several_environments(serve: Callable[..., Api]) -> None:
    other = Environment("s3", ExplicitWorld(assets=[{"id": "theirs"}]), "env-other")
    api = serve(explicit(assets=1), environments={"other": other})
    assert api.sandbox.config_for("other") == {
        "api_url": api.sandbox.url,
        "token_id": "other",
        "token_secret": "s3",
    }
    assert ids(api.body(ASSETS)["data"]) == ["a0"]
    api.session.auth = ("other", "s3")
    assert ids(api.body(ASSETS)["data"]) == ["theirs"]
    assert api.body("/system/v1/whoami")["data"]["environment_id"] == "env-other"
    assert [record.environment_id for record in api.sandbox.requests_to(ASSETS)] == [
        "sandbox-environment",
        "env-other",
    ]


def test_unknown_paths_and_methods(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    for path in ("/", "/video", "/video/v1/asset", "/data/v1/nothing", "/robots/v0/x", VIEWS + "/"):
        assert error_type(api.get(path)) == (404, "not_found")
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert api.session.request(method, api.sandbox.url + ASSETS).status_code == 405


def test_rate_limit(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    api.sandbox.options.rate_limits["data"] = RateLimit(3, 20)
    remaining = []
    for _ in range(3):
        response = api.get(VIEWS)
        assert response.headers["X-RateLimit-Limit"] == "3"
        remaining.append(int(response.headers["X-RateLimit-Remaining"]))
    assert remaining == sorted(remaining, reverse=True)
    refused = [response for response in (api.get(VIEWS) for _ in range(9)) if not response.ok]
    assert refused
    assert refused[-1].status_code == 429
    assert refused[-1].json() == {"errors": ["Too many requests, retry later."]}
    assert "Retry-After" not in refused[-1].headers
    assert refused[-1].headers["X-RateLimit-Remaining"] == "0"
    assert api.get(ASSETS).ok  # a bucket of its own
    time.sleep(0.2)
    assert api.get(VIEWS).ok
    api.sandbox.options.announce_rate_limits = False
    assert not [name for name in api.get(ASSETS).headers if name.startswith("X-RateLimit")]


# Trouble and the request log


def test_answers_instead(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=1))
    answer = Answer(503, {"error": "busy"}, {"Retry-After": "7"})
    fault: Fault = api.sandbox.faults.add(VIEWS, times=2, action=answer)
    for _ in range(2):
        response = api.get(VIEWS)
        assert (response.status_code, response.json()) == (503, {"error": "busy"})
        assert response.headers["Retry-After"] == "7"
        assert response.headers["Content-Type"].startswith("application/json")
    assert api.get(VIEWS).ok
    assert fault.used == 2
    assert [record.status for record in api.sandbox.requests] == [503, 503, 200]


def test_bodies_that_are_no_answer(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    for action in (Answer.html(), Answer.json_list(), Answer.invalid_json(), Answer(200, "text")):
        api.sandbox.faults.add(VIEWS, action=action)
    html = api.get(VIEWS)
    assert html.ok
    assert html.headers["Content-Type"].startswith("text/html")
    assert isinstance(api.body(VIEWS), list)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.body(VIEWS)
    assert api.get(VIEWS).text == "text"


def test_broken_connections(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=50))
    api.sandbox.faults.add(VIEWS, action=Disconnect())
    with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer"):
        api.get(VIEWS)
    api.sandbox.faults.add(VIEWS, action=Truncate())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.get(VIEWS)
    assert api.get(VIEWS).ok
    assert [record.status for record in api.sandbox.requests] == [None, 200, 200]


def test_delay_and_a_chosen_page(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=50))
    api.sandbox.faults.add(
        lambda record: record.page == 2 and record.param("limit") == "10",
        times=None,
        action=Delay(1),
    )
    assert api.get(VIEWS, {"page": 1, "limit": 10}).ok
    with pytest.raises(requests.exceptions.ReadTimeout):
        api.session.get(api.sandbox.url + VIEWS, params={"page": 2, "limit": 10}, timeout=0.1)
    api.sandbox.faults.clear()
    assert api.get(VIEWS, {"page": 2, "limit": 10}).ok


def test_a_row_comes_in_between_two_pages(serve: Callable[..., Api]) -> None:
    world = explicit(views=4)
    api = serve(world)

    def insert(_: RequestRecord) -> None:
        world.view_rows.append(view("new", NOW - 1))

    api.sandbox.faults.add(lambda record: record.page == 2, action=insert)
    pages = [ids(api.body(VIEWS, {"limit": 2, "page": page})["data"]) for page in (1, 2, 3)]
    assert pages == [["v3", "v2"], ["v2", "v1"], ["v0"]]


def test_latency_and_requests_in_flight(serve: Callable[..., Api]) -> None:
    api = serve(explicit(), latency_seconds=0.3)
    threads = [
        threading.Thread(target=requests.get, args=(api.sandbox.url,), kwargs={"timeout": 9})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.in_flight for record in api.sandbox.requests) == [1, 2, 3]
    for record in api.sandbox.requests:
        assert record.finished is not None
        assert record.finished - record.started >= 0.29


def test_request_log(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    params = {"timeframe[]": [NOW - 9, NOW], "page": 3, "filters[]": "country:DE"}
    api.get(VIEWS, params, headers={"User-Agent": "tap-mux/1"})
    api.get(ASSETS, auth=("nobody", "secret-of-nobody"))
    first, second = api.sandbox.requests
    assert (first.method, first.path, first.page, first.status) == ("GET", VIEWS, 3, 200)
    assert first.params("timeframe[]") == [str(NOW - 9), str(NOW)]
    assert ("filters[]", "country:DE") in first.query
    assert first.headers["User-Agent"] == "tap-mux/1"
    assert (first.authorized, second.authorized, second.status) == (True, False, 401)
    log = repr(api.sandbox.requests)
    for secret in (TOKEN_SECRET, base64.b64encode(f"{TOKEN_ID}:{TOKEN_SECRET}".encode()).decode()):
        assert secret not in log
    assert api.sandbox.requests_to(ASSETS) == [second]


def test_stops_while_a_request_waits() -> None:
    with Sandbox(explicit()) as sandbox:
        sandbox.faults.add("/", action=Delay(60))

        def ask() -> None:
            with pytest.raises(requests.exceptions.ConnectionError):
                requests.get(sandbox.url, timeout=30)

        thread = threading.Thread(target=ask)
        thread.start()
        while not sandbox.requests:
            time.sleep(0.01)
        begun = time.perf_counter()
    thread.join()
    assert time.perf_counter() - begun < 5


def test_a_taken_port_is_said_to_the_caller() -> None:
    with Sandbox(explicit()) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), Sandbox(explicit(), port=port):
            pass


# The vendor's client


def test_the_vendors_client_reads_the_answers(serve: Callable[..., Api]) -> None:
    sandbox = serve(GeneratedWorld()).sandbox
    login = mux_python.Configuration(host=sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET)
    with mux_python.ApiClient(login) as client:
        views = mux_python.VideoViewsApi(client)
        answer = views.list_video_views(limit=100, timeframe=["7:days"], order_direction="asc")
        assert answer.total_row_count > len(answer.data) == 100
        assert answer.timeframe == [NOW - 7 * DAY, NOW]
        assert answer.data[0].view_end <= answer.data[-1].view_end

        assets = mux_python.AssetsApi(client)
        seen = 0
        for page in range(1, 100):
            answer = assets.list_assets(limit=100, page=page)
            if not answer.data:
                break
            seen += len(answer.data)
            assert all(asset.created_at.isdecimal() for asset in answer.data)
        assert seen > 2700
        cursor = assets.list_assets(limit=10).next_cursor
        second = assets.list_assets(limit=10, cursor=cursor).data
        assert second[0].id == assets.list_assets(limit=10, page=2).data[0].id
        assert assets.get_asset(second[0].id).data == second[0]
        with pytest.raises(mux_python.ApiException) as refused:
            views.list_video_views(timeframe=["101:days"])
        assert refused.value.status == 400


# The command


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MUX_SANDBOX, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


ASK = """
import os, requests, sys
url = os.environ["TAP_MUX_API_URL"]
auth = os.environ["TAP_MUX_TOKEN_ID"], os.environ["TAP_MUX_TOKEN_SECRET"]
answer = requests.get(url + "/video/v1/assets", auth=auth, timeout=9)
print(answer.status_code, answer.json()["data"][0]["id"], os.environ["MELTANO_ENVIRONMENT"])
print(sys.argv[1:])
sys.exit(42)
"""


def test_command_gets_settings_and_gives_its_exit_code() -> None:
    ended = run("--seed", "5", sys.executable, "-c", ASK, "--config=ENV", "--help", "--", "--seed")
    assert ended.returncode == 42, ended.stderr
    newest = GeneratedWorld(seed=5).assets(time.time())[0]["id"]
    assert ended.stdout.splitlines() == [
        f"200 {newest} sandbox",
        "['--config=ENV', '--help', '--', '--seed']",
    ]
    assert ended.stderr == ""


def test_command_that_is_not_there() -> None:
    ended = run("no-such-command", "--help")
    assert ended.returncode == 127
    assert ended.stderr == "mux-sandbox: no-such-command: command not found\n"
    assert run().returncode == 2
    assert run("--serve", "true").returncode == 2


def test_a_taken_port_is_said_to_the_user() -> None:
    with Sandbox(explicit()) as sandbox:
        port = sandbox.url.rpartition(":")[2]
        ended = run("--port", port, "true")
    assert ended.returncode == 1
    assert ended.stderr == f"Error: cannot serve on port {port}: Address already in use\n"


WAIT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(8)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 9), (signal.SIGINT, 8)])
def test_signals_reach_the_command(number: int, code: int) -> None:
    with subprocess.Popen(
        [*MUX_SANDBOX, sys.executable, "-c", WAIT],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline() == b"ready\n"
        sandbox.send_signal(number)
        assert sandbox.wait(timeout=20) == code


def test_serve_prints_settings_until_interrupted() -> None:
    with subprocess.Popen([*MUX_SANDBOX, "--serve"], stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline() for _ in range(3)]
        settings = dict(line.removeprefix("export ").strip().split("=") for line in lines)
        auth = settings["TAP_MUX_TOKEN_ID"], settings["TAP_MUX_TOKEN_SECRET"]
        url = settings["TAP_MUX_API_URL"]
        assert requests.get(url + VIEWS, auth=auth, timeout=20).ok
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(timeout=20) == 0
        assert sandbox.stdout.read() == ""
