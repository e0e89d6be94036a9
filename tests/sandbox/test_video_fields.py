"""Every documented field of the Video, System and Robots endpoints occurs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import (
    DAY,
    DIRECTIVES,
    JOBS,
    LIVE,
    NOW,
    SYSTEM,
    USAGE,
    USAGE_EXPORTS,
    VIDEO,
    WORKFLOWS,
    holds_null,
    names,
)

if TYPE_CHECKING:
    from mux_sandbox import Row
    from tests.sandbox.api import Api


def named(text: str) -> set[str]:
    """Parse a list of field names as `names` yields them; braces hold nested names."""
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
ROBOT_SETTINGS = """
questions{question answer_options free_form_reply} replacements{find replace} max_thumbnails
output_steering{scope{start_time end_time}} update_asset_chapters language_code include_words
on_flagged{action} to_language_code replace_existing_tracks never_translate
track_name delete_original_track track_name_suffix
"""
SEEN = "visual_narrative notable_visual_concepts{concept score rationale}"
HEARD = (
    "audible_narrative notable_audible_concepts cues{start_ms end_ms text} start_ms end_ms title"
)
OUTPUTS = {
    "ask-questions": "answers{question answer confidence reasoning skipped}",
    "edit-captions": """total_replacement_count uploaded_track_id temporary_vtt_url
        replaced_tracks{id type language_code name}""",
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
        never_translate_terms_preserved replaced_tracks{id type language_code name}""",
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
    f"{SYSTEM}/signing-keys": "id created_at",
    f"{SYSTEM}/webhooks": "id address enabled created_at",
    USAGE_EXPORTS: "date file_size download_url download_url_expires_at",
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
def test_lists_show_every_field(generated: Api, path: str) -> None:
    rows = generated.all(path)
    assert set(names(rows)) == named(FIELDS[path])
    if path.startswith(VIDEO):
        assert not holds_null(rows)


def test_jobs_show_every_field(generated: Api) -> None:
    jobs = GeneratedWorld().rows("robot_jobs", NOW)
    assert set(names(jobs)) == named(JOB)
    for workflow in WORKFLOWS:
        outputs = [job.get("outputs", {}) for job in jobs if job["workflow"] == workflow]
        assert set(names(outputs)) == named(OUTPUTS[workflow])
    assert {job["status"] for job in jobs} >= {"completed", "errored", "cancelled"}
    for job in jobs:
        assert ("outputs" in job) == (job["status"] == "completed")
        assert ("errors" in job) == (job["status"] == "errored")


def test_runs_show_every_field(generated: Api) -> None:
    rows: list[Row] = []
    for directive in generated.data(DIRECTIVES):
        rows += generated.all(f"{DIRECTIVES}/{directive['id']}/runs")
    assert set(names(rows)) == named(RUN)
    assert {row["status"] for row in rows} >= {"completed", "partial", "errored", "waiting"}


def test_delivery_usage_shows_every_field(generated: Api) -> None:
    rows = generated.all(USAGE, timeframe__=[NOW - 90 * DAY, NOW])
    assert set(names(rows)) == named(DELIVERED)
    assert not holds_null(rows)


def test_inputs_show_every_field() -> None:
    rows = GeneratedWorld().rows("asset_inputs", NOW)
    assert set(names(rows)) == named(ASSET_INPUT) | {"asset_id"}
