"""The block of README, pasted into a Meltano project, reads records."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tap_mux.settings.settings import SETTINGS
from tests.docs.pages import DOCS, README, ROOT, blocks
from tests.support.loaders import meltano, plugin
from tests.support.records import HOUR, NOW, tap_time, view
from tests.support.tapping import clean_environ, config_file

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a wheel of this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    (path,) = folder.glob("*.whl")
    return str(path)


def uv(*arguments: str, **environ: str) -> str:
    """Run uv; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        env={**clean_environ(), **environ},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_project_with_the_block_loads_records(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, wheel: str
) -> None:
    world.view_rows = [view("a", NOW - HOUR)]
    # The wheel instead of PyPI, and the sandbox instead of Mux.
    here = BLOCK.replace("pip_url: tap-mux", f"pip_url: {wheel}")
    theirs = "project_id: theirs\nenvironments: [{name: dev}]\ndefault_environment: dev\n"
    project = YAML(typ="safe").load(theirs + here)
    project["plugins"]["extractors"][0]["config"] = {"api_url": sandbox.url}
    project["plugins"]["loaders"] = [plugin("loaders", "target-jsonl")]
    (tmp_path / "meltano.yml").write_text(json.dumps(project))
    meltano(tmp_path, "install")
    environ = {**sandbox.environ, "TAP_MUX_START_DATE": tap_time(NOW - 5 * HOUR)}
    del environ["TAP_MUX_API_URL"]
    meltano(tmp_path, "run", "tap-mux", "target-jsonl", **environ)
    found = {path.name.partition("-2")[0]: path for path in tmp_path.rglob("*.jsonl")}
    assert json.loads(found["video_views"].read_text("utf-8"))["id"] == "a"
    assert found.keys() <= {name.removesuffix(".*") for name in pasted()["select"]}


@pytest.mark.slow
def test_uvx_reads_records(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, wheel: str
) -> None:
    command, *_ = [line for block in blocks(README, "text") for line in block.splitlines()]
    assert command == "uvx tap-mux --help"
    world.view_rows = [view("a", NOW - HOUR)]
    tap = ("tool", "run", "--quiet", "--python", sys.executable, "--from", wheel, "tap-mux")
    assert "Usage: tap-mux" in uv(*tap, "--help")
    settings = {**sandbox.config, "start_date": tap_time(NOW - 5 * HOUR)}
    printed = uv(*tap, "--config", config_file(tmp_path, **settings))
    assert '"stream":"video_views","record":{"id":"a"' in printed
