"""The examples of stream maps work."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux import schemas
from tests.docs.pages import DOCS, blocks
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import Output, catalog_of, config_file, run_program, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

STREAM = "video_view_details"


def recipe() -> dict[str, Any]:
    """Return the example settings that leave out personal data."""
    page = DOCS / "recipes" / "personal-data.md"
    (text,) = [example for example in blocks(page, "json") if "stream_maps" in example]
    settings: dict[str, Any] = json.loads(text)
    return settings


def details(sandbox: Sandbox, **settings: Any) -> Output:
    """Read the full views."""
    return run_tap(sandbox, STREAM, catalog=catalog_of(STREAM), **settings)


def test_personal_data_is_hashed_or_dropped(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = [view("a", NOW - HOUR), view("b", NOW - HOUR)]
    world.view_details = {
        "a": {"viewer_user_id": "jane@example.com", "city": "Berlin", "page_url": "https://a"},
        "b": {"viewer_user_id": None},
    }
    first, second = details(sandbox, **recipe()).records(STREAM)
    assert first["viewer_user_id"] == hashlib.sha256(b"jane@example.com").hexdigest()
    assert second["viewer_user_id"] is None
    assert not first.keys() & {"city", "page_url", "viewer_user_agent", "latitude", "longitude"}
    assert first["view_start"]


def test_recipe_names_all_personal_fields() -> None:
    fields = schemas.read(STREAM)["properties"]
    marked = {name for name, field in fields.items() if "Personal data: " in json.dumps(field)}
    assert recipe()["stream_maps"][STREAM].keys() == marked


def test_recipe_works_if_its_stream_is_not_selected(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - HOUR)]
    done = run_program("--config", config_file(tmp_path, **sandbox.config, **recipe()))
    assert done.returncode == 0
    assert '"stream":"video_views","record"' in done.stdout


def test_maps_may_use_fields_that_mux_leaves_out(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset("a", NOW, passthrough="mine"), asset("b", NOW)]
    maps = {"assets": {"passthrough": "sha256(passthrough) if passthrough else None"}}
    first, second = run_tap(sandbox, "assets", stream_maps=maps).records("assets")
    assert first["passthrough"] == hashlib.sha256(b"mine").hexdigest()
    assert second["passthrough"] is None


@pytest.mark.parametrize("expression", ["id +", "nothing_of_that_name"])
def test_an_invalid_map_is_one_error_line(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, expression: str
) -> None:
    world.asset_rows = [asset("a", NOW)]
    maps = {"assets": {"more": expression}}
    done = run_program("--config", config_file(tmp_path, **sandbox.config, stream_maps=maps))
    assert done.returncode == 1
    assert "The setting stream_maps cannot be used" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_map_that_fails_for_a_value_fails_its_stream(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("a", NOW)]
    world.view_rows = [view("v", NOW - HOUR)]
    maps = {"assets": {"passthrough": "md5(passthrough)"}}
    done = run_program("--config", config_file(tmp_path, **sandbox.config, stream_maps=maps))
    assert done.returncode == 1
    assert '"stream":"video_views","record"' in done.stdout
    message = "The setting stream_maps has an expression for assets that fails with AttributeError"
    assert message in done.stderr.splitlines()[-1]
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
