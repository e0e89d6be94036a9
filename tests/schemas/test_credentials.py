"""Credentials in records, and in URLs, are loaded only if include_credentials is true."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mux_sandbox import GeneratedWorld, Sandbox
from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, MINUTE, tap_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mux_sandbox import ExplicitWorld

VALUES = re.compile(r"[?&](X-\w+-)?(signature|token|expires|key)=|BEGIN [A-Z ]*KEY", re.IGNORECASE)
EXPECTED = {
    "live_streams": "stream_key",
    "robot_jobs": "outputs.temporary_vtt_url",
    "usage_exports": "download_url",
}
"""One credential field for each stream whose records always have one."""

RARE: dict[str, Any] = {
    "assets": {"created_at": "1700000000", "master": {"url": "https://a.example/?signature=a"}},
    "signing_keys": {"private_key": "a"},
    "uploads": {"url": "https://a.example/?signature=b"},
    "webhooks": {"signing_secret": "a"},
}
"""Credentials that the generated records do not always have, such as the URL of an upload."""


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment."""
    with Sandbox(world=GeneratedWorld(assets=300, views_per_day=40)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def crowded() -> Iterator[Sandbox]:
    """A sandbox that has viewers at every moment, for monitoring."""
    with Sandbox(world=GeneratedWorld(assets=300, views_per_day=3000)) as sandbox:
        yield sandbox


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of all values at all depths."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def sent(records: list[Any]) -> dict[str, Any]:
    """Return the paths of all values that are not null, each with one of its values."""
    return {
        path: value for record in records for path, value in leaves(record) if value is not None
    }


def secrets_of(records: list[Any], shown: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Return the secrets in URLs of records, and in which parts of URLs they are."""
    secrets: set[str] = set()
    parts: set[str] = set()
    for record in records:
        for path, value in leaves(record):
            if path in shown and value is not None:
                url = urlsplit(value)
                found = {
                    "login": url.netloc.rpartition("@")[0],
                    "query": url.query,
                    "fragment": url.fragment,
                    "path": url.path.strip("/") if shown[path] == "host" else "",
                }
                parts |= {part for part, text in found.items() if text}
                secrets |= {text for text in found.values() if text}
    return secrets, parts


def suspicious(path: str, value: object = None) -> bool:
    """Return whether a name or a value looks like a credential."""
    name = path.rsplit(".", 1)[-1]
    return schemas.looks_like_credential(name) or (
        isinstance(value, str) and VALUES.search(value) is not None
    )


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_schemas_mark_every_name_that_looks_like_a_credential(name: str) -> None:
    whole = schemas.read(name)
    shown = schemas.paths(schemas.without(whole, schemas.credentials(whole)))
    assert not [path for path in shown if suspicious(path)]


def test_streams_with_credentials_are_known() -> None:
    marked = {each.name for each in ALL_STREAMS if schemas.credentials(schemas.read(each.name))}
    assert marked == EXPECTED.keys() | RARE.keys()


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_no_record_has_a_credential(request: pytest.FixtureRequest, name: str) -> None:
    is_live = "monitoring" in name
    sandbox: Sandbox = request.getfixturevalue("crowded" if is_live else "generated")
    is_long = name == "monitoring_breakdown_timeseries"
    since = time.time() - (5 * MINUTE if is_long else 2 * HOUR if is_live else 9 * DAY)
    settings: dict[str, Any] = {"start_date": tap_time(since)}
    records = run_tap(sandbox, name, **settings).records(name)
    assert records
    assert [
        path for record in records for path, value in leaves(record) if suspicious(path, value)
    ] == []
    shown = schemas.urls(schemas.read(name))
    if shown:
        whole = run_tap(sandbox, name, include_credentials=True, **settings).records(name)
        secrets, parts = secrets_of(whole, shown)
        assert parts >= {"login", "query", "fragment"}
        assert ("path" in parts) == ("host" in shown.values())
        text = json.dumps(records)
        assert [secret for secret in secrets if secret in text] == []
        assert {path: shown[path] for path in sent(records) if path in shown} == shown


@pytest.mark.parametrize("name", EXPECTED)
def test_records_have_credentials_if_included(generated: Sandbox, name: str) -> None:
    settings: dict[str, Any] = {"start_date": tap_time(time.time() - 3 * DAY)}
    hidden = run_tap(generated, name, **settings).records(name)
    shown = run_tap(generated, name, include_credentials=True, **settings).records(name)
    assert EXPECTED[name] in schemas.credentials(schemas.read(name))
    assert EXPECTED[name] in sent(shown)
    assert EXPECTED[name] not in sent(hidden)


@pytest.mark.parametrize("name", RARE)
def test_rare_credentials(world: ExplicitWorld, sandbox: Sandbox, name: str) -> None:
    rows = [{"id": "a", **RARE[name]}]
    world.asset_rows = world.tables[name] = rows
    path = next(path for path in sent(rows) if path not in {"id", "created_at"})
    (hidden,) = run_tap(sandbox, name).records(name)
    (shown,) = run_tap(sandbox, name, include_credentials=True).records(name)
    assert path in schemas.credentials(schemas.read(name))
    assert path in sent([shown])
    assert path not in sent([hidden])
