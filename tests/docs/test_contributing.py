"""CONTRIBUTING names commands, files and places that exist."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / ".github" / "CONTRIBUTING.md"
TEXT = FILE.read_text("utf-8")


def test_commands() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    commands = re.findall(r"uv run (--group[^`\n]+|python[^`\n]+)", TEXT)
    assert len(commands) > 10
    for command in commands:
        assert set(re.findall(r"--group (\S+)", command)) <= groups.keys(), command
        for module in re.findall(r"python -m (\S+)", command):
            assert find_spec(module), command


def test_files_and_links() -> None:
    for path in re.findall(r"`((?:\.github|benchmarks|docs|tap_mux|tests|tools)/[^`<*]*)`", TEXT):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([^)#]+)", TEXT):
        assert link.startswith("https://") or (FILE.parent / link).exists(), link
