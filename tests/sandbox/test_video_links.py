"""References between records of the Video, System and Robots endpoints are correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import ASSETS, DAY, DIRECTIVES, LIVE, NOW, USAGE, VIDEO, ids

if TYPE_CHECKING:
    from tests.sandbox.api import Api


def test_ids_refer_to_existing_records(generated: Api) -> None:
    assets = {row["id"]: row for row in generated.all(ASSETS)}
    configurations = set(ids(generated.all(f"{VIDEO}/drm-configurations")))
    directives = set(ids(generated.all(DIRECTIVES)))
    vocabularies = set(ids(generated.all(f"{VIDEO}/transcription-vocabularies")))
    streams = {row["id"]: row for row in generated.all(LIVE)}
    uploads = {row["id"]: row for row in generated.all(f"{VIDEO}/uploads")}
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
    assert 0 < len(gone) < 0.4 * len(made)  # mostly test assets, which are deleted early
    for stream in streams.values():
        recent = [assets[name] for name in stream.get("recent_asset_ids", [])]
        assert recent == sorted(recent, key=lambda row: int(row["created_at"]))
        assert (stream["status"] == "active") == ("active_asset_id" in stream)
        for request in stream.get("generated_subtitles", []):
            assert set(request["transcription_vocabulary_ids"]) <= vocabularies
    on_air = [row for row in streams.values() if row["status"] == "active"]
    assert len(on_air) == 1
    assert on_air[0]["active_asset_id"] == on_air[0]["recent_asset_ids"][-1]


def test_robots_work_on_assets(generated: Api) -> None:
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
    # A job is created a few seconds after its run, so it is also deleted after it.
    assert {node["job_id"] for node in dispatched} <= set(jobs)
    for name, asset in assets.items():
        if "directives" in asset and NOW - 29 * DAY < int(asset["created_at"]) < NOW - DAY:
            (applied,) = asset["directives"]
            subjects = {(run["directive_id"], run["subject_id"]) for run in runs.values()}
            assert asset["status"] == "errored" or (applied["id"], name) in subjects


def test_delivery_usage_is_of_assets(generated: Api) -> None:
    assets = {row["id"]: row for row in generated.all(ASSETS)}
    rows = generated.all(USAGE, timeframe__=[NOW - 90 * DAY, NOW])
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


def test_inputs_are_those_of_the_asset(generated: Api) -> None:
    for asset in generated.all(ASSETS)[::150]:
        path = f"{ASSETS}/{asset['id']}/input-info"
        if asset["status"] == "preparing":
            assert generated.refused(path) == (412, "failed_request")
            continue
        inputs = generated.data(path)
        if "live_stream_id" in asset:
            assert inputs == []
        elif asset["status"] == "ready":
            of_file = [track["type"] for track in inputs[0]["file"]["tracks"]]
            assert of_file == [t["type"] for t in asset["tracks"] if t["type"] != "text"]
            if "source_asset_id" in asset:
                assert inputs[0]["settings"]["url"] == f"mux://assets/{asset['source_asset_id']}"
