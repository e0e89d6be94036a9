"""Assets have every field, change their state, and are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import ASSETS, DAY, NOW, explicit, holds_null, ids, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api

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
shots.errors.type shots.errors.messages shots.created_at thumbnail_time
""".split()  # noqa: SIM905 - a list would be a hundred lines


def test_assets_show_every_field_and_no_null(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    rows = api.all(ASSETS)
    assert set(names(rows)) == set(ASSET_FIELDS)
    assert all(isinstance(row["created_at"], str) for row in rows)
    assert not [row for row in rows if holds_null(row)]
    assert {row["status"] for row in rows} >= {"ready", "errored"}
    assert sum("progress" not in row for row in rows) > 100
    kinds = {track.get("text_type") for row in rows for track in row.get("tracks", ())}
    assert kinds == {None, "subtitles", "chapters"}


def test_assets_change_their_state() -> None:
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


def test_some_assets_are_deleted_early_and_all_after_two_years() -> None:
    world = GeneratedWorld()
    before = set(ids(world.assets(NOW)))
    after = set(ids(world.assets(NOW + 60 * DAY)))
    gone_early = [row for row in world.assets(NOW) if row["id"] not in after and "test" not in row]
    assert any(int(row["created_at"]) > NOW - 60 * DAY for row in gone_early)
    assert len(before - after) < 400
    assert not before & set(ids(world.assets(NOW + 731 * DAY)))


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
    assert api.refused(f"{ASSETS}/a9") == (404, "not_found")
