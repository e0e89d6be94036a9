"""The names of the fields that the vendor's description names, for the tests to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.spec import Spec

FIELDS = Path(__file__).parents[1] / "tests" / "schemas" / "fields.json"
"""Paths of fields by stream, and nothing else of the description."""


def render(spec: Spec) -> str:
    """Write the paths of all streams in their one form."""
    return write({name: list(fields) for name, fields in spec.streams().items()})


def write(paths: dict[str, list[str]]) -> str:
    """Write paths by stream in their one form: everything sorted, a path a line."""
    ordered = {name: sorted(paths[name]) for name in sorted(paths)}
    return json.dumps(ordered, indent=2) + "\n"
