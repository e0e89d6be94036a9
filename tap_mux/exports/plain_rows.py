"""CSV rows into RECORD messages column by column, where pyarrow is not installed.

This is only for speed: what the normalizer does to each value of each record is done to columns.
It encodes a block only if the result is certain to be the same. The normalizer gets all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_mux.exports.csv_rows import CONVERTERS
from tap_mux.records.timestamps import MisfitError, utc_timestamp
from tap_mux.records.writer import EncodedRecords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_mux.exports.csv_rows import Block, Column, CSVFile
    from tap_mux.records.normalizer import Shorten

_BIGINT = range(-(2**63), 2**63)
_PYTHON_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}


class PlainEncoder:
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
        self._file = file
        self._shorten = shorten
        self._head = f'{{"type":"RECORD","stream":{_json(stream)},"record":{{'
        self._added = [f"{_json(name)}:{_json(value)}" for name, value in added.items()]
        self._is_possible = {column.type for column in file.columns} <= CONVERTERS.keys()

    def encode(self, block: Block, extracted: datetime) -> EncodedRecords | None:
        """Encode the rows of a block.

        Args:
            block: The block.
            extracted: When it was read.

        Returns:
            Their messages; None if this block, or one before, has something unusual.

        Raises:
            MuxError: A line is not what the file's first line announces.
        """
        if not self._is_possible:
            return None
        rows = self._file.cells(block)
        try:
            columns = [
                self._fields(column, [row[column.position] for row in rows])
                for column in self._file.columns
            ]
        except MisfitError:
            self._is_possible = False  # parsing each block twice would take longer
            return None
        end = ",".join(["", *self._added]) + f'}},"time_extracted":{_json(extracted)}}}\n'
        # Line by line, since one emoji makes each character of a text take four bytes.
        lines = b"".join(
            f"{self._head}{','.join(fields)}{end}".encode() for fields in zip(*columns, strict=True)
        )
        return EncodedRecords(lines, len(rows))

    def _fields(self, column: Column, cells: Sequence[str]) -> list[str]:
        """Encode the values of a column, each with its name. Most occur in many rows.

        Raises:
            MisfitError: One needs a closer look.
        """
        different = list(dict.fromkeys(cells))
        name = _json(column.name)
        values = self._values(column, different)
        field_of = {
            cell: f"{name}:{_json(value)}" for cell, value in zip(different, values, strict=True)
        }
        return [field_of[cell] for cell in cells]

    def _values(self, column: Column, cells: Sequence[str]) -> Sequence[Any]:
        """Convert the values of a column.

        Raises:
            MisfitError: One needs a closer look.
        """
        if column.name == self._file.required and "" in cells:
            raise MisfitError
        shorten = self._shorten.get(column.name)
        if shorten and column.type == "string":
            return [shorten(cell) if cell else None for cell in cells]
        values = CONVERTERS[column.type](cells)
        if column.type == "date-time":
            return [utc_timestamp(value) if value else None for value in values]
        if shorten or not set(map(type, values)) <= {_PYTHON_TYPES[column.type], type(None)}:
            raise MisfitError
        if column.type == "integer" and any(value not in _BIGINT for value in values if value):
            raise MisfitError
        return values


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
