"""Nothing that gives access to something reaches the warehouse by accident."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox
from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, tap_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = re.compile(
    r"secret|private|passphrase|password|stream_key|(^|_)key$|signature|(^|_)token$|temporary_|download_url"
)
VALUES = re.compile(r"[?&](X-\w+-)?(signature|token|expires|key)=|BEGIN [A-Z ]*KEY", re.IGNORECASE)
HARMLESS = {"download_url_expires_at", "filters_key", "incident_key"}
EXPECTED = {
    "assets": "master.url",
    "asset_inputs": "settings.url",
    "live_streams": "stream_key",
    "robot_jobs": "outputs.temporary_vtt_url",
    "uploads": "url",
    "usage_exports": "download_url",
    "webhooks": "address",
}


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a believable environment."""
    with Sandbox(world=GeneratedWorld(assets=300, views_per_day=40)) as sandbox:
        yield sandbox


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk all values at all depths."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def suspicious(path: str, value: object = None) -> bool:
    """Say whether a name or a value looks like a credential."""
    name = path.rsplit(".", 1)[-1]
    named = NAMES.search(name) is not None and name not in HARMLESS
    return named or (isinstance(value, str) and VALUES.search(value) is not None)


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_schemas_mark_every_name_that_looks_like_one(name: str) -> None:
    whole = schemas.read(name)
    shown = schemas.paths(schemas.without(whole, schemas.credentials(whole)))
    assert not [path for path in shown if suspicious(path)]


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_no_record_holds_one(generated: Sandbox, name: str) -> None:
    since = time.time() - (HOUR if "monitoring" in name else 2 * DAY)
    found = []
    for shown in (False, True):
        records = run_tap(
            generated, name, start_date=tap_time(since), include_credentials=shown
        ).records(name)
        found.append(
            {
                path
                for record in records
                for path, value in leaves(record)
                if value is not None and suspicious(path, value)
            }
        )
    hidden, all_of_them = found
    assert hidden == set()
    path = EXPECTED.get(name)
    assert path is None or path in schemas.credentials(schemas.read(name))
    assert name not in {"live_streams", "uploads", "usage_exports"} or path in all_of_them | {"url"}
