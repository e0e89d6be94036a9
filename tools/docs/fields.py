"""The fields of a stream: path, type, unit and description, from its schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_mux import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = {
    r"does not document the unit": "unknown",
    r"\b(in )?milliseconds\b|\bin ms\b": "ms",
    r"\bin seconds\b|^seconds\b": "s",
    r"\bbits per second\b": "bit/s",
    r"\bframes per second\b": "frames/s",
    r"\bin percent\b": "%",
    r"\bin degrees\b": "degrees",
    r"\bin bytes\b": "bytes",
    r"\b0( to |-)1\b": "0 to 1",
    r"\bpixels\b": "pixels",
    r"^(largest )?number of\b|^how many\b": "count",
}
"""Units, by what descriptions say of them; the first that is found."""


class Field(NamedTuple):
    """A field of a stream."""

    path: str
    type: str
    description: str
    is_credential: bool

    @property
    def unit(self) -> str:
        """The unit of a number, as far as there is one; UTC for a time."""
        if self.type == "date-time":
            return "UTC"
        if self.type not in {"integer", "number"}:
            return ""
        text = self.description.lower()
        return next((unit for pattern, unit in _UNITS.items() if re.search(pattern, text)), "")


def describe(stream: str) -> tuple[str, str]:
    """Return what a record of a stream is, and the address of Mux's reference."""
    says, _, address = re.split(r" (API(?: page)?): ", schemas.read(stream)["description"])
    return says, address


def fields_of(stream: str) -> list[Field]:
    """List the fields of a stream, each before those within it."""
    schema = schemas.read(stream)
    hidden = schemas.credentials(schema)
    return list(_walk(schema, "", "", hidden))


def _walk(
    schema: schemas.Schema, prefix: str, dotted: str, hidden: frozenset[str]
) -> Iterator[Field]:
    for name, field in schema.get("properties", {}).items():
        kind = field["type"]
        (kind,) = {kind} if isinstance(kind, str) else {*kind} - {"null"}
        kind = field.get("format", kind)
        yield Field(
            f"{prefix}{name}", kind, field.get("description", ""), f"{dotted}{name}" in hidden
        )
        inner = field
        brackets = ""
        while isinstance(inner.get("items"), dict):
            inner = inner["items"]
            brackets += "[]"
        yield from _walk(inner, f"{prefix}{name}{brackets}.", f"{dotted}{name}.", hidden)
