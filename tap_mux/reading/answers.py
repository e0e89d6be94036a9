"""Taking answers of Mux apart.

A part that is missing or of another type than the API describes raises UnexpectedAnswerError. So
any other exception in the code that reads is a mistake of the tap.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.windows import Window
from tap_mux.records.timestamps import MisfitError, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from tap_mux.records.normalizer import Record

    Key = Callable[[Record], Hashable]

_PLACEHOLDER = re.compile(r"\{\w+\}", re.ASCII)
_FOLDER = re.compile(r"(^|[/\\])\.\.?($|[/\\])")
_MAX_QUOTE = 50
_MAX_DIGITS = 12
"""A count with more digits is no count: no list is that long."""
_YEAR_10000 = 253_402_300_800
"""The first moment that no timestamp can name, in epoch seconds."""


class PathError(UnexpectedAnswerError):
    """An ID cannot be in a path: it would make it the path of something else."""


def expand_path(path: str, *ids: object) -> str:
    """Fill IDs into a path.

    Servers and proxies take ``.`` and ``..`` for other folders, also where slashes are encoded.

    Args:
        path: The path, with a placeholder such as ``{ASSET_ID}`` for each ID.
        ids: The IDs that Mux listed.

    Raises:
        PathError: One of them would lead elsewhere.
        UnexpectedAnswerError: One of them is no ID.
    """
    for found in ids:
        if not isinstance(found, str) or not found:
            text = f"Mux listed something without the ID that GET {path} needs"
            raise UnexpectedAnswerError(text)
        if _FOLDER.search(found):
            text = f"Mux listed the ID {found[:_MAX_QUOTE]!r}, which GET {path} cannot ask for"
            raise PathError(text)
        path = _PLACEHOLDER.sub(quote(found, safe=""), path, count=1)
    return path


def text_of(record: Record, key: str) -> str:
    """Return a text that a record must have.

    Raises:
        UnexpectedAnswerError: It has none.
    """
    value = record.get(key)
    if not isinstance(value, str):
        text = f"Mux sent a record without {key}"
        raise UnexpectedAnswerError(text)
    return value


def timestamp_of(record: Record, key: str) -> str:
    """Return a moment that a record must have, in the form of ``utc_timestamp``.

    Raises:
        UnexpectedAnswerError: It has none.
    """
    try:
        return utc_timestamp(record[key])
    except (KeyError, MisfitError):
        text = f"Mux sent a record without the time {key}"
        raise UnexpectedAnswerError(text) from None


def objects_of(record: Record, key: str) -> list[Record]:
    """Return a list of objects in a record; an empty one where it is absent or null.

    Raises:
        UnexpectedAnswerError: It is something else.
    """
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        text = f"Mux sent a record in which {key} is no list of objects"
        raise UnexpectedAnswerError(text)
    return value


def others(record: Record, *known: str) -> Record:
    """Return the fields of a record that is taken apart, besides those that are known."""
    return {name: value for name, value in record.items() if name not in known}


def meta_of(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return the object ``meta`` of an answer; an empty one where it is absent or null.

    Raises:
        UnexpectedAnswerError: It is something else.
    """
    meta = envelope.get("meta")
    if meta is None:
        return {}
    if not isinstance(meta, dict):
        text = "Mux sent an answer in which meta is no object"
        raise UnexpectedAnswerError(text)
    return meta


def count_of(page: dict[str, Any]) -> int | None:
    """Return how many records a list has, as Mux counts them; None where it gives no number.

    Args:
        page: The envelope of a page of the list.
    """
    value = page.get("total_row_count")
    if value is None and isinstance(meta := page.get("meta"), dict):
        value = meta.get("total")
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
        value = int(value)
    return value if type(value) is int and 0 <= value < 10**_MAX_DIGITS else None


def window_of(envelope: dict[str, Any]) -> Window | None:
    """Return the window of time that an answer is for; None if it names none that makes sense.

    Args:
        envelope: The answer.
    """
    match envelope.get("timeframe"):
        case [int(start), int(end)] if min(start, end) >= 0 and max(start, end) < _YEAR_10000:
            return Window(start, end)
    return None


def used_window(envelope: dict[str, Any], asked: Window) -> Window:
    """Return the window of time that an answer is for; the one asked for if it names none.

    Args:
        envelope: The answer.
        asked: The window that was asked for.
    """
    return window_of(envelope) or asked


def by_field(field: str) -> Key:
    """Return a function that tells records apart by a field.

    Args:
        field: A field with another value in each record of a list.

    Returns:
        The function. It raises UnexpectedAnswerError for a value that is a list or an object.
    """

    def key(record: Record) -> Hashable:
        value = record.get(field)
        if isinstance(value, list | dict):
            text = f"Mux sent a record in which {field} is no single value"
            raise UnexpectedAnswerError(text)
        return value

    return key


def key_value(record: Record, field: str) -> Any:
    """Return a value that is part of a primary key.

    Loaders refuse null in a key, and some make null of an empty text.

    Args:
        record: A record as Mux sends it.
        field: The field.
    """
    value = record.get(field)
    if value is None:
        return "(not set)"
    return "(empty)" if value == "" else value
