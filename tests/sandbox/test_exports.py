"""Daily files of views, with signed URLs."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, HOUR, NOW, VIEWS, iso, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api

EXPORTS = "/data/v1/exports/views"


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
        for listed in generated.data(VIEWS, timeframe__=window, limit=5):
            single, row = generated.data(f"{VIEWS}/{listed['id']}"), rows[listed["id"]]
            assert row["view_end"] == listed["view_end"]
            assert row["video_title"] == (listed["video_title"] or "")
            assert row["country"] == (listed["country_code"] or "")
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
    api.move_to(midnight + 4 * HOUR)
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
    api.move_to(NOW + 61)
    expired = api.file(url)
    assert (expired.status_code, "expired" in expired.text) == (403, True)
    assert expired.text.startswith("<?xml")


def test_range_requests(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld(views=[view("v", NOW - DAY)]))
    url = api.data(EXPORTS)[0]["files"][0]["path"]
    whole = api.file(url).content
    part = api.file(url, Range="bytes=100-")
    assert (part.status_code, part.content) == (206, whole[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    assert api.file(url, Range="bytes=5-9").content == whole[5:10]
    assert api.file(url, Range="bytes=-7").content == whole[-7:]
    assert api.file(url, Range=f"bytes={len(whole)}-").status_code == 416
    api.options.ranges_supported = False
    assert api.file(url, Range="bytes=100-").content == whole
