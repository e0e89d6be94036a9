"""README and the pages agree with the code, and with each other."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux import schemas
from tap_mux.settings.metrics import DEFAULT_METRICS
from tap_mux.tap import TapMux
from tests.docs.pages import DOCS, PAGES, README, ROOT, SITE, anchors, blocks, links, table, text
from tests.support.loaders import plugin
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

SOURCE = "".join(
    re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
    for path in (ROOT / "tap_mux").rglob("*.py")
)
TAP = TapMux(config={"token_id": "id", "token_secret": "secret"})
EXAMPLES = [
    (page, example)
    for page in PAGES
    if page.parent.name != "streams"  # has records
    for example in blocks(page, "json")
]


def test_numbers_of_streams_and_fields() -> None:
    assert f"{len(TAP.streams)} streams" in text(README)
    by_default = sum(stream.selected_by_default for stream in TAP.streams.values())
    assert by_default == 16
    assert "Sixteen streams are read by default" in text(README)

    def fields(stream: str) -> int:
        return len(schemas.read(stream)["properties"])

    exported = f"{fields('exported_video_views')} columns instead of {fields('video_views')}"
    assert exported in text(DOCS / "exports.md")


def test_troubleshooting_quotes_messages_of_the_tap() -> None:
    code = re.sub(r"\s+", " ", SOURCE)
    for cell, _ in table(DOCS / "troubleshooting.md", "what the log says"):
        quotes = re.findall(r"`([^`]+)`", cell)
        assert quotes, cell
        for quote in quotes:
            pattern = re.sub(r"was answered \d+ .*", "was answered ", quote)
            pattern = re.sub(r"^(token_id|token_secret|start_date) ", "", pattern)
            assert pattern in code, quote


@pytest.mark.parametrize(("page", "example"), EXAMPLES)
def test_example_settings_are_accepted(page: Path, example: str) -> None:
    settings: dict[str, Any] = json.loads(example)
    token = {} if "environments" in settings else {"token_id": "id", "token_secret": "secret"}
    assert settings.keys() <= TapMux.config_jsonschema["properties"].keys()
    tap = TapMux(config=token | settings, setup_mapper=False)
    assert tap.config.items() >= settings.items(), page


def test_all_example_settings_are_found() -> None:
    assert len(EXAMPLES) > 7


def test_catalog_written_by_hand_is_understood(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset("a", NOW)]
    world.view_rows = [view("b", NOW - HOUR)]
    (example,) = blocks(DOCS / "streams.md", "text")
    output = run_tap(sandbox, catalog=json.loads(example))
    read = {each["stream"] for each in output.messages if each["type"] == "RECORD"}
    assert read == {"assets", "video_views"}


def test_page_shows_the_default_metrics() -> None:
    first, *_ = blocks(DOCS / "metrics.md", "yaml")
    shown = [json.loads(line.removeprefix("- ")) for line in first.splitlines()]
    assert shown == DEFAULT_METRICS


def test_ci_runs_the_test_command_of_readme() -> None:
    (checks,) = re.findall(r"for check in ([^;]*); do", (ROOT / ".ci" / "run").read_text("utf-8"))
    command = shlex.split(checks)[0]
    assert command == "uv run --group test pytest"
    assert f"{command}\n" in blocks(README, "sh")


def test_loading_names_the_batches_of_the_project() -> None:
    (rows,) = [
        setting["value"]
        for setting in plugin("loaders", "target-duckdb")["settings"]
        if setting["name"] == "batch_size_rows"
    ]
    page = text(DOCS / "loading.md")
    assert f'`"batch_size_rows": {rows}`' in page
    assert f"sets `batch_size_rows` to {rows}" in page


def test_readme_is_short() -> None:
    assert len(text(README).split()) <= 1500


def test_readme_links_work_anywhere() -> None:
    """PyPI shows README without the repository around it."""
    assert all(link.startswith("https://") for link in links(README))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_are_valid(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://") and not link.startswith(SITE):
            continue
        path, _, anchor = link.partition("#")
        target = ROOT / path.removeprefix(SITE) if path.startswith(SITE) else page.parent / path
        target = target if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_linked_from_the_start_page() -> None:
    start = {(DOCS / link).resolve() for link in links(DOCS / "index.md")}
    pages = {*DOCS.glob("*.md"), *(DOCS / "recipes").glob("*.md")}
    assert pages - start == {DOCS / "index.md"}
