"""CSV rows into RECORD messages column by column, where pyarrow is not installed.

This is only for speed: what the normalizer does to each value of each record is done to columns.
It encodes a block only if the result is certain to be the same, and leaves all others to it.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from tap_mux.exports.csv_rows import CONVERTERS
from tap_mux.records.timestamps import MisfitError, utc_timestamp
from tap_mux.records.writer import EncodedRecords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_mux.exports.csv_rows import Block, Column, CSVFile
    from tap_mux.records.normalizer import Shorten

ROWS = 200
"""How many are encoded at once: few enough for the processor's cache."""

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
        self._stream = stream
        self._added = added
        self._shorten = shorten
        self._names = [*(column.name for column in file.columns), *added]
        self._is_possible = {column.type for column in file.columns} <= CONVERTERS.keys()
        self._encoder = msgspec.json.Encoder()

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
            lines = b"".join(
                self._encoder.encode_lines(self._messages(rows[first : first + ROWS], extracted))
                for first in range(0, len(rows), ROWS)
            )
        except MisfitError:
            self._is_possible = False  # parsing each block twice would take longer
            return None
        return EncodedRecords(lines, len(rows))

    def _messages(self, rows: list[list[str]], extracted: datetime) -> list[dict[str, Any]]:
        cells = list(zip(*rows, strict=True))
        columns: Iterator[Sequence[Any]] = (
            self._values(column, cells[column.position]) for column in self._file.columns
        )
        added = map(repeat, self._added.values())
        return [
            {
                "type": "RECORD",
                "stream": self._stream,
                "record": dict(zip(self._names, values, strict=True)),
                "time_extracted": extracted,
            }
            for values in zip(*columns, *added, strict=False)
        ]

    def _values(self, column: Column, cells: Sequence[str]) -> Sequence[Any]:
        """Convert the values of a column.

        Raises:
            MisfitError: One needs a closer look.
        """
        if column.name == self._file.required and "" in cells:
            raise MisfitError
        shorten = self._shorten.get(column.name)
        if shorten and column.type == "string":
            short = {cell: shorten(cell) if cell else None for cell in set(cells)}
            return [short[cell] for cell in cells]
        values = CONVERTERS[column.type](cells)
        if column.type == "date-time":
            return [utc_timestamp(value) if value else None for value in values]
        if shorten or not set(map(type, values)) <= {_PYTHON_TYPES[column.type], type(None)}:
            raise MisfitError
        if column.type == "integer" and any(value not in _BIGINT for value in values if value):
            raise MisfitError
        return values
