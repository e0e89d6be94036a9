"""The field names of Mux's OpenAPI description, in a file that the tests compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.spec import Spec

FIELDS = Path(__file__).parents[1] / "tests" / "schemas" / "fields.json"
"""The file: paths of fields, by stream."""


def render(spec: Spec) -> str:
    """Return the text of the file."""
    return write({name: list(fields) for name, fields in spec.streams().items()})


def write(paths: dict[str, list[str]]) -> str:
    """Format paths by stream: sorted, one path on a line."""
    ordered = {name: sorted(paths[name]) for name in sorted(paths)}
    return json.dumps(ordered, indent=2) + "\n"
