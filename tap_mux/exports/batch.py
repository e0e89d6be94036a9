"""All records of one date, read from its files: as records, or as encoded messages."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.exports.csv_rows import CSVFile
from tap_mux.exports.download import Download, RestartError
from tap_mux.exports.plain_rows import PlainEncoder
from tap_mux.records.emitter import FileBatch
from tap_mux.records.timestamps import utc_now, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_mux.api.workers import WorkerPool
    from tap_mux.exports.arrow_rows import ArrowEncoder
    from tap_mux.exports.csv_rows import Block
    from tap_mux.exports.files import File
    from tap_mux.records.emitter import Chunk
    from tap_mux.records.normalizer import Record, Shorten
    from tap_mux.records.writer import EncodedRecords

MAX_BLOCKS = 2
"""How many blocks are encoded at once. Each takes some tens of MB."""

logger = logging.getLogger(__name__)


class Table(NamedTuple):
    """Which columns of the files are read, and into what."""

    key: str
    """The column that each row needs."""

    date_column: str
    """The column that gets the date of the file, as a moment."""

    type_of: Callable[[str], str | None]
    """Returns the type of a column, None if the column is left out."""

    has_date_column: bool
    """Whether the column with the date is selected."""

    shorten: Mapping[str, Shorten]
    """What is done to the texts of columns that have to be shortened, by their names."""


class DailyExport(FileBatch):
    """The files of one date. Where a file has to be read again, its records come again."""

    def __init__(
        self,
        files: Sequence[File],
        download: Callable[[File], Download],
        table: Table,
        workers: WorkerPool,
        notes: Mapping[str, Any],
    ) -> None:
        """Take the files; they are downloaded when the batch is read.

        Args:
            files: The files, all of one date.
            download: Returns the download of a file.
            table: Which columns to read.
            workers: Encode blocks while others are downloaded.
            notes: What else the state has to say when the files have been read.
        """
        self.bookmark = utc_timestamp(files[0].date.isoformat())
        self.notes = notes
        self._files = files
        self._download = download
        self._table = table
        self._workers = workers

    def __iter__(self) -> Iterator[Record]:
        """Yield the rows as records."""
        for chunk in self._chunks(lambda _: Encoders(None, None)):
            if isinstance(chunk, list):
                yield from chunk

    def encode(self, stream: str, columns: Record) -> Iterator[Chunk]:
        """Encode the rows; see the base class."""
        date = {self._table.date_column: self.bookmark} if self._table.has_date_column else {}
        shorten = self._table.shorten
        return self._chunks(lambda content: _encoders(content, stream, date | columns, shorten))

    def _chunks(self, encoders_of: Callable[[CSVFile], Encoders]) -> Iterator[Chunk]:
        for file in self._files:
            download = self._download(file)
            is_done = False
            while not is_done:
                try:
                    yield from self._chunks_of(file, download.read(), encoders_of)
                    is_done = True
                except RestartError as error:
                    logger.info("%s: reading it from its beginning", error)

    def _chunks_of(
        self,
        file: File,
        pieces: Iterator[bytes],
        encoders_of: Callable[[CSVFile], Encoders],
    ) -> Iterator[Chunk]:
        content = CSVFile(
            str(file),
            pieces,
            type_of=self._table.type_of,
            required=self._table.key,
            added={self._table.date_column: self.bookmark},
        )
        # Blocks are encoded in threads, while this one downloads more of them.
        tasks = _with_encoders(content, encoders_of)
        with closing(self._workers.map(_encode, tasks, MAX_BLOCKS)) as results:
            for block, plain, encoded in results:
                # Not in the threads: plain Python runs in one at a time.
                if encoded is None and plain:
                    encoded = plain.encode(block, utc_now())  # noqa: PLW2901
                yield content.rows(block) if encoded is None else encoded


class Encoders(NamedTuple):
    """What encodes the blocks of a file, the fastest first; None where there is none."""

    arrow: ArrowEncoder | None
    plain: PlainEncoder | None


def _encoders(
    content: CSVFile, stream: str, columns: Record, shorten: Mapping[str, Shorten]
) -> Encoders:
    """Return the encoders; the plain one only where pyarrow is not installed."""
    try:
        from tap_mux.exports.arrow_rows import ArrowEncoder  # noqa: PLC0415 - an extra; slow to import
    except ImportError:
        return Encoders(None, PlainEncoder(content, stream, columns, shorten))
    return Encoders(ArrowEncoder(content, stream, columns, shorten), None)


def _with_encoders(
    content: CSVFile, encoders_of: Callable[[CSVFile], Encoders]
) -> Iterator[tuple[Block, Encoders]]:
    """Add the encoders to each block. They are made when the first line of the file is known."""
    encoders = Encoders(None, None)
    for number, block in enumerate(content.blocks()):
        if number == 0:
            encoders = encoders_of(content)
        yield block, encoders


def _encode(
    task: tuple[Block, Encoders],
) -> tuple[Block, PlainEncoder | None, EncodedRecords | None]:
    block, (arrow, plain) = task
    return block, plain, arrow.encode(block, utc_now()) if arrow else None
