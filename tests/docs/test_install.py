"""The block of README, pasted into a Meltano project, reads records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tap_mux.settings.settings import SETTINGS
from tests.docs.pages import DOCS, README, blocks
from tests.support.loaders import meltano, new_project, plugin
from tests.support.records import HOUR, NOW, tap_time, view

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

(BLOCK,) = blocks(README, "yaml")


def pasted() -> dict[str, Any]:
    """Return the extractor that the block defines."""
    (extractor,) = YAML(typ="safe").load(BLOCK)["plugins"]["extractors"]
    return dict(extractor)


def test_block_is_that_of_the_project() -> None:
    ours = plugin("extractors", "tap-mux")
    kinds = {setting["name"]: setting.get("kind", "string") for setting in ours["settings"]}
    for name in ("name", "namespace", "executable", "capabilities", "select"):
        assert pasted()[name] == ours[name]
    for setting in pasted()["settings"]:
        assert setting.get("kind", "string") == kinds[setting["name"]]


def test_settings_page_has_the_lines_of_the_project() -> None:
    (text,) = blocks(DOCS / "settings.md", "yaml")
    ours = plugin("extractors", "tap-mux")["settings"]
    assert YAML(typ="safe").load(text)["settings"] == [
        {name: setting[name] for name in ("name", "kind", "sensitive") if name in setting}
        for setting in ours[: len(SETTINGS.to_dict()["properties"])]
    ]


def test_a_project_with_the_block_has_records(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - HOUR)]
    project = new_project(tmp_path)
    # The repository instead of PyPI, and the sandbox instead of Mux.
    here = BLOCK.replace("pip_url: tap-mux", "pip_url: -e .") + "    - {name: api_url}\n"
    (project / "meltano.yml").write_text(f"version: 1\nproject_id: theirs\n{here}")
    environ = {**sandbox.environ, "TAP_MUX_START_DATE": tap_time(NOW - 5 * HOUR)}
    done = meltano(project, "invoke", "tap-mux", **environ)
    messages = map(json.loads, done.stdout.splitlines())
    records = [each["stream"] for each in messages if each["type"] == "RECORD"]
    assert "video_views" in records
    assert set(records) <= {name.removesuffix(".*") for name in pasted()["select"]}
