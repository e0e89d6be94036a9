"""Differences between what the tap reads and what Mux offers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tools.ours import readers
from tools.spec import WITHOUT_ENTRY, SpecError, unnamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.ours import Field, Reader
    from tools.spec import Spec

NO_STREAM = "no-stream"
"""What stands for a stream where an endpoint has none."""
_IS_ID = re.compile(r"(.*[_.])?ids?")


class Difference(NamedTuple):
    """Something that the tap and the description do not agree on."""

    stream: str
    what: str
    """``new``, ``gone`` or ``retyped``, and the kind of thing that is so."""

    name: str
    note: str = ""


def differences(spec: Spec) -> Iterator[Difference]:
    """Yield all differences, stream by stream."""
    known = readers()
    for reader in known:
        if unnamed(reader.path) in spec.endpoints:
            yield from _of_query(reader, spec)
            yield from _of_words(reader, spec)
            yield from _of_fields(reader, spec)
        else:
            yield Difference(reader.stream, "gone endpoint", reader.path)
    for path in sorted(spec.endpoints):
        if not any(reader.reads(path) for reader in known):
            yield Difference(NO_STREAM, "new endpoint", path)


def _of_query(reader: Reader, spec: Spec) -> Iterator[Difference]:
    named = spec.query(reader.path) | spec.query(reader.listed_at)
    yield from _of_names(reader, "parameter", reader.query, named)


def _of_words(reader: Reader, spec: Spec) -> Iterator[Difference]:
    words = spec.words(reader.path)
    for (parameter, kind), known in reader.words.items():
        if parameter in words:
            yield from _of_names(reader, kind, known, words[parameter])


def _of_names(
    reader: Reader, kind: str, known: Iterable[str], named: Iterable[str]
) -> Iterator[Difference]:
    for name in sorted({*named} - {*known}):
        yield Difference(reader.stream, f"new {kind}", name)
    for name in sorted({*known} - {*named}):
        yield Difference(reader.stream, f"gone {kind}", name)


def _of_fields(reader: Reader, spec: Spec) -> Iterator[Difference]:
    if reader.stream in WITHOUT_ENTRY:
        return
    known = reader.fields
    try:
        named = spec.fields(reader.stream)
    except SpecError as error:
        yield Difference(reader.stream, "gone answer", reader.path, str(error))
        return
    whole = {path for path, field in known.items() if field.is_whole} | reader.ignored
    for path in _topmost(named.keys() - known.keys()):
        if not any(path == each or path.startswith(f"{each}.") for each in whole):
            yield Difference(reader.stream, "new field", path, _listed(named[path]))
    for path in _topmost(known.keys() - named.keys()):
        yield Difference(reader.stream, "gone field", path)
    for path in sorted(known.keys() & named.keys()):
        types = named[path] - {"null"}
        if not types <= _fitting(path, known[path]):
            note = f"{_listed(known[path].types)} in the tap, {_listed(types)} at Mux"
            yield Difference(reader.stream, "retyped field", path, note)


def _fitting(path: str, field: Field) -> frozenset[str]:
    """Give the types that values may have that become values of a field."""
    fitting = field.types
    if "number" in fitting:
        fitting |= {"integer"}
    if field.is_time:
        fitting |= {"integer", "number"}  # of an epoch
    if "string" in fitting and _IS_ID.fullmatch(path):
        fitting |= {"integer"}  # IDs are text, whatever they look like
    return fitting


def _topmost(paths: Iterable[str]) -> list[str]:
    """Leave out paths that are in others."""
    found: list[str] = []
    for path in sorted(paths, key=lambda path: path.split(".")):
        if not found or not path.startswith(f"{found[-1]}."):
            found.append(path)
    return found


def _listed(types: Iterable[str]) -> str:
    return " or ".join(sorted(types))
