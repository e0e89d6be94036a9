"""README agrees with the code."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tap_mux.settings.metrics import DEFAULT_METRICS
from tap_mux.settings.settings import SETTINGS
from tap_mux.tap import TapMux

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SOURCE = "".join(
    re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
    for path in (ROOT / "tap_mux").rglob("*.py")
)
TAP = TapMux(config={"token_id": "id", "token_secret": "secret"})


def table(name: str) -> list[list[str]]:
    """Return the rows of a table of README, without its head."""
    _, text = README.split(f"<!-- {name}: checked by tests/docs/test_docs.py -->")
    rows = text.split("\n\n")[1].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_streams() -> None:
    expected = []
    for name, stream in sorted(TAP.streams.items()):
        key = ", ".join(f"`{part}`" for part in stream.primary_keys)
        by = (
            f"incremental by `{stream.replication_key}`" if stream.replication_key else "full table"
        )
        path = getattr(stream, "path", "")
        selected = "yes" if stream.selected_by_default else "no"
        expected.append([f"`{name}`", f"`GET {path}`", key, by, selected])
    rows = table("streams")
    assert [row[:5] for row in rows] == expected
    assert all(requests and needs for *_, requests, needs in rows)


def test_settings() -> None:
    schema = SETTINGS.to_dict()
    expected = []
    for name, setting in schema["properties"].items():
        default = f"`{json.dumps(setting['default'])}`" if "default" in setting else ""
        if isinstance(setting.get("default"), str):
            default = default.replace('"', "")
        if name == "metrics":
            default = "below"
        variable = f"`TAP_MUX_{name.upper()}`"
        expected.append([f"`{name}`", variable, default, setting["description"]])
    assert table("settings") == expected


def test_troubleshooting_quotes_messages_of_the_tap() -> None:
    code = re.sub(r"\s+", " ", SOURCE)
    for cell, _ in table("troubleshooting"):
        quotes = re.findall(r"`([^`]+)`", cell)
        assert quotes, cell
        for quote in quotes:
            pattern = re.sub(r"was answered \d+ .*", "was answered ", quote)
            pattern = re.sub(r"^(token_id|token_secret|start_date) ", "", pattern)
            assert pattern in code, quote


@pytest.mark.parametrize("language", ["json"])
def test_example_settings_are_accepted(language: str) -> None:
    texts = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(texts) == 4
    for text in texts:
        settings: dict[str, Any] = json.loads(text)
        token = {} if "environments" in settings else {"token_id": "id", "token_secret": "secret"}
        tap = TapMux(config=token | settings, setup_mapper=False)
        assert tap.config.items() >= settings.items()


def test_readme_shows_the_default_metrics() -> None:
    first, *_ = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    shown = [json.loads(line.removeprefix("- ")) for line in first.splitlines()]
    assert shown == DEFAULT_METRICS


def test_ci_runs_the_test_command_of_readme() -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert "uv run pytest\n" in commands
    (checks,) = re.findall(r"for check in (.*); do", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert shlex.split(checks)[0] == "uv run pytest"


def test_links_are_valid() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link
