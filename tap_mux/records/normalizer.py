"""A schema, compiled once into a function that brings records into its form.

The result fits the schema, so that loaders can take it: timestamps have one form, numbers that Mux
sends as text become numbers, and fields that the schema does not have are reported once, and are
left out or collected in one column. Absent fields stay absent, and nulls stay null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from types import GenericAlias
from typing import Annotated, Any, NamedTuple

import msgspec

from tap_mux.records.timestamps import MisfitError, utc_timestamp
from tap_mux.schemas import UNKNOWN_FIELDS

Record = dict[str, Any]
Normalizer = Callable[[Mapping[str, Any]], Record]
OnField = Callable[[str], None]
Keep = Callable[[Record], Record]
Shorten = Callable[[str], str | None]
_Coerce = Callable[[Any], Any]

_LEAST, _GREATEST = -(2**63), 2**63 - 1
"""The bounds of BIGINT, the type of integers in databases: the schemas promise the upper one."""


class FieldType(NamedTuple):
    """What is done to the values of one type. Nulls are left alone."""

    shape: Any
    """The type of values that fit, for msgspec."""

    coerce: _Coerce
    """Converts any value, or raises MisfitError."""

    finish: _Coerce | None = None
    """Completes a value that fits; None if there is nothing to do."""

    collect: _Coerce | None = None
    """Returns what a value has and the schema does not, or None. None if there can be nothing."""


def compile_normalizer(
    schema: Mapping[str, Any],
    *,
    dropped: Collection[str] = (),
    shorten: Mapping[str, Shorten] | None = None,
    keep: Keep | None = None,
    on_unknown_field: OnField,
    on_misfit: OnField,
) -> Normalizer:
    """Compile a schema into a function from the record of Mux to the record that is emitted.

    Args:
        schema: JSON Schema of an object.
        dropped: Paths of fields that are left out without a report.
        shorten: What is done to texts that have to be shortened, by the paths of their fields.
        keep: Returns what is kept in the column UNKNOWN_FIELDS of the fields that the schema does
            not have. None if records do not get that column.
        on_unknown_field: Called with the path of each field that the schema does not have, once.
        on_misfit: Called with the path of each field with a value that does not fit its type and
            became null, once.

    Returns:
        The function. It does not change the record that it is given.
    """
    reports = _once(on_unknown_field), _once(on_misfit)
    rules = _Rules(frozenset(dropped), shorten or {}, keep, *reports)
    root = _object(schema, "", rules)
    shape, coerce, finish, collect = root.shape, root.coerce, root.finish or dict, root.collect

    def normalize(record: Mapping[str, Any]) -> Record:
        unknown = None
        try:
            msgspec.convert(record, shape)  # only to check that the record fits
            normalized: Record = finish(record)
        except (msgspec.ValidationError, MisfitError):
            normalized = coerce(record)
            if collect:
                unknown = collect(record)
        if collect:
            normalized[UNKNOWN_FIELDS] = unknown
        return normalized

    return normalize


class _Rules(NamedTuple):
    dropped: frozenset[str]
    shorten: Mapping[str, Shorten]
    keep: Keep | None
    on_unknown_field: OnField
    on_misfit: OnField

    def dropped_in(self, prefix: str) -> set[str]:
        """Return the names of the fields of one object that are left out."""
        depth = prefix.count(".")
        return {
            path.removeprefix(prefix)
            for path in self.dropped
            if path.startswith(prefix) and path.count(".") == depth
        }


def _once(report: OnField) -> OnField:
    reported: set[str] = set()

    def report_once(path: str) -> None:
        if path not in reported:
            reported.add(path)
            report(path)

    return report_once


def _object(schema: Mapping[str, Any], prefix: str, rules: _Rules) -> FieldType:
    types = {
        name: _field_type(field, f"{prefix}{name}", rules)
        for name, field in schema["properties"].items()
    }
    dropped = rules.dropped_in(prefix)
    shapes = {name: each.shape for name, each in types.items()} | dict.fromkeys(dropped, Any)
    to_finish = {name: each.finish for name, each in types.items() if each.finish}

    def coerce(record: object) -> Record:
        if not isinstance(record, dict):
            raise MisfitError
        coerced: Record = {}
        for name, value in record.items():
            if name in types:
                try:
                    coerced[name] = _coerced(value, types[name])
                except MisfitError:
                    rules.on_misfit(f"{prefix}{name}")
                    coerced[name] = None
            elif name not in dropped:
                rules.on_unknown_field(f"{prefix}{name}")
        return coerced

    finish = _finish_fields(to_finish, dropped) if to_finish or dropped else None
    collect = _collect_fields(types, dropped, rules.keep) if rules.keep else None
    return FieldType(_struct(shapes), coerce, finish, collect)


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


def _collect_fields(types: Mapping[str, FieldType], dropped: set[str], keep: Keep) -> _Coerce:
    def collect(record: object) -> Record | None:
        if not isinstance(record, dict):
            return None
        names = record.keys() - types.keys() - dropped
        found = keep({name: record[name] for name in record if name in names})
        for name, value in record.items():
            if name in types and (collect_inner := types[name].collect):
                inner = collect_inner(value)
                if inner is not None:
                    found[name] = inner
        return found or None

    return collect


def _coerced(value: object, field_type: FieldType) -> object:
    return value if value is None or type(value) is field_type.shape else field_type.coerce(value)


def _struct(shapes: Mapping[str, Any]) -> type[msgspec.Struct]:
    fields = [
        (f"field_{number}", shape | None, msgspec.field(name=name, default=None))
        for number, (name, shape) in enumerate(shapes.items())
    ]
    return msgspec.defstruct("Shape", fields, forbid_unknown_fields=True, gc=False)


def _field_type(schema: Mapping[str, Any], path: str, rules: _Rules) -> FieldType:
    if shorten := rules.shorten.get(path):
        return _shortened(shorten)
    names = schema.get("type", [])
    names = [name for name in ([names] if isinstance(names, str) else names) if name != "null"]
    name = names[0] if len(names) == 1 else "any"
    if name == "object" and "properties" in schema:
        return _object(schema, f"{path}.", rules)
    if name == "array" and "items" in schema:
        return _array(_field_type(schema["items"], path, rules))
    return _SIMPLE.get(f"{name} {schema.get('format')}") or _SIMPLE[name]


def _shortened(shorten: Shorten) -> FieldType:
    def finish(value: object) -> str | None:
        return shorten(_text(value))

    return FieldType(Any, finish, finish)


def _array(items: FieldType) -> FieldType:
    def coerce(values: object) -> list[Any]:
        if not isinstance(values, list):
            raise MisfitError
        return [_coerced(value, items) for value in values]

    shape = GenericAlias(list, (items.shape | None,))
    finish = _finish_items(items.finish) if items.finish else None
    collect = _collect_items(items.collect) if items.collect else None
    return FieldType(shape, coerce, finish, collect)


def _finish_items(finish_item: _Coerce) -> _Coerce:
    def finish(values: list[Any]) -> list[Any]:
        return [None if value is None else finish_item(value) for value in values]

    return finish


def _collect_items(collect_item: _Coerce) -> _Coerce:
    def collect(values: object) -> list[Any] | None:
        if not isinstance(values, list):
            return None
        found = [collect_item(value) for value in values]
        return None if all(each is None for each in found) else found

    return collect


def _timestamp(value: object) -> str | None:
    return None if value == "" else utc_timestamp(value)


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
    return value if isinstance(value, int) or math.isfinite(value) else None


def _integer(value: object) -> int | None:
    number = value if isinstance(value, bool) else _number(value)
    if number is None:
        return None
    if number != int(number) or not _LEAST <= number <= _GREATEST:
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


def _reject(value: object) -> None:
    raise MisfitError(value)


def _unchanged(value: object) -> object:
    return value


_SIMPLE = {
    "string": FieldType(str, _text),
    "string date-time": FieldType(Any, _timestamp, utc_timestamp),
    "integer": FieldType(Annotated[int, msgspec.Meta(ge=_LEAST, le=_GREATEST)], _integer),
    "number": FieldType(float, _number),
    "boolean": FieldType(bool, _boolean),
    "object": FieldType(dict, _reject),
    "array": FieldType(list, _reject),
    "any": FieldType(Any, _unchanged),
}
