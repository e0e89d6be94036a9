"""A stream's schema, compiled once into a function that tidies a record.

What comes out fits the schema, so that no loader trips over it: timestamps in one form, numbers
that Mux sends as text as numbers, fields that the schema does not know left out and named once.
Absent keys stay absent, nulls stay null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

Record = dict[str, Any]
Normalizer = Callable[[Mapping[str, Any]], Record]
Tell = Callable[[str], None]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all times here are UTC
_Coerce = Callable[[Any], Any]
_Field = tuple[type | None, _Coerce]
"""The type whose values pass as they are, and how to coerce all others."""


class MisfitError(ValueError):
    """A value that cannot be made to fit its type."""


def utc_timestamp(value: object) -> str:
    """Return a moment in the one form that the tap emits.

    Bookmarks are compared as text, so the form has a fixed width.

    Args:
        value: ISO 8601 text (UTC where it names no offset), or epoch seconds as text or number.

    Returns:
        Such as ``2026-01-31T23:59:59.000000Z``.

    Raises:
        MisfitError: The value is no moment.
    """
    try:
        if type(value) is str and len(value) == 20 and value[10] == "T" and value[19] == "Z":  # noqa: PLR2004
            datetime.fromisoformat(value)
            return f"{value[:19]}.000000Z"  # what Mux Data sends, without a detour
        if isinstance(value, str) and not value.isdecimal():
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            moment = _EPOCH + timedelta(seconds=float(value))
        else:
            raise MisfitError
    except (ValueError, OverflowError, OSError):
        raise MisfitError from None
    return f"{moment.isoformat(timespec='microseconds')}Z"


def compile_normalizer(
    schema: Mapping[str, Any],
    *,
    dropped: Collection[str] = (),
    tell_unknown: Tell,
    tell_misfit: Tell,
) -> Normalizer:
    """Compile a schema into a function from Mux's record to the record that is emitted.

    Args:
        schema: JSON Schema of an object.
        dropped: Paths of fields that are left out without a word.
        tell_unknown: Called once for each field that the schema does not have, with its path.
        tell_misfit: Called once for each field that held a value which does not fit its type and
            became null, with its path.

    Returns:
        The function. It changes nothing in the record that it is given.
    """
    rules = _Rules(frozenset(dropped), _once(tell_unknown), _once(tell_misfit))
    normalize: Normalizer = _object(schema, "", rules)
    return normalize


class _Rules(NamedTuple):
    dropped: frozenset[str]
    tell_unknown: Tell
    tell_misfit: Tell


def _once(tell: Tell) -> Tell:
    told: set[str] = set()

    def tell_once(path: str) -> None:
        if path not in told:
            told.add(path)
            tell(path)

    return tell_once


def _object(schema: Mapping[str, Any], prefix: str, rules: _Rules) -> _Coerce:
    fields = {
        name: _field(field, f"{prefix}{name}", rules)
        for name, field in schema["properties"].items()
    }
    passing = {name: kind for name, (kind, _) in fields.items()}
    coerce = {name: function for name, (_, function) in fields.items()}

    def tidy(record: Mapping[str, Any]) -> Record:
        if type(record) is not dict:
            raise MisfitError
        try:
            return {
                name: value
                if type(value) is passing[name] or value is None
                else coerce[name](value)
                for name, value in record.items()
            }
        except (KeyError, MisfitError):
            return tidy_oddity(record)

    def tidy_what_is_kept(record: Mapping[str, Any]) -> Record:
        if type(record) is not dict:
            raise MisfitError
        return tidy({name: value for name, value in record.items() if name not in dropped_here})

    def tidy_oddity(record: Mapping[str, Any]) -> Record:
        tidied = {}
        for name, value in record.items():
            if name not in passing:
                rules.tell_unknown(f"{prefix}{name}")
                continue
            try:
                fits = type(value) is passing[name] or value is None
                tidied[name] = value if fits else coerce[name](value)
            except MisfitError:
                rules.tell_misfit(f"{prefix}{name}")
                tidied[name] = None
        return tidied

    depth = prefix.count(".")
    dropped_here = {
        path.removeprefix(prefix)
        for path in rules.dropped
        if path.startswith(prefix) and path.count(".") == depth
    }
    return tidy_what_is_kept if dropped_here else tidy


def _field(schema: Mapping[str, Any], path: str, rules: _Rules) -> _Field:
    kinds = schema.get("type", [])
    kinds = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    kind = kinds[0] if len(kinds) == 1 else "any"
    if kind == "object" and "properties" in schema:
        return None, _object(schema, f"{path}.", rules)
    if kind == "array" and "items" in schema:
        return None, _array(schema["items"], path, rules)
    return _SIMPLE.get(f"{kind} {schema.get('format')}") or _SIMPLE[kind]


def _array(items: Mapping[str, Any], path: str, rules: _Rules) -> _Coerce:
    passing, coerce = _field(items, path, rules)

    def tidy(values: object) -> list[Any]:
        if not isinstance(values, list):
            raise MisfitError
        return [
            value if value is None or type(value) is passing else coerce(value) for value in values
        ]

    return tidy


def _timestamp(value: object) -> str | None:
    return None if value == "" else utc_timestamp(value)


def _date(value: object) -> str | None:
    if not isinstance(value, str):
        raise MisfitError
    try:
        return date.fromisoformat(value).isoformat() if value else None
    except ValueError:
        return utc_timestamp(value)[:10]


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(value: object) -> float | None:
    if type(value) is int:
        return value
    if isinstance(value, str):
        if not value:
            return None
        try:
            value = int(value) if value.lstrip("-").isdecimal() else float(value)
        except ValueError:
            raise MisfitError from None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MisfitError
    return value if math.isfinite(value) else None


def _integer(value: object) -> int | None:
    number = value if isinstance(value, bool) else _number(value)
    if number is None:
        return None
    if number != int(number):
        raise MisfitError
    return int(number)


def _boolean(value: object) -> bool | None:
    if isinstance(value, int | float):
        return value != 0
    words: dict[object, bool | None] = {"true": True, "false": False, "": None}
    word = value.lower() if isinstance(value, str) else value
    if not isinstance(word, str) or word not in words:
        raise MisfitError
    return words[word]


def _misfit(value: object) -> None:
    raise MisfitError(value)


def _as_it_is(value: object) -> object:
    return value


_SIMPLE: dict[str, _Field] = {
    "string": (str, _text),
    "string date-time": (None, _timestamp),
    "string date": (None, _date),
    "integer": (int, _integer),
    "number": (float, _number),  # JSON has neither NaN nor infinity
    "boolean": (bool, _boolean),
    "object": (dict, _misfit),
    "array": (list, _misfit),
    "any": (None, _as_it_is),
}
