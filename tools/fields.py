"""Write the names of the fields that the vendor's description names, for the tests to compare."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.spec import Spec, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS = Path(__file__).parents[1] / "tests" / "schemas" / "fields.json"
"""Paths of fields by stream, and nothing else of the description."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.fields", description=__doc__)
    parser.add_argument(
        "spec", nargs="+", type=Path, help="the description (OpenAPI, JSON), and what adds to it"
    )
    parser.add_argument("--output", type=Path, default=FIELDS, help="where to write")
    options = parser.parse_args(arguments)
    try:
        text = render(Spec.read(*options.spec))
    except (OSError, ValueError, SpecError) as error:
        sys.exit(str(error))
    options.output.write_text(text, "utf-8")


def render(spec: Spec) -> str:
    """Write the paths of all streams in their one form."""
    return write({name: list(fields) for name, fields in spec.streams().items()})


def write(paths: dict[str, list[str]]) -> str:
    """Write paths by stream in their one form: everything sorted, a path a line."""
    ordered = {name: sorted(paths[name]) for name in sorted(paths)}
    return json.dumps(ordered, indent=2) + "\n"


if __name__ == "__main__":
    main()
