"""Tell what Mux's API has, by its own description, that the tap reads otherwise.

The files are descriptions (OpenAPI, JSON), and what adds to them. Without any, the Python client of
Mux that is installed is looked through for what it has: it is often older, so that what it lacks
says nothing. The exit code is 1 where there are differences that tools/accepted.py does not list.
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tools import accepted, client, fields
from tools.compare import differences
from tools.spec import Spec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tools.accepted import Accepted
    from tools.compare import Difference


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for, and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.drift", description=__doc__)
    parser.add_argument("path", nargs="*", type=Path, help="a description of the API")
    parser.add_argument(
        "--write-fields",
        action="store_true",
        help="write the names of its fields for the tests to compare, too",
    )
    options = parser.parse_args(arguments)
    if options.write_fields and not options.path:
        parser.error("--write-fields needs a description")
    try:
        if options.path:
            spec = Spec.read(*options.path)
            found = list(differences(spec))
            stale = list(_stale(accepted.ACCEPTED, found))
        else:
            spec = Spec(client.document())
            found = [each for each in differences(spec) if not each.what.startswith("gone")]
            stale = list(_stale(accepted.OF_THE_CLIENT, found))
        if options.write_fields:
            fields.FIELDS.write_text(fields.render(spec), "utf-8")
    except (OSError, ValueError, SpecError) as error:
        parser.error(str(error))
    known = (*accepted.ACCEPTED, *(() if options.path else accepted.OF_THE_CLIENT))
    drift = [each for each in found if not any(entry.covers(each) for entry in known)]
    lines = _report(drift, len(found) - len(drift), stale)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if drift else 0


def _stale(known: Iterable[Accepted], found: list[Difference]) -> Iterator[Accepted]:
    """Yield what no longer occurs, other than of streams whose endpoints are gone."""
    gone = {each.stream for each in found if each.what in {"gone endpoint", "gone answer"}}
    for entries in known:
        for entry in entries.one_by_one():
            if entry.streams not in gone and not any(entry.covers(each) for each in found):
                yield entry


def _report(drift: list[Difference], count: int, stale: list[Accepted]) -> Iterator[str]:
    for stream, changes in groupby(drift, lambda each: each.stream):
        yield stream
        for each in changes:
            yield f"  {each.what}: {each.name}" + (f" ({each.note})" if each.note else "")
    if stale:
        yield "Accepted, but there is no such difference any more:"
        yield from (
            f"  {each.streams}, {each.what}: {each.names} ({each.reason})" for each in stale
        )
    yield f"Differences: {len(drift)}, and {count} accepted"


if __name__ == "__main__":
    sys.exit(main())
