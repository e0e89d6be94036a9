"""README says what the code says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tap_mux.settings import SETTINGS
from tap_mux.tap import TapMux

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SOURCE = "".join(
    re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
    for path in (ROOT / "tap_mux").rglob("*.py")
)
TAP = TapMux(config={"token_id": "id", "token_secret": "secret"})


def table(name: str) -> list[list[str]]:
    """Read a table of README, without its head."""
    _, text = README.split(f"<!-- {name}: checked by tests/test_docs.py -->")
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
        expected.append([f"`{name}`", f"`GET {path}`", key, by])
    assert table("streams") == expected


def test_settings() -> None:
    schema = SETTINGS.to_dict()
    expected = []
    for name, setting in schema["properties"].items():
        default = f"`{json.dumps(setting['default'])}`" if "default" in setting else ""
        default = "required" if name in schema["required"] else default.replace('"', "")
        variable = f"`TAP_MUX_{name.upper()}`"
        expected.append([f"`{name}`", variable, default, setting["description"]])
    assert table("settings") == expected


def test_troubleshooting_quotes_what_the_tap_says() -> None:
    said = re.sub(r"\s+", " ", SOURCE)
    for cell, _ in table("troubleshooting"):
        for quote in re.findall(r"`([^`]+)`", cell):
            pattern = re.sub(r"was answered \d+ .*", "was answered ", quote)
            pattern = re.sub(r"^(token_id|token_secret|start_date) ", "", pattern)
            assert pattern in said, quote


@pytest.mark.parametrize("language", ["json"])
def test_example_settings_are_accepted(language: str) -> None:
    (text,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    settings: dict[str, Any] = json.loads(text)
    assert TapMux(config=settings).config.items() >= settings.items()


def test_ci_runs_the_command_that_readme_names() -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert "uv run pytest\n" in commands
    (checks,) = re.findall(r"for check in (.*); do", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert shlex.split(checks)[0] == "uv run pytest"


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link
