"""URLs lose their secrets; what cannot be taken apart with certainty becomes null."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mux.records.urls import of_unknown, to_host, to_path
from tests.support.records import NOW, asset
from tests.support.tapping import catalog_of, run_tap
from tests.support.urls import HTTPS, SECRETS, URLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox


@pytest.mark.parametrize(("url", "path", "host"), URLS)
def test_what_is_left(url: str, path: str | None, host: str | None) -> None:
    assert (to_path(url), to_host(url)) == (path, host)
    assert "pw" not in f"{path}{host}"


@pytest.mark.parametrize("url", [*SECRETS, "https%3A%2F%2Fpw", "/b?token=pw", "a&Signature=pw"])
def test_a_text_of_which_nothing_is_known(url: str) -> None:
    is_no_url = url in {"pw", "/relative/pw"}
    assert of_unknown(url) == (url if is_no_url else to_host(url))


@pytest.mark.parametrize(
    "text",
    ["", "a", "2026-01-31T23:59:59Z", "a: b/c", "50%", "data", "10:30", "a@b.example", "to: a@b"],
)
def test_a_text_that_is_no_url_stays_as_it_is(text: str) -> None:
    assert of_unknown(text) == text


PARTS = st.text(st.sampled_from("/:@?#[]%\\.;= \n\tea1é") | st.characters(codec="utf-8"))


@given(st.sampled_from(["https://", "https:", "//", "s3://", "rtmp://", ""]), PARTS, PARTS, PARTS)
def test_what_is_left_is_a_beginning_without_any_login(
    start: str, one: str, two: str, three: str
) -> None:
    url = f"{start}{one}@{two}/{three}"
    for shorten in (to_path, to_host):
        found = shorten(url)
        if found is not None:
            scheme, _, rest = found.partition("://")
            assert url.startswith(f"{scheme}://")
            assert rest in url
            assert not set(rest) & set("@?#\\; \n\t")
            assert shorten(found) == found


ODD: list[Any] = [*SECRETS, ["https://pw"], {"https://pw": "pw"}, 1.5, None]


def left(value: Any, shorten: Callable[[str], str | None]) -> str | None:
    """Say what is left of the value of a field."""
    return shorten(value) if isinstance(value, str) else None


class TestRecords:
    """Records with every hostile URL."""

    def test_urls_at_every_depth(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        world.tables["live_streams"] = [
            {
                "id": str(number),
                "reconnect_slate_url": value,
                "simulcast_targets": [{"url": value, "stream_key": "pw", "new": [value]}],
                "new_asset_settings": {"inputs": [{"url": value}, None, {"name": "b"}]},
            }
            for number, value in enumerate(ODD)
        ]
        output = run_tap(sandbox, "live_streams")
        for value, record in zip(ODD, output.records("live_streams"), strict=True):
            path = left(value, to_path)
            assert record["reconnect_slate_url"] == path
            assert record["simulcast_targets"] == [{"url": left(value, to_host)}]
            inputs = record["new_asset_settings"]["inputs"]
            assert inputs == [{"url": path}, None, {"name": "b"}]
        assert "pw" not in str(output.messages) + caplog.text
        told = [entry.message for entry in caplog.records if "made null" in entry.message]
        assert sorted(text.rpartition(": ")[2] for text in told) == [
            "new_asset_settings.inputs.url",
            "reconnect_slate_url",
            "simulcast_targets.url",
        ]

    def test_unknown_fields(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [
            asset(f"{number:03}", NOW, new=url, tracks=[{"new": {"newer": [url, "ok"]}}])
            for number, url in enumerate(SECRETS)
        ]
        keep: dict[str, Any] = {"keep_unknown_fields": True}
        short = run_tap(sandbox, "assets", **keep).records("assets")
        whole = run_tap(sandbox, "assets", **keep, include_credentials=True).records("assets")
        found = {record["id"]: record["unknown_fields"] for record in short}
        for number, url in enumerate(SECRETS):
            text = of_unknown(url)
            nested = [{"new": {"newer": [text, "ok"]}}]
            assert found[f"{number:03}"] == {"new": text, "tracks": nested}
        assert {record["unknown_fields"]["new"] for record in whole} == set(SECRETS)

    def test_all_of_it_if_asked_for(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        urls = [url for url, _, _ in URLS]
        world.tables["webhooks"] = [{"id": url, "address": url} for url in urls if url]
        found = run_tap(sandbox, "webhooks", include_credentials=True).records("webhooks")
        assert [record["address"] for record in found] == [url for url in urls if url]

    @pytest.mark.parametrize("kind", [["string", "null"], "string", ["object", "null"], None])
    def test_a_catalog_with_another_setting_or_type(
        self, world: ExplicitWorld, sandbox: Sandbox, kind: str | list[str] | None
    ) -> None:
        world.tables["webhooks"] = [{"id": "w", "address": "https://user:pw@a.example/b?pw"}]
        catalog = catalog_of("webhooks", include_credentials=True)
        field = catalog["streams"][0]["schema"]["properties"]["address"]
        assert "x-url" not in field
        field.update(type=kind) if kind else field.pop("type")
        (record,) = run_tap(sandbox, catalog=catalog).records("webhooks")
        assert record["address"] == HTTPS
