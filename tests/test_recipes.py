"""The recipes of README do what it says."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_mux import schemas
from tests.rows import HOUR, NOW, view
from tests.tapping import Output, catalog_of, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
STREAM = "video_view_details"


def recipe() -> dict[str, Any]:
    """Read the settings that keep personal data out."""
    (text,) = [
        text
        for text in re.findall(r"```json\n(.*?)```", README, re.DOTALL)
        if "stream_maps" in text
    ]
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


def test_recipe_only_names_what_is_marked_as_personal() -> None:
    fields = schemas.read(STREAM)["properties"]
    for name in recipe()["stream_maps"][STREAM]:
        assert fields[name]["description"].startswith("Personal data: ")
