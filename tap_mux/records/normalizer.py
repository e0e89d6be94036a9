"""A stream's schema, compiled once into a function that tidies a record.

What comes out fits the schema, so that no loader trips over it: timestamps in one form, numbers
that Mux sends as text as numbers, fields that the schema does not know left out and named once.
Absent keys stay absent, nulls stay null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from types import GenericAlias
from typing import Any, NamedTuple

import msgspec

Record = dict[str, Any]
Normalizer = Callable[[Mapping[str, Any]], Record]
Tell = Callable[[str], None]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all times here are UTC
_PLAIN_ENDS = frozenset({"Z", ".000000Z"})
_Coerce = Callable[[Any], Any]


class _Kind(NamedTuple):
    """What is done to values of one type; never to null, which passes."""

    shape: Any
    """The type, as msgspec knows it, of values that fit."""

    coerce: _Coerce
    """Makes any value fit."""

    finish: _Coerce | None = None
    """Does what is left to do to a value that fits."""


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
        if type(value) is str and value[7:11:3] == "-T" and value[19:] in _PLAIN_ENDS:
            datetime.fromisoformat(value)
            return f"{value[:19]}.000000Z"  # what Mux Data sends, without a detour
        if isinstance(value, str) and not value.isdecimal():
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
        elif isinstance(value, str):
            return f"{(_EPOCH + timedelta(seconds=int(value))).isoformat()}.000000Z"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = _EPOCH + timedelta(seconds=value)
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
    kind = _object(schema, "", rules)
    shape, coerce, finish = kind.shape, kind.coerce, kind.finish or dict

    def normalize(record: Mapping[str, Any]) -> Record:
        try:
            msgspec.convert(record, shape)  # only to see whether it fits
            normalized: Record = finish(record)
        except (msgspec.ValidationError, MisfitError):
            normalized = coerce(record)
        return normalized

    return normalize


class _Rules(NamedTuple):
    dropped: frozenset[str]
    tell_unknown: Tell
    tell_misfit: Tell

    def dropped_in(self, prefix: str) -> set[str]:
        """Return the names of the fields of one object that are left out."""
        depth = prefix.count(".")
        return {
            path.removeprefix(prefix)
            for path in self.dropped
            if path.startswith(prefix) and path.count(".") == depth
        }


def _once(tell: Tell) -> Tell:
    told: set[str] = set()

    def tell_once(path: str) -> None:
        if path not in told:
            told.add(path)
            tell(path)

    return tell_once


def _object(schema: Mapping[str, Any], prefix: str, rules: _Rules) -> _Kind:
    kinds = {
        name: _kind(field, f"{prefix}{name}", rules) for name, field in schema["properties"].items()
    }
    dropped = rules.dropped_in(prefix)
    shapes = {name: kind.shape for name, kind in kinds.items()} | dict.fromkeys(dropped, Any)
    to_finish = {name: kind.finish for name, kind in kinds.items() if kind.finish}

    def coerce(record: object) -> Record:
        if not isinstance(record, dict):
            raise MisfitError
        coerced: Record = {}
        for name, value in record.items():
            if name in kinds:
                try:
                    coerced[name] = _coerced(value, kinds[name])
                except MisfitError:
                    rules.tell_misfit(f"{prefix}{name}")
                    coerced[name] = None
            elif name not in dropped:
                rules.tell_unknown(f"{prefix}{name}")
        return coerced

    finish = _finish_fields(to_finish, dropped) if to_finish or dropped else None
    return _Kind(_struct(shapes), coerce, finish)


def _finish_fields(to_finish: Mapping[str, _Coerce], dropped: Collection[str]) -> _Coerce:
    def finish(record: Record) -> Record:
        finished = record.copy()
        for name in dropped:
            finished.pop(name, None)
        for name, finish_field in to_finish.items():
            value = record.get(name)
            if value is not None:
                finished[name] = finish_field(value)
        return finished

    return finish


def _coerced(value: object, kind: _Kind) -> object:
    return value if value is None or type(value) is kind.shape else kind.coerce(value)


def _struct(shapes: Mapping[str, Any]) -> type[msgspec.Struct]:
    fields = [
        (f"field_{number}", shape | None, msgspec.field(name=name, default=None))
        for number, (name, shape) in enumerate(shapes.items())
    ]
    return msgspec.defstruct("Shape", fields, forbid_unknown_fields=True, gc=False)


def _kind(schema: Mapping[str, Any], path: str, rules: _Rules) -> _Kind:
    names = schema.get("type", [])
    names = [name for name in ([names] if isinstance(names, str) else names) if name != "null"]
    name = names[0] if len(names) == 1 else "any"
    if name == "object" and "properties" in schema:
        return _object(schema, f"{path}.", rules)
    if name == "array" and "items" in schema:
        return _array(_kind(schema["items"], path, rules))
    return _SIMPLE.get(f"{name} {schema.get('format')}") or _SIMPLE[name]


def _array(items: _Kind) -> _Kind:
    def coerce(values: object) -> list[Any]:
        if not isinstance(values, list):
            raise MisfitError
        return [_coerced(value, items) for value in values]

    shape = GenericAlias(list, (items.shape | None,))
    return _Kind(shape, coerce, _finish_items(items.finish) if items.finish else None)


def _finish_items(finish_item: _Coerce) -> _Coerce:
    def finish(values: list[Any]) -> list[Any]:
        return [None if value is None else finish_item(value) for value in values]

    return finish


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


_SIMPLE = {
    "string": _Kind(str, _text),
    "string date-time": _Kind(Any, _timestamp, utc_timestamp),
    "string date": _Kind(Any, _date, _date),
    "integer": _Kind(int, _integer),
    "number": _Kind(float, _number),
    "boolean": _Kind(bool, _boolean),
    "object": _Kind(dict, _misfit),
    "array": _Kind(list, _misfit),
    "any": _Kind(Any, _as_it_is),
}
