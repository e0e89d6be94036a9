"""CSV rows into RECORD messages by Apache Arrow, column by column.

This is only for speed: no value becomes a Python object. It needs pyarrow. It encodes a block only
if the result is certain to be the same as by ``csv_rows``, to which it leaves all other blocks.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tap_mux.exports.csv_rows import BOOLEANS, has_bare_return
from tap_mux.records.writer import EncodedRecords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_mux.exports.csv_rows import Block, CSVFile
    from tap_mux.records.normalizer import Shorten

_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date-time": pa.string(),
}
_UNESCAPED = bytes(byte for byte in range(256) if byte >= ord(" ") and byte not in b'"\\')
_PLAIN_MOMENT = r"^[0-9-]{10}T[0-9:]{8}Z$"


class ArrowEncoder:
    """Encodes blocks of one file."""

    def __init__(
        self,
        file: CSVFile,
        stream: str,
        added: Mapping[str, Any],
        shorten: Mapping[str, Shorten],
    ) -> None:
        """Prepare for a file whose first line has been read.

        Args:
            file: The file.
            stream: Name of the stream.
            added: Columns that each record gets, and their values.
            shorten: What is done to the texts of columns that have to be shortened, by their names.
        """
        self._columns = file.columns
        self._shorten = shorten
        self._key = file.required
        self._added = msgspec.json.encode(added).decode()[1:-1]
        self._stream = msgspec.json.encode(stream).decode()
        self._is_possible = all(column.type in _TYPES for column in file.columns)
        self._names = [str(position) for position in range(file.width)]
        self._convert = csv.ConvertOptions(
            column_types={
                str(each.position): _TYPES[each.type]
                for each in file.columns
                if each.type in _TYPES
            },
            include_columns=[str(each.position) for each in file.columns],
            null_values=[""],
            strings_can_be_null=True,
            true_values=[word for word, value in BOOLEANS.items() if value],
            false_values=[word for word, value in BOOLEANS.items() if not value],
        )

    def encode(self, block: Block, extracted: datetime) -> EncodedRecords | None:
        r"""Encode the rows of a block.

        Args:
            block: The block.
            extracted: When it was read.

        Returns:
            Their messages; None if the block has something unusual.
        """
        # Arrow would take the quote in \" for the end of a value and what follows for its rest, the
        # end of the block for the end of a quoted value that has none, and a carriage return alone
        # for the end of a line.
        content = block.content
        is_odd = (
            (b"\\" in content and b'\\"' in content)
            or content.count(b'"') % 2
            or has_bare_return(content)
        )
        if not self._is_possible or is_odd:
            return None
        try:
            table = self._read(block.content)
            content = self._join(table, extracted)
        except (pa.ArrowInvalid, _UnusualError):
            return None
        return EncodedRecords(content, len(table))

    def _read(self, content: bytes) -> pa.RecordBatch:
        table = csv.read_csv(
            pa.py_buffer(content),
            read_options=csv.ReadOptions(
                use_threads=False, column_names=self._names, block_size=len(content) + 1
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=self._convert,
        )
        (batch,) = table.to_batches() or [None]
        if batch is None:
            raise _UnusualError
        return batch

    def _join(self, table: pa.RecordBatch, extracted: datetime) -> bytes:
        """Join the values of each row, and the JSON between them, to a line."""
        parts: list[Any] = []
        between = f'{{"type":"RECORD","stream":{self._stream},"record":{{'
        for (_, name, type_), cells in zip(self._columns, table.columns, strict=True):
            column = self._shortened(name, cells)
            if name == self._key and column.null_count:
                raise _UnusualError
            between += f"{msgspec.json.encode(name).decode()}:"
            if column.null_count == len(column):
                between += "null,"
            elif pa.types.is_string(column.type):
                text = _moments(column) if type_ == "date-time" else _escaped(column)
                if column.null_count:
                    parts += between, pc.binary_join_element_wise('"', text, '"', "")
                    between = ","
                else:
                    parts += between + '"', text
                    between = '",'
            else:
                if type_ == "number" and not pc.all(pc.is_finite(column)).as_py():
                    raise _UnusualError
                parts += between, column.cast(pa.string())
                between = ","
        moment = msgspec.json.encode(extracted).decode()
        parts.append(f'{between}{self._added}}},"time_extracted":{moment}}}\n')
        lines = pc.binary_join_element_wise(
            *parts, "", null_handling="replace", null_replacement="null"
        )
        return _bytes_of(lines)

    def _shortened(self, name: str, cells: pa.Array) -> pa.Array:
        shorten = self._shorten.get(name)
        if shorten is None:
            return cells
        if not pa.types.is_string(cells.type):
            raise _UnusualError
        each = cells.dictionary_encode()  # most URLs are in many rows
        short = [text and shorten(text) for text in each.dictionary.to_pylist()]
        return pa.array(short, pa.string()).take(each.indices)


class _UnusualError(Exception):
    """The block has something that is left to ``csv_rows``."""


def _escaped(column: pa.StringArray) -> pa.StringArray:
    """Escape texts as JSON does, without the quotes around them."""
    if not _bytes_of(column).translate(None, _UNESCAPED):
        return column
    texts = column.to_pylist()
    return pa.array(
        [None if text is None else encode_basestring(text)[1:-1] for text in texts], pa.string()
    )


def _moments(column: pa.StringArray) -> pa.StringArray:
    """Bring moments from the form of Mux into the form of ``utc_timestamp``."""
    if not pc.all(pc.match_substring_regex(column, _PLAIN_MOMENT)).as_py():
        raise _UnusualError
    column.cast(pa.timestamp("s", "UTC"))  # for the error if there is no such moment
    return pc.utf8_replace_slice(column, 19, 20, ".000000Z")


def _bytes_of(texts: pa.StringArray) -> bytes:
    """Return all texts of a whole column, one after the other."""
    content = texts.buffers()[2]
    return content.to_pybytes() if content else b""
