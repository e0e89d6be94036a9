"""Lists, types and secrets of the Video, System and Robots endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mux_python
import pytest

from mux_sandbox import TOKEN_ID, TOKEN_SECRET, ExplicitWorld, GeneratedWorld
from tests.sandbox.api import (
    ASSETS,
    DAY,
    DIRECTIVES,
    JOBS,
    LIVE,
    NOW,
    SIMPLE,
    SYSTEM,
    USAGE_EXPORTS,
    VIDEO,
    WORKFLOWS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox import Row
    from tests.sandbox.api import Api


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{ASSETS}/somefakeid", (400, "invalid_parameters")),
        (f"{ASSETS}/somefakeid/input-info", (400, "invalid_parameters")),
        (f"{ASSETS}/{'x' * 44}", (404, "not_found")),
        (f"{ASSETS}/{'x' * 44}/input-info", (404, "not_found")),
        (f"{DIRECTIVES}/x/runs", (404, "not_found")),
        *((f"{JOBS}/{workflow}/x", (404, "not_found")) for workflow in WORKFLOWS),
    ],
)
def test_unknown_ids(generated: Api, path: str, error: tuple[int, str]) -> None:
    assert generated.refused(path) == error


def test_a_malformed_id_is_named(generated: Api) -> None:
    message = generated.get(f"{ASSETS}/somefakeid").json()["error"]["messages"]
    assert message == ['Asset id "somefakeid" was invalid']


def test_filters_of_live_streams(generated: Api) -> None:
    rows = generated.all(LIVE)
    assert rows == sorted(rows, key=lambda row: int(row["created_at"]), reverse=True)
    for status in ("active", "idle", "disabled"):
        found = generated.all(LIVE, status=status)
        assert found == [row for row in rows if row["status"] == status] != []
    assert generated.data(LIVE, stream_key=rows[3]["stream_key"]) == [rows[3]]
    assert generated.data(LIVE, stream_key="x") == []
    assert generated.refused(LIVE, status="on air") == (400, "invalid_parameters")


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


def test_times_have_the_format_of_each_part_of_the_api(generated: Api) -> None:
    for path in SIMPLE:
        rows = generated.all(path)
        times = [row[key] for row in rows for key in ("created_at", "updated_at") if key in row]
        assert rows
        assert bool(times) == (not path.endswith(("/uploads", "/drm-configurations")))
        for moment in times:
            if path == DIRECTIVES:
                assert isinstance(moment, int)
            elif path.endswith("webhooks"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment)
            else:
                assert re.fullmatch(r"1\d{9}", moment)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def test_records_hold_many_different_secrets(generated: Api) -> None:
    streams = generated.all(LIVE)
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
            for row in generated.all(f"{VIDEO}/uploads")
            if row["status"] == "waiting"
        ),
        *(row["download_url"].partition("Signature=")[2] for row in generated.data(USAGE_EXPORTS)),
    ]
    for job in GeneratedWorld().rows("robot_jobs", NOW):
        for key, value in job.get("outputs", {}).items():
            if key.startswith("temporary_"):
                secrets.append(value.partition("Signature=")[2])
    assert len(secrets) > 100
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 32 for secret in secrets)
    assert not [
        text
        for row in generated.all(f"{SYSTEM}/signing-keys")
        for text in texts(row)
        if "-" in text
    ]


def test_the_vendors_client_reads_the_answers(generated: Api) -> None:
    login = mux_python.Configuration(
        host=generated.sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET
    )
    with mux_python.ApiClient(login) as client:
        video = mux_python.AssetsApi(client)
        asset = next(row for row in generated.all(ASSETS) if "upload_id" in row and "tracks" in row)
        assert video.get_asset_input_info(asset["id"]).data[0].settings.url
        streams = mux_python.LiveStreamsApi(client)
        assert streams.list_live_streams(limit=100).data
        simple = [
            ("DirectUploadsApi", "direct_uploads"),
            ("PlaybackRestrictionsApi", "playback_restrictions"),
            ("TranscriptionVocabulariesApi", "transcription_vocabularies"),
            ("DRMConfigurationsApi", "drm_configurations"),
            ("SigningKeysApi", "signing_keys"),
        ]
        for kind, name in simple:
            calls = getattr(mux_python, kind)(client)
            assert getattr(calls, f"list_{name}")(limit=10).data
        usage = mux_python.DeliveryUsageApi(client)
        window = [str(NOW - 9 * DAY), str(NOW)]
        answer = usage.list_delivery_usage(timeframe=window, limit=100)
        assert len(answer.data) == answer.limit == 100
        assert answer.data[0].delivered_seconds >= answer.data[-1].delivered_seconds
