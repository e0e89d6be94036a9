"""Rows of a large CSV file: cut into blocks of whole rows, values converted column by column.

Follows https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import io
import logging
import math
import re
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.api.errors import MuxError
from tap_mux.records.timestamps import MisfitError, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_mux.records.normalizer import Record

    Cells = Sequence[str]

BLOCK_BYTES = 1 << 21
"""How much is parsed at once. Each block costs some work for each column, so blocks are large."""

MAX_ROW_BYTES = 1 << 26
"""A file with a longer row is no CSV file."""

BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "T", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "F", "0"), False),
}

UNKNOWN = "unknown"
"""The type of a column that the schema does not have: a row has it only where it is not empty."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BARE_RETURN = re.compile(r"\r(?!\n)")
_PRIVATE_USE = range(0xE000, 0xF900)
_IN_BRACKETS = re.compile(r"\s*\(.*\)$")

logger = logging.getLogger(__name__)


class Column(NamedTuple):
    """A column that is read."""

    position: int
    name: str

    type: str
    """The type of its values: a JSON type, ``date-time`` or UNKNOWN; others are left as text."""


class Block(NamedTuple):
    """Some whole rows, as bytes of the file."""

    content: bytes

    line: int
    """The number of its first line in the file."""


class CSVFile:
    """One file, read once from its beginning to its end."""

    def __init__(
        self,
        name: str,
        pieces: Iterable[bytes],
        *,
        type_of: Callable[[str], str | None],
        required: str,
        added: Mapping[str, Any],
    ) -> None:
        """Take a file; ``blocks`` reads it.

        Args:
            name: The name of the file in messages.
            pieces: The file, decompressed.
            type_of: Returns the type of a column, None if the column is left out.
            required: The column that each row needs.
            added: Columns that each row gets, and their values.
        """
        self.name = name
        self.columns: list[Column] = []
        self.width = 0
        self._pieces = pieces
        self._type_of = type_of
        self.required = required
        self._added = added
        self._is_garbled = False

    def blocks(self) -> Iterator[Block]:
        """Cut the file into blocks. Its first line, with the names of the columns, is read first.

        Raises:
            MuxError: The file cannot be read.
        """
        contents = self._whole_rows()
        content = next(contents, b"")
        rest = self._read_head(content.removeprefix(_BYTE_ORDER_MARK))
        line = 1 + content.count(b"\n", 0, len(content) - len(rest))
        for body in chain([rest] if rest else [], contents):
            yield Block(body, line)
            line += body.count(b"\n")

    def rows(self, block: Block) -> list[Record]:
        """Parse a block.

        Args:
            block: One of this file.

        Returns:
            A row for each line, empty values null. A value that does not fit the type of its column
            is still text.

        Raises:
            MuxError: A line is not what the file's first line announces.
        """
        cells = list(zip(*self.cells(block), strict=True))
        if not cells:
            return []
        names = [*(column.name for column in self.columns), *self._added]
        columns = [
            CONVERTERS.get(type_, _texts)(cells[position]) for position, _, type_ in self.columns
        ]
        added = map(repeat, self._added.values())
        records = [
            dict(zip(names, row, strict=True)) for row in zip(*columns, *added, strict=False)
        ]
        _drop_empty(records, [column.name for column in self.columns if column.type == UNKNOWN])
        return records

    def cells(self, block: Block) -> Iterator[list[str]]:
        """Parse a block into texts.

        Args:
            block: One of this file.

        Yields:
            The values of each line.

        Raises:
            MuxError: A line is not what the file's first line announces.
        """
        # csv takes a carriage return for the end of a line, but not every writer quotes it.
        stand_in = _stand_in(block.content) if has_bare_return(block.content) else ""
        csv.field_size_limit(MAX_ROW_BYTES)  # a stack trace may be longer than csv allows
        end = block.line - 1
        reader = csv.reader(self._lines(block, stand_in), strict=True)
        try:
            for row in reader:
                if len(row) == self.width:
                    yield [cell.replace(stand_in, "\r") for cell in row] if stand_in else row
                elif row:
                    text = (
                        f"{self.name} has {len(row)} columns instead of {self.width} in line "
                        f"{end + 1}"
                    )
                    raise MuxError(text)
                end = block.line - 1 + reader.line_num
        except csv.Error as error:
            text = f"{self.name} is no CSV file as of line {end + 1}: {error}"
            raise MuxError(text) from None

    def _lines(self, block: Block, stand_in: str) -> Iterator[str]:
        """Decode a block, line by line: one emoji makes each character of a text take four bytes.

        Args:
            block: The block.
            stand_in: What stands for a carriage return that ends no line; empty if there is none.
        """
        for number, content in enumerate(io.BytesIO(block.content), block.line):
            try:
                line = content.decode()
            except UnicodeDecodeError:
                line = content.decode(errors="replace")
                if not self._is_garbled:
                    self._is_garbled = True
                    logger.warning("%s has text that is not UTF-8 in line %d", self.name, number)
            yield _BARE_RETURN.sub(stand_in, line) if stand_in else line

    def _whole_rows(self) -> Iterator[bytes]:
        collected: list[bytes] = []
        size = 0
        for piece in self._pieces:
            collected.append(piece)
            size += len(piece)
            if size < BLOCK_BYTES:
                continue
            rest = b"".join(collected)
            if end := _end_of_rows(rest):
                yield rest[:end]
                rest = rest[end:]
            elif size > MAX_ROW_BYTES:
                text = f"{self.name} is no CSV file: a row has no end"
                raise MuxError(text)
            collected = [rest]
            size = len(rest)
        if size:
            yield b"".join(collected)

    def _read_head(self, content: bytes) -> bytes:
        """Read the names of the columns, and return what follows."""
        end = _end_of_first_row(content)
        head = io.StringIO(content[:end].decode(errors="replace"), newline="")
        csv.field_size_limit(MAX_ROW_BYTES)
        try:
            rows = list(csv.reader(head))
        except csv.Error as error:
            text = f"{self.name} is no CSV file as of line 1: {error}"
            raise MuxError(text) from None
        if not rows:
            text = f"{self.name} is empty: not even its first line, with the columns, is there"
            raise MuxError(text)
        if len(rows) > 1:
            text = f"{self.name} is not read: its lines end with a carriage return alone"
            raise MuxError(text)
        names = [_IN_BRACKETS.sub("", name.strip()) for name in rows[0]]
        # No other name is quoted: if this is no header, the names are somebody's data.
        if self.required not in names:
            text = f"{self.name} has no column {self.required!r} in its first line"
            raise MuxError(text)
        if len(set(names)) < len(names):
            text = f"{self.name} has two columns of the same name"
            raise MuxError(text)
        chosen = ((position, name, self._type_of(name)) for position, name in enumerate(names))
        self.columns = [Column(position, name, type_) for position, name, type_ in chosen if type_]
        self.width = len(names)
        return content[end:]


def has_bare_return(content: bytes) -> bool:
    """Return whether there is a carriage return that is not part of a line break.

    Args:
        content: Some lines.
    """
    return content.count(b"\r") != content.count(b"\r\n")


def _stand_in(content: bytes) -> str:
    """Return a character that does not occur."""
    return next(char for char in map(chr, _PRIVATE_USE) if char.encode() not in content)


def _end_of_rows(content: bytes) -> int:
    """Return where the last whole row ends: behind the last line break outside of quotes."""
    end = len(content)
    is_quoted = content.count(b'"') % 2 == 1
    while end:
        line = content.rfind(b"\n", 0, end) + 1
        if content.count(b'"', line, end) % 2:
            is_quoted = not is_quoted
        if not is_quoted:
            return line
        end = line - 1
    return 0


def _end_of_first_row(content: bytes) -> int:
    end = content.find(b"\n") + 1
    while end and content.count(b'"', 0, end) % 2:
        end = content.find(b"\n", end) + 1
    return end or len(content)


def _drop_empty(records: list[Record], names: list[str]) -> None:
    for name in names:
        for record in records:
            if record[name] is None:
                del record[name]


def _texts(cells: Cells) -> Sequence[str | None]:
    return [cell or None for cell in cells] if "" in cells else cells


def _integers(cells: Cells) -> Sequence[int | str | None]:
    try:
        return [int(cell) if cell else None for cell in cells]
    except ValueError:
        return cells


def _numbers(cells: Cells) -> Sequence[float | str | None]:
    try:
        numbers = [float(cell) if cell else None for cell in cells]
    except ValueError:
        return cells
    # JSON has neither NaN nor infinity.
    return numbers if math.isfinite(sum(filter(None, numbers))) else cells


def _booleans(cells: Cells) -> Sequence[bool | str | None]:
    return [BOOLEANS.get(cell, cell) if cell else None for cell in cells]


def _moments(cells: Cells) -> Sequence[str | None]:
    # What ends with Z is brought into form by the normalizer.
    return [cell if cell.endswith("Z") else _moment(cell) if cell else None for cell in cells]


def _moment(cell: str) -> str:
    text = cell.removesuffix(" UTC").replace(" +", "+")
    try:
        return utc_timestamp(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except MisfitError:
        return cell


CONVERTERS: dict[str, Callable[[Cells], Sequence[Any]]] = {
    "string": _texts,
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date-time": _moments,
}
