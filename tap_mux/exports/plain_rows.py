"""CSV rows into RECORD messages column by column, where pyarrow is not installed.

This is only for speed: what the normalizer does to each value of each record is done to columns.
It encodes a block only if the result is certain to be the same. The normalizer gets all others.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice, starmap
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tap_mux.exports.csv_rows import CONVERTERS
from tap_mux.records.timestamps import MisfitError, utc_timestamp
from tap_mux.records.writer import EncodedRecords

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_mux.exports.csv_rows import Block, Column, CSVFile
    from tap_mux.records.normalizer import Shorten

BATCH_ROWS = 100
"""How many rows are encoded at once: so few that they stay in the cache of the processor."""

MAX_URLS = 1000
"""How many URLs of a column are remembered as shortened: most are in many rows."""

_BigInt = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_NUMBERS: dict[str, msgspec.json.Decoder[list[Any]]] = {
    "integer": msgspec.json.Decoder(list[_BigInt | None]),
    "number": msgspec.json.Decoder(list[float | None]),
}


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
        self._shorten = {name: lru_cache(MAX_URLS)(each) for name, each in shorten.items()}
        self._record = _struct([column.name for column in file.columns], added)
        self._encoder = msgspec.json.Encoder()
        self._is_possible = {column.type for column in file.columns} <= CONVERTERS.keys() and all(
            column.type == "string" for column in file.columns if column.name in shorten
        )

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
        lines: list[bytes] = []
        count = 0
        rows = self._file.cells(block)
        try:
            while batch := list(islice(rows, BATCH_ROWS)):
                lines.append(self._lines(batch, extracted))
                count += len(batch)
        except MisfitError:
            self._is_possible = False  # parsing each block twice would take longer
            return None
        return EncodedRecords(b"".join(lines), count)

    def _lines(self, rows: Iterable[Sequence[str]], extracted: datetime) -> bytes:
        """Encode some rows.

        Raises:
            MisfitError: One needs a closer look.
        """
        cells = list(zip(*rows, strict=True))
        columns = [self._values(column, cells[column.position]) for column in self._file.columns]
        messages = [
            {
                "type": "RECORD",
                "stream": self._stream,
                "record": record,
                "time_extracted": extracted,
            }
            for record in starmap(self._record, zip(*columns, strict=True))
        ]
        return self._encoder.encode_lines(messages)

    def _values(self, column: Column, cells: Sequence[str]) -> Sequence[Any]:
        """Convert the values of a column.

        Raises:
            MisfitError: One needs a closer look.
        """
        if column.name == self._file.required and "" in cells:
            raise MisfitError
        if shorten := self._shorten.get(column.name):
            return [shorten(cell) if cell else None for cell in cells]
        if decoder := _NUMBERS.get(column.type):
            return _numbers(cells, decoder)
        values = CONVERTERS[column.type](cells)
        if column.type == "date-time":
            return [utc_timestamp(value) if value else None for value in values]
        if column.type == "boolean" and str in map(type, values):
            raise MisfitError
        return values


def _numbers(cells: Sequence[str], decoder: msgspec.json.Decoder[list[Any]]) -> Sequence[Any]:
    """Convert numbers that are written as in JSON.

    Raises:
        MisfitError: One is not.
    """
    text = ",".join([cell or "null" for cell in cells])
    try:
        values = decoder.decode(f"[{text}]")
    except msgspec.MsgspecError:
        raise MisfitError from None
    # A value may have a comma, or be the word null, and msgspec reads -0 as 0.
    is_exact = len(values) == len(cells) and values.count(None) == cells.count("")
    if not is_exact or "-0" in cells:
        raise MisfitError
    return values


def _struct(names: Iterable[str], added: Mapping[str, Any]) -> type[msgspec.Struct]:
    """Return the type of a record. It takes the values of the columns with these names."""
    fields = [
        (f"value_{number}", Any, msgspec.field(name=name)) for number, name in enumerate(names)
    ]
    constants = [
        (f"added_{number}", Any, msgspec.field(name=name, default=value))
        for number, (name, value) in enumerate(added.items())
    ]
    return msgspec.defstruct("Record", [*fields, *constants], gc=False)
