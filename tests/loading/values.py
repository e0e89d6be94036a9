"""Values of Mux, of the tap and of tables in one form, so that they can be compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BOOLEANS = {"true": True, "false": False}
AROUND = {"_links", "total_row_count"}
"""What Mux puts into objects besides their fields."""
ADDED = {"unit"}
"""What the tap adds to the metrics that Mux sends."""


def kind_of(field: dict[str, Any]) -> str:
    """Give the type of a field: ``date-time``, or a JSON type besides null."""
    types = field["type"]
    (kind,) = {types} if isinstance(types, str) else {*types} - {"null"}
    return str(field.get("format", kind))


def canonical(value: Any, field: dict[str, Any]) -> Any:
    """Convert a value to the one form of its type: numbers exact, moments in UTC."""
    return None if value is None else CONVERTERS[kind_of(field)](value, field)


def _object(value: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    fields = field.get("properties")
    if fields is None:
        return value
    return {
        name: canonical(inner, fields[name])
        for name, inner in value.items()
        if name not in AROUND | ADDED
    }


def _array(value: list[Any], field: dict[str, Any]) -> list[Any]:
    return [canonical(item, field["items"]) for item in value] if "items" in field else value


def _number(value: Any, _: dict[str, Any]) -> Decimal:
    return Decimal(str(value))


def _integer(value: Any, _: dict[str, Any]) -> int:
    number = Decimal(str(value))
    assert number == number.to_integral_value()
    return int(number)


def _boolean(value: Any, _: dict[str, Any]) -> bool:
    found = BOOLEANS[value] if isinstance(value, str) else value
    assert isinstance(found, bool)
    return found


def _moment(value: Any, _: dict[str, Any]) -> datetime:
    if isinstance(value, str) and not value.isdecimal():
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)


def _text(value: Any, _: dict[str, Any]) -> str:
    return value if isinstance(value, str) else json.dumps(value)


CONVERTERS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "array": _array,
    "boolean": _boolean,
    "date-time": _moment,
    "integer": _integer,
    "number": _number,
    "object": _object,
    "string": _text,
}
"""How values are converted, by type."""
