"""The Video, System and Robots endpoints of the sandbox keep their promises."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import mux_python
import pytest
import requests

from mux_sandbox import (
    TOKEN_ID,
    TOKEN_SECRET,
    ExplicitWorld,
    GeneratedWorld,
    Sandbox,
    SandboxOptions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox import Row, World

NOW = 1_790_035_200 + 10 * 3600  # a Tuesday, 10:00 UTC: the daily live show is on air
HOUR = 3600
DAY = 86_400
VIDEO = "/video/v1"
SYSTEM = "/system/v1"
ROBOTS = "/robots/v0"
ASSETS = f"{VIDEO}/assets"
LIVE = f"{VIDEO}/live-streams"
USAGE = f"{VIDEO}/delivery-usage"
EXPORTS = f"{SYSTEM}/usage/exports"
DIRECTIVES = f"{ROBOTS}/directives"
JOBS = f"{ROBOTS}/jobs"
WORKFLOWS = """
ask-questions edit-captions find-best-thumbnails find-key-moments find-scenes
generate-chapters generate-engagement-insights generate-premium-captions moderate summarize
translate-audio translate-captions
""".split()  # noqa: SIM905 - as the rest of the names here
SIMPLE = {
    f"{VIDEO}/uploads": "uploads",
    f"{VIDEO}/playback-restrictions": "playback_restrictions",
    f"{VIDEO}/drm-configurations": "drm_configurations",
    f"{VIDEO}/transcription-vocabularies": "transcription_vocabularies",
    f"{VIDEO}/signing-keys": "signing_keys",
    f"{SYSTEM}/signing-keys": "signing_keys",
    f"{SYSTEM}/webhooks": "webhooks",
    LIVE: "live_streams",
    DIRECTIVES: "directives",
}


class Api:
    """A client of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take the sandbox to ask."""
        self.sandbox = sandbox
        self.options = sandbox.options
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (TOKEN_ID, TOKEN_SECRET)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, params=params, timeout=20)

    def body(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, path: str, **params: Any) -> Any:
        return self.body(path, **params)["data"]

    def all(self, path: str, **params: Any) -> list[Row]:
        found: list[Row] = []
        for page in range(1, 10**6):
            rows = self.data(path, limit=100, **params, page=page)
            if not rows:
                return found
            found += rows
        raise AssertionError

    def refused(self, path: str, **params: Any) -> tuple[int, str]:
        response = self.get(path, **params)
        error = response.json()["error"]
        assert error["message"] if path.startswith(ROBOTS) else error["messages"]
        return response.status_code, error["type"]


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Start sandboxes whose clock stands at NOW."""
    with ExitStack() as stack:

        def start(world: World, **options: Any) -> Api:
            options.setdefault("clock", lambda: NOW)
            api = Api(stack.enter_context(Sandbox(world, SandboxOptions(**options))))
            stack.callback(api.session.close)
            return api

        yield start


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """Serve one generated world to all tests that only read it."""
    with Sandbox(GeneratedWorld(), SandboxOptions(clock=lambda: NOW)) as sandbox:
        client = Api(sandbox)
        yield client
        client.session.close()


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def names(value: Any, prefix: str = "") -> Iterator[str]:
    """Name all fields there are, those of parts after a dot."""
    if isinstance(value, list):
        for item in value:
            yield from names(item, prefix)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield prefix + key
            yield from names(item, f"{prefix}{key}.")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def holds_null(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(map(holds_null, value.values() if isinstance(value, dict) else value))
    return value is None


def named(text: str) -> set[str]:
    """Read names as `names` gives them, with the parts of a field in braces after it."""
    found: set[str] = set()
    path = [""]
    for word in re.findall(r"[{}]|\w+", text):
        if word == "{":
            path.append(path[-1])
        elif word == "}":
            path.pop()
        else:
            path[-1] = ".".join([*path[-2:-1], word])
            found.add(path[-1])
    return found


# Every documented field occurs

INPUT = """
url overlay_settings{vertical_align vertical_margin horizontal_align horizontal_margin width height
opacity} generated_subtitles{name passthrough language_code} start_time end_time type text_type
language_code name closed_captions passthrough
"""
NEW_ASSET = f"""
new_asset_settings{{input{{{INPUT}}} inputs{{{INPUT}}} playback_policy playback_policies
advanced_playback_policies{{policy drm_configuration_id}} passthrough mp4_support normalize_audio
master_access test max_resolution_tier encoding_tier video_quality per_title_encode
static_renditions{{resolution passthrough}} meta{{title creator_id external_id}} copy_overlays
directives{{id}} generate_shots}}
"""
LIVE_STREAM = f"""
id created_at stream_key active_asset_id recent_asset_ids status {NEW_ASSET} passthrough audio_only
playback_ids{{id policy drm_configuration_id}}
embedded_subtitles{{name passthrough language_code language_channel}}
generated_subtitles{{name passthrough language_code transcription_vocabulary_ids}}
reconnect_window use_slate_for_standard_latency reconnect_slate_url reduced_latency low_latency
simulcast_targets{{id passthrough status stream_key url error_severity}} latency_mode test
max_continuous_duration srt_passphrase active_ingest_protocol meta{{title}}
"""
UPLOAD = f"""
id timeout status {NEW_ASSET} asset_id error{{type message}} cors_origin url test
"""
STEERING = """
output_steering{scope{start_time end_time} audience brand_terms selection_strategy looking_for
campaign_style scoring_priorities title_style rubric_priorities segmentation_strategy
narration_detail chapter_style chapter_granularity summary_style
topic_taxonomy{name values{label description aliases} allow_other}
tag_taxonomy{name values{label description aliases} allow_other}}
prompt_overrides{task output_format chapter_guidelines title_guidelines title description keywords
quality_guidelines}
"""
ROBOT_SETTINGS = f"""
{STEERING} language_code output_language_code to_language_code
questions{{question answer_options free_form_reply}} max_free_form_answer_length
auto_censor_profanity{{detection_method mode always_censor never_censor}}
replacements{{find replace case_sensitive}} speaker_replacements{{find replace}} upload_to_mux
delete_original_track track_name_suffix max_thumbnails update_asset_thumbnail max_moments
target_duration_ms{{min max}} use_shots min_scenes min_scene_duration_ms update_asset_chapters
replace_existing replace_existing_tracks track_name include_speakers include_words phrases
thresholds{{sexual violence}} sampling_interval max_samples on_flagged{{action}} tone title_length
description_length tag_count update_asset_meta never_translate
"""
SEEN = "visual_narrative notable_visual_concepts{concept score rationale}"
HEARD = (
    "audible_narrative notable_audible_concepts cues{start_ms end_ms text} start_ms end_ms title"
)
OUTPUTS = {
    "ask-questions": "answers{question answer confidence reasoning skipped}",
    "edit-captions": "total_replacement_count uploaded_track_id temporary_vtt_url",
    "find-best-thumbnails": """best_thumbnails{timestamp_ms overall description alt_text
        subscores{focus face_or_action composition contrast_color brand_fit}}""",
    "find-key-moments": f"""moments{{{HEARD} {SEEN} overall_score
        quotable_segment{{start_ms text}}}}""",
    "find-scenes": f"""scenes{{{HEARD} {SEEN} blended_narrative shot_count
        shots{{start_ms end_ms visual_description}}}}""",
    "generate-chapters": """chapters{start_time title}
        asset_update{status track_id replaced_track_id}""",
    "generate-engagement-insights": """overall_insight{summary trends}
        moment_insights{start_ms end_ms engagement_score insight}""",
    "generate-premium-captions": """track_id language_code detected_language temporary_srt_url
        auto_language_confidence temporary_words_url replaced_track_id
        replaced_tracks{id type language_code name text_source passthrough}""",
    "moderate": """thumbnail_scores{time sexual violence} max_scores{sexual violence}
        exceeds_threshold flagged_action{action deleted_playback_ids}""",
    "summarize": "title description tags",
    "translate-audio": """uploaded_track_id temporary_audio_url
        replaced_tracks{id type language_code name}""",
    "translate-captions": """uploaded_track_id temporary_vtt_url
        never_translate_terms_preserved""",
}
JOB = f"""
id passthrough units_consumed directive{{id run_id}} created_at updated_at workflow status
errors{{type message retryable}} parameters{{asset_id track_id {ROBOT_SETTINGS}}}
resources{{assets{{id passthrough meta{{title creator_id external_id}} _links{{self{{href}}}}}}}}
outputs{{{" ".join(OUTPUTS.values())}}}
"""
FIELDS = {
    LIVE: LIVE_STREAM,
    f"{VIDEO}/uploads": UPLOAD,
    f"{VIDEO}/playback-restrictions": """id created_at updated_at
        referrer{allowed_domains allow_no_referrer}
        user_agent{allow_no_user_agent allow_high_risk_user_agent}""",
    f"{VIDEO}/drm-configurations": "id",
    f"{VIDEO}/transcription-vocabularies": "id name phrases passthrough created_at updated_at",
    f"{VIDEO}/signing-keys": "id created_at",
    f"{SYSTEM}/signing-keys": "id created_at",
    f"{SYSTEM}/webhooks": "id address enabled created_at",
    EXPORTS: "date file_size download_url download_url_expires_at",
    DIRECTIVES: f"""id name subject{{type}} created_at updated_at
        resources{{reference_id type kind language source{{via binding action
        params{{language_code source_audio_language url type image_source}}}}}}
        workflows{{reference_id workflow inputs params{{{ROBOT_SETTINGS}}}}}""",
    JOBS: "id workflow status created_at updated_at _links{self{href}}",
}
RUN = """run_id subject_id status started_at completed_at
    node_states{reference_id status workflow_name job_id reason source_workflows}"""
DELIVERED = """live_stream_id asset_id passthrough created_at deleted_at asset_state asset_duration
    asset_resolution_tier asset_encoding_tier asset_video_quality delivered_seconds
    delivered_seconds_by_resolution{tier_2160p tier_1440p tier_1080p tier_720p tier_audio_only}"""
ASSET_INPUT = f"""settings{{{INPUT}}} file{{container_format
    tracks{{type duration encoding width height frame_rate sample_rate sample_size channels}}}}"""


@pytest.mark.parametrize("path", FIELDS)
def test_lists_show_every_field(api: Api, path: str) -> None:
    rows = api.all(path)
    assert set(names(rows)) == named(FIELDS[path])
    if path.startswith(VIDEO):
        assert not holds_null(rows)
    if path not in {EXPORTS, JOBS}:
        for row in rows[::40]:
            assert api.data(f"{path}/{row['id']}") == row


def test_jobs_show_every_field(api: Api) -> None:
    jobs = GeneratedWorld().rows("robot_jobs", NOW)
    assert set(names(jobs)) == named(JOB)
    for workflow in WORKFLOWS:
        outputs = [job.get("outputs", {}) for job in jobs if job["workflow"] == workflow]
        assert set(names(outputs)) == named(OUTPUTS[workflow])
    assert {job["status"] for job in jobs} >= {"completed", "errored", "cancelled"}
    for job in jobs:
        assert ("outputs" in job) == (job["status"] == "completed")
        assert ("errors" in job) == (job["status"] == "errored")


def test_runs_show_every_field(api: Api) -> None:
    rows: list[Row] = []
    for directive in api.data(DIRECTIVES):
        rows += api.all(f"{DIRECTIVES}/{directive['id']}/runs")
    assert set(names(rows)) == named(RUN)
    assert {row["status"] for row in rows} >= {"completed", "partial", "errored", "waiting"}


def test_delivery_usage_shows_every_field(api: Api) -> None:
    rows = api.all(USAGE, **{"timeframe[]": [NOW - 90 * DAY, NOW]})
    assert set(names(rows)) == named(DELIVERED)
    assert not holds_null(rows)


def test_inputs_show_every_field() -> None:
    rows = GeneratedWorld().rows("asset_inputs", NOW)
    assert set(names(rows)) == named(ASSET_INPUT) | {"asset_id"}


@pytest.mark.parametrize("after", [0, 11 * DAY + 7 * HOUR, 200 * DAY])
def test_a_restart_changes_nothing(after: int) -> None:
    now = NOW + after
    first, second, other = (GeneratedWorld(seed=seed) for seed in (7, 7, 8))
    tables = {*SIMPLE.values(), "usage_exports", "robot_jobs", "directive_runs", "asset_inputs"}
    for table in tables:
        rows = first.rows(table, NOW) and first.rows(table, now)
        assert rows
        assert rows == second.rows(table, now)
        assert rows != other.rows(table, now)
        assert first.rows(table, now) is rows
    window = (now - DAY, now)
    assert first.deliveries(*window, now) == second.deliveries(*window, now)


# What belongs together


def test_playback_ids_lead_to_their_owners(api: Api) -> None:
    for path, kind in ((ASSETS, "asset"), (LIVE, "live_stream")):
        for owner in [row for row in api.all(path) if "playback_ids" in row][::200]:
            for shown in owner["playback_ids"]:
                found = api.data(f"{VIDEO}/playback-ids/{shown['id']}")
                assert found == {
                    "id": shown["id"],
                    "policy": shown["policy"],
                    "object": {"id": owner["id"], "type": kind},
                }
                assert api.data(f"{path}/{owner['id']}/playback-ids/{shown['id']}") == shown
    assert api.refused(f"{VIDEO}/playback-ids/nobodys") == (404, "not_found")


def test_ids_lead_somewhere(api: Api) -> None:
    assets = {row["id"]: row for row in api.all(ASSETS)}
    configurations = set(ids(api.all(f"{VIDEO}/drm-configurations")))
    directives = set(ids(api.all(DIRECTIVES)))
    vocabularies = set(ids(api.all(f"{VIDEO}/transcription-vocabularies")))
    streams = {row["id"]: row for row in api.all(LIVE)}
    uploads = {row["id"]: row for row in api.all(f"{VIDEO}/uploads")}
    for name, row in assets.items():
        for shown in row.get("playback_ids", []):
            assert shown.get("drm_configuration_id") in {None, *configurations}
        assert {applied["id"] for applied in row.get("directives", [])} <= directives
        if "upload_id" in row:
            upload = uploads[row["upload_id"]]
            assert (upload["status"], upload["asset_id"]) == ("asset_created", name)
            assert upload["new_asset_settings"].get("meta") == row.get("meta")
        if "live_stream_id" in row:
            stream = streams[row["live_stream_id"]]
            assert int(stream["created_at"]) < int(row["created_at"])
            assert (stream.get("active_asset_id") == name) == row.get("is_live", False)
    made = {row["asset_id"] for row in uploads.values() if "asset_id" in row}
    gone = made - set(assets)
    assert 0 < len(gone) < 0.4 * len(made)  # most of them tests that were soon deleted
    for stream in streams.values():
        recent = [assets[name] for name in stream.get("recent_asset_ids", [])]
        assert recent == sorted(recent, key=lambda row: int(row["created_at"]))
        assert (stream["status"] == "active") == ("active_asset_id" in stream)
        for request in stream.get("generated_subtitles", []):
            assert set(request["transcription_vocabulary_ids"]) <= vocabularies
    on_air = [row for row in streams.values() if row["status"] == "active"]
    assert len(on_air) == 1
    assert on_air[0]["active_asset_id"] == on_air[0]["recent_asset_ids"][-1]


def test_robots_work_on_assets(api: Api) -> None:
    world = GeneratedWorld()
    assets = {row["id"]: row for row in world.assets(NOW)}
    jobs = {job["id"]: job for job in world.rows("robot_jobs", NOW)}
    runs = {row["run_id"]: row for row in world.rows("directive_runs", NOW)}
    deleted = 0
    for job in jobs.values():
        about = job["parameters"]["asset_id"]
        assert ids(job["resources"]["assets"]) == [about]
        asset = assets.get(about, {})
        deleted += not asset
        if asset and "track_id" in job["parameters"]:
            assert job["parameters"]["track_id"] in ids(asset["tracks"])
        if "directive" in job:
            run = runs[job["directive"]["run_id"]]
            assert run["directive_id"] == job["directive"]["id"]
            assert run["subject_id"] == about
            assert job["id"] in {node.get("job_id") for node in run["node_states"]}
    assert deleted < 0.1 * len(jobs)
    dispatched = [node for run in runs.values() for node in run["node_states"] if "job_id" in node]
    # A job is a few seconds younger than its run, and so is kept for longer.
    assert {node["job_id"] for node in dispatched} <= set(jobs)
    for name, asset in assets.items():
        if "directives" in asset and NOW - 29 * DAY < int(asset["created_at"]) < NOW - DAY:
            (applied,) = asset["directives"]
            subjects = {(run["directive_id"], run["subject_id"]) for run in runs.values()}
            assert asset["status"] == "errored" or (applied["id"], name) in subjects


def test_delivery_usage_is_of_assets(api: Api) -> None:
    assets = {row["id"]: row for row in api.all(ASSETS)}
    rows = api.all(USAGE, **{"timeframe[]": [NOW - 90 * DAY, NOW]})
    assert len({row["asset_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["delivered_seconds"] > 0
        split = sum(row["delivered_seconds_by_resolution"].values())
        assert split == pytest.approx(row["delivered_seconds"])
        if row["asset_state"] == "deleted":
            assert row["asset_id"] not in assets
            assert int(row["created_at"]) < int(row["deleted_at"]) <= NOW
        else:
            asset = assets[row["asset_id"]]
            assert "deleted_at" not in row
            assert row["asset_duration"] == asset["duration"]
            assert row.get("live_stream_id") == asset.get("live_stream_id")
    assert {row["asset_state"] for row in rows} == {"ready", "deleted"}


def test_inputs_are_those_of_the_asset(api: Api) -> None:
    for asset in api.all(ASSETS)[::150]:
        path = f"{ASSETS}/{asset['id']}/input-info"
        if asset["status"] == "preparing":
            assert api.refused(path) == (412, "failed_request")
            continue
        inputs = api.data(path)
        if "live_stream_id" in asset:
            assert inputs == []
        elif asset["status"] == "ready":
            of_file = [track["type"] for track in inputs[0]["file"]["tracks"]]
            assert of_file == [t["type"] for t in asset["tracks"] if t["type"] != "text"]
            if "source_asset_id" in asset:
                assert inputs[0]["settings"]["url"] == f"mux://assets/{asset['source_asset_id']}"


# What happens as time goes by


def test_an_upload_waits_until_its_asset_is_there() -> None:
    world = GeneratedWorld()
    asset = next(row for row in world.assets(NOW) if "upload_id" in row)
    created = int(asset["created_at"])

    def upload(now: float) -> Row | None:
        rows = world.rows("uploads", now)
        return next((row for row in rows if row["id"] == asset["upload_id"]), None)

    before, after = upload(created - 10), upload(created)
    assert upload(created - 1000) is None
    assert before is not None
    assert after is not None
    assert (before["status"], after["status"]) == ("waiting", "asset_created")
    assert "Signature=" in before["url"]
    assert "url" not in after


def test_a_job_goes_through_its_states() -> None:
    world = GeneratedWorld()
    job = next(row for row in world.rows("robot_jobs", NOW) if row["status"] == "completed")
    seen = []
    for now in range(job["created_at"] - 1, job["updated_at"] + 2):
        rows = world.rows("robot_jobs", now)
        seen += [row for row in rows if row["id"] == job["id"] and row not in seen]
    assert [row["status"] for row in seen] == ["pending", "processing", "completed"]
    assert [row["updated_at"] for row in seen] == sorted({row["updated_at"] for row in seen})
    assert "outputs" not in seen[1]
    assert seen[-1] == job
    kept = job["created_at"] + 30 * DAY
    assert job in world.rows("robot_jobs", kept - 1)
    assert job not in world.rows("robot_jobs", kept)


def test_a_run_goes_through_its_states() -> None:
    world = GeneratedWorld()
    runs = world.rows("directive_runs", NOW)
    run = next(row for row in runs if row["status"] == "completed")
    seen: list[Row] = []
    for now in range(run["started_at"] - 1, run["completed_at"] + 2):
        rows = world.rows("directive_runs", now)
        seen += [row for row in rows if row["run_id"] == run["run_id"] and row not in seen]
    assert [row["status"] for row in seen] == ["pending", "dispatching", "running", "completed"]
    assert [row["completed_at"] for row in seen] == [None, None, None, run["completed_at"]]


def test_a_remembered_table_is_the_right_one() -> None:
    world = GeneratedWorld(assets=800)
    for now in range(NOW, NOW + 6 * HOUR, 1777):
        fresh = GeneratedWorld(assets=800)
        for table in ("uploads", "live_streams", "robot_jobs", "directive_runs", "usage_exports"):
            assert world.rows(table, now) == fresh.rows(table, now)


# Single rows and errors


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{ASSETS}/somefakeid", (400, "invalid_parameters")),
        (f"{ASSETS}/somefakeid/shots", (400, "invalid_parameters")),
        (f"{ASSETS}/somefakeid/input-info", (400, "invalid_parameters")),
        (f"{ASSETS}/{'x' * 44}", (404, "not_found")),
        (f"{ASSETS}/{'x' * 44}/input-info", (404, "not_found")),
        (f"{ASSETS}/{'x' * 44}/playback-ids/y", (404, "not_found")),
        (f"{LIVE}/x/simulcast-targets/y", (404, "not_found")),
        *((f"{path}/x", (404, "not_found")) for path in SIMPLE),
        (f"{DIRECTIVES}/x/runs", (404, "not_found")),
        (f"{DIRECTIVES}/x/runs/y", (404, "not_found")),
        *((f"{JOBS}/{workflow}/x", (404, "not_found")) for workflow in WORKFLOWS),
    ],
)
def test_unknown_ids(api: Api, path: str, error: tuple[int, str]) -> None:
    assert api.refused(path) == error


def test_parts_of_assets_and_live_streams(api: Api) -> None:
    message = api.get(f"{ASSETS}/somefakeid").json()["error"]["messages"]
    assert message == ['Asset id "somefakeid" was invalid']
    assets = api.all(ASSETS)
    with_shots = next(row for row in assets if "shots" in row)
    assert api.data(f"{ASSETS}/{with_shots['id']}/shots") == with_shots["shots"]
    without = next(row for row in assets if "shots" not in row)
    assert api.refused(f"{ASSETS}/{without['id']}/shots") == (404, "not_found")
    stream = next(row for row in api.all(LIVE) if "simulcast_targets" in row)
    for target in stream["simulcast_targets"]:
        path = f"{LIVE}/{stream['id']}/simulcast-targets/{target['id']}"
        assert api.data(path) == target
    assert api.refused(f"{LIVE}/{stream['id']}/simulcast-targets/x") == (404, "not_found")


def test_filters_of_live_streams(api: Api) -> None:
    rows = api.all(LIVE)
    assert rows == sorted(rows, key=lambda row: int(row["created_at"]), reverse=True)
    for status in ("active", "idle", "disabled"):
        found = api.all(LIVE, status=status)
        assert found == [row for row in rows if row["status"] == status] != []
    assert api.data(LIVE, stream_key=rows[3]["stream_key"]) == [rows[3]]
    assert api.data(LIVE, stream_key="x") == []
    assert api.refused(LIVE, status="on air") == (400, "invalid_parameters")


@pytest.mark.parametrize("path", SIMPLE)
def test_pages(serve: Callable[..., Api], path: str) -> None:
    rows = [{"id": f"r{number}"} for number in range(120)]
    world = ExplicitWorld()
    world.tables[SIMPLE[path]] = rows
    api = serve(world)
    few = path.endswith("vocabularies")
    default, most = (10, 10) if few else (25, 100)
    body = api.body(path)
    assert body["data"] == rows[:default]
    assert api.data(path, limit=1000) == rows[:most]
    assert api.data(path, page=2, limit=7) == rows[7:14]
    assert api.data(path, page=50) == []
    total = {"total_row_count": 120}
    expected: dict[str, Row] = {
        f"{SYSTEM}/webhooks": total | {"page": 1, "limit": 25},
        DIRECTIVES: total,
    }
    assert {key: value for key, value in body.items() if key != "data"} == expected.get(path, {})
    assert api.refused(path, page=0) == (400, "invalid_parameters")


def test_tables_may_be_filled_while_the_server_runs(serve: Callable[..., Api]) -> None:
    world = ExplicitWorld(assets=[{"id": "a1", "status": "preparing"}])
    api = serve(world)
    assert api.data(f"{VIDEO}/uploads") == []
    world.tables["uploads"] = [{"id": "u1"}]
    assert api.data(f"{VIDEO}/uploads") == [{"id": "u1"}]
    assert api.refused(f"{ASSETS}/a1/input-info") == (412, "failed_request")
    assert api.get(f"{ASSETS}/a1/input-info").json()["error"]["messages"] == [
        "Asset is still preparing"
    ]
    world.asset_rows[0]["status"] = "ready"
    assert api.data(f"{ASSETS}/a1/input-info") == []
    settings = {"settings": {"url": "https://example.com/a.mp4"}}
    world.tables["asset_inputs"] = [{"asset_id": "a2"}, {"asset_id": "a1", **settings}]
    assert api.data(f"{ASSETS}/a1/input-info") == [settings]
    assert api.refused(f"{ASSETS}/a9") == (404, "not_found")


# Delivery usage


def delivered(name: str, hour: int, seconds: float, **more: Any) -> Row:
    split = {"tier_720p": seconds} if seconds else {}
    return {
        "asset_id": name,
        "hour": hour,
        "delivered_seconds": seconds,
        "delivered_seconds_by_resolution": split,
        **more,
    }


def test_delivery_usage_is_summed_over_the_timeframe(serve: Callable[..., Api]) -> None:
    begin = NOW - 3 * DAY
    rows = [
        delivered("a", begin, 10.25),
        delivered("a", begin + HOUR, 20.5),
        delivered("a", begin + 2 * HOUR, 900),
        delivered("b", begin, 500, live_stream_id="s"),
        delivered("c", begin, 0),
    ]
    api = serve(ExplicitWorld(delivery_usage=rows))
    window = {"timeframe[]": [begin, begin + 2 * HOUR]}
    body = api.body(USAGE, **window)
    assert body == {
        "timeframe": window["timeframe[]"],
        "page": 1,
        "limit": 100,
        "data": [
            {
                "asset_id": "b",
                "live_stream_id": "s",
                "delivered_seconds": 500,
                "delivered_seconds_by_resolution": {"tier_720p": 500},
            },
            {
                "asset_id": "a",
                "delivered_seconds": 30.75,
                "delivered_seconds_by_resolution": {"tier_720p": 30.75},
            },
        ],
    }
    assert api.data(USAGE, asset_id="a", **window) == body["data"][1:]
    assert api.data(USAGE, live_stream_id="s", **window) == body["data"][:1]
    assert api.data(USAGE, page=2, limit=1, **window) == body["data"][1:]
    assert api.data(USAGE, page=3, **window) == []


def test_delivery_usage_comes_late(serve: Callable[..., Api]) -> None:
    hours = [NOW - back * HOUR for back in range(11, 16)]
    rows = [delivered(str(hour), hour, 1) for hour in hours]
    api = serve(ExplicitWorld(delivery_usage=rows))
    api.options.clock = lambda: NOW + 635
    body = api.body(USAGE)
    assert body["timeframe"] == [NOW - 13 * HOUR, NOW - 12 * HOUR]
    assert [row["asset_id"] for row in body["data"]] == [str(NOW - 13 * HOUR)]
    window = {"timeframe[]": [NOW - DAY, NOW]}
    assert len(api.data(USAGE, **window)) == 3
    api.options.clock = lambda: NOW + HOUR
    assert len(api.data(USAGE, **window)) == 4


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"timeframe[]": "24:hours"}, "invalid_parameters"),
        ({"timeframe[]": [NOW, NOW - 1]}, "invalid_parameters"),
        ({"timeframe[]": [NOW - 90 * DAY - 1, NOW]}, "invalid_timeframe"),
        ({"asset_id": "a", "live_stream_id": "b"}, "invalid_parameters"),
    ],
)
def test_delivery_usage_refuses(api: Api, params: dict[str, Any], kind: str) -> None:
    assert api.refused(USAGE, **params) == (400, kind)


# Usage exports


def test_usage_exports(api: Api) -> None:
    body = api.body(EXPORTS)
    assert body["meta"] == {"page": 1, "pages": 16, "limit": 25, "total": 400}
    first = body["data"][0]
    assert first["date"] == "2026-09-21"
    assert first["download_url_expires_at"] == NOW + HOUR
    assert "X-Amz-Expires=3600&X-Amz-Signature=" in first["download_url"]
    assert api.data(EXPORTS, download_url_ttl=60)[0]["download_url_expires_at"] == NOW + 60
    assert api.data(EXPORTS, page=17) == []
    week = api.data(EXPORTS, **{"timeframe[]": "7:days"})
    assert [row["date"] for row in week] == [f"2026-09-{day}" for day in range(21, 14, -1)]
    pair = api.body(EXPORTS, **{"timeframe[]": [NOW - 3 * DAY, NOW - 2 * DAY]})
    assert [row["date"] for row in pair["data"]] == ["2026-09-20", "2026-09-19"]
    assert pair["meta"]["total"] == 2


def test_usage_exports_refuse(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    future = {"timeframe[]": [NOW + DAY, NOW + 2 * DAY]}
    assert api.refused(EXPORTS, **future) == (404, "not_found")
    for params in ({"timeframe[]": "soon"}, {"download_url_ttl": 0}, {"download_url_ttl": 604_801}):
        assert api.refused(EXPORTS, **params) == (400, "bad_request")
    api.options.clock = lambda: NOW - 2 * HOUR + 60
    assert api.refused(EXPORTS) == (412, "precondition_failed")
    earlier = {"timeframe[]": [NOW - 9 * DAY, NOW - 2 * DAY]}
    assert len(api.data(EXPORTS, **earlier)) == 8
    api.options.usage_exports_enabled = False
    assert api.refused(EXPORTS) == (403, "forbidden")
    assert serve(ExplicitWorld()).refused(EXPORTS) == (404, "not_found")


# Robots


def test_jobs_are_listed_in_brief_and_given_in_full(api: Api) -> None:
    rows = api.all(JOBS)
    created = [row["created_at"] for row in rows]
    assert created == sorted(created, reverse=True)
    assert min(created) > NOW - 30 * DAY
    assert all(isinstance(row[key], int) for row in rows for key in ("created_at", "updated_at"))
    for workflow in WORKFLOWS:
        of_workflow = api.all(JOBS, workflow=workflow)
        assert of_workflow == [row for row in rows if row["workflow"] == workflow] != []
        brief = of_workflow[0]
        assert brief["_links"]["self"]["href"].endswith(f"{JOBS}/{workflow}/{brief['id']}")
        job = api.data(f"{JOBS}/{workflow}/{brief['id']}")
        assert {key: job[key] for key in brief if key != "_links"} == {
            key: value for key, value in brief.items() if key != "_links"
        }
        assert brief in api.all(JOBS, asset_id=job["parameters"]["asset_id"], workflow=workflow)
        other = WORKFLOWS[WORKFLOWS.index(workflow) - 1]
        assert api.refused(f"{JOBS}/{other}/{brief['id']}") == (404, "not_found")
    errored = api.all(JOBS, status="errored")
    assert errored == [row for row in rows if row["status"] == "errored"] != []
    assert api.body(JOBS, status="errored", limit=1)["total_row_count"] == len(errored)
    for params in ({"status": "done"}, {"workflow": "dance"}, {"limit": "all"}):
        assert api.refused(JOBS, **params) == (400, "invalid_parameters")


def test_runs_belong_to_a_directive(api: Api) -> None:
    first, second = api.data(DIRECTIVES, limit=2)
    body = api.body(f"{DIRECTIVES}/{first['id']}/runs")
    assert len(body["data"]) == 25 < body["total_row_count"]
    started = [row["started_at"] for row in body["data"]]
    assert started == sorted(started, reverse=True)
    run = body["data"][0]
    assert api.data(f"{DIRECTIVES}/{first['id']}/runs/{run['run_id']}") == run
    path = f"{DIRECTIVES}/{second['id']}/runs/{run['run_id']}"
    assert api.refused(path) == (404, "not_found")


def test_robots_may_be_off(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld(), robots_enabled=False)
    for path in (JOBS, DIRECTIVES, f"{JOBS}/summarize/x"):
        assert api.refused(path) == (403, "forbidden")
    assert api.data(LIVE)


# Types and secrets


def test_times_are_as_each_part_of_the_api_writes_them(api: Api) -> None:
    for path in SIMPLE:
        for row in api.all(path):
            for key in {"created_at", "updated_at"} & set(row):
                if path == DIRECTIVES:
                    assert isinstance(row[key], int)
                elif path.endswith("webhooks"):
                    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row[key])
                else:
                    assert re.fullmatch(r"1\d{9}", row[key])


def test_secrets_are_there_to_be_searched_for(api: Api) -> None:
    streams = api.all(LIVE)
    targets = [target for row in streams for target in row.get("simulcast_targets", [])]
    secrets = [
        *(row["stream_key"] for row in streams),
        *(row["srt_passphrase"] for row in streams),
        *(target["stream_key"] for target in targets if "stream_key" in target),
        *(
            target["url"].partition("passphrase=")[2]
            for target in targets
            if target["url"].startswith("srt:")
        ),
        *(
            row["url"].partition("Signature=")[2].partition("&")[0]
            for row in api.all(f"{VIDEO}/uploads")
            if row["status"] == "waiting"
        ),
        *(row["download_url"].partition("Signature=")[2] for row in api.data(EXPORTS)),
    ]
    for job in GeneratedWorld().rows("robot_jobs", NOW):
        for key, value in job.get("outputs", {}).items():
            if key.startswith("temporary_"):
                secrets.append(value.partition("Signature=")[2])
    assert len(secrets) > 100
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 32 for secret in secrets)
    assert not [
        text for row in api.all(f"{SYSTEM}/signing-keys") for text in texts(row) if "-" in text
    ]


# The vendor's client


def test_the_vendors_client_reads_the_answers(api: Api) -> None:
    login = mux_python.Configuration(host=api.sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET)
    with mux_python.ApiClient(login) as client:
        video = mux_python.AssetsApi(client)
        asset = next(row for row in api.all(ASSETS) if "upload_id" in row and "tracks" in row)
        assert video.get_asset_input_info(asset["id"]).data[0].settings.url
        streams = mux_python.LiveStreamsApi(client)
        for row in streams.list_live_streams(limit=100).data:
            assert streams.get_live_stream(row.id).data == row
            for shown in row.playback_ids or []:
                assert streams.get_live_stream_playback_id(row.id, shown.id).data == shown
                owner = mux_python.PlaybackIDApi(client).get_asset_or_livestream_id(shown.id).data
                assert (owner.object.id, owner.object.type) == (row.id, "live_stream")
            for target in row.simulcast_targets or []:
                found = streams.get_live_stream_simulcast_target(row.id, target.id).data
                assert found == target
        simple = [
            ("DirectUploadsApi", "direct_upload"),
            ("PlaybackRestrictionsApi", "playback_restriction"),
            ("TranscriptionVocabulariesApi", "transcription_vocabulary"),
            ("DRMConfigurationsApi", "drm_configuration"),
            ("SigningKeysApi", "signing_key"),
            ("URLSigningKeysApi", "url_signing_key"),
        ]
        for kind, name in simple:
            calls = getattr(mux_python, kind)(client)
            many = name.replace("vocabulary", "vocabularie") + "s"
            rows = getattr(calls, f"list_{many}")(limit=10).data
            assert rows
            assert getattr(calls, f"get_{name}")(rows[-1].id).data == rows[-1]
        usage = mux_python.DeliveryUsageApi(client)
        window = [str(NOW - 9 * DAY), str(NOW)]
        answer = usage.list_delivery_usage(timeframe=window, limit=100)
        assert len(answer.data) == answer.limit == 100
        assert answer.data[0].delivered_seconds >= answer.data[-1].delivered_seconds
