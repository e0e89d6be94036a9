"""The content that the benchmarks read: rows of the sandbox, encoded once.

All rows are in one bytes object, so that each page is a slice of it.
"""

from __future__ import annotations

import csv
import gzip
import io
from array import array
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from itertools import chain, count, cycle, islice
from typing import TYPE_CHECKING, Any

import msgspec

from mux_sandbox.details import Detail, csv_export
from mux_sandbox.world import GeneratedWorld

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

START = 1_767_225_600
"""The first second of the content: 2026-01-01, always the same, so that the rows are, too."""

DAYS = 30
"""Over about how many days the views are spread."""

_DAY = 86_400
_LONG_AFTER = START + 1000 * _DAY
_SPARE = 1.3
_EXPORT_VERSION = 4
_DISTINCT = 5_000
_NO_COUNT = b'"total_row_count":null'


class Rows:
    """Encoded rows, in order."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        """Encode the rows."""
        encode = msgspec.json.Encoder().encode
        self._offsets = array("q", [0])
        pieces = bytearray()
        for row in rows:
            pieces += encode(row)
            pieces += b","
            self._offsets.append(len(pieces))
        self._bytes = bytes(pieces)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._offsets) - 1

    def slice(self, first: int, last: int) -> bytes:
        """Return the rows from `first` to before `last`, with commas between them."""
        last = min(last, len(self))
        if first >= last:
            return b""
        return self._bytes[self._offsets[first] : self._offsets[last] - 1]


class Views:
    """Views in the order of view_end."""

    def __init__(self, size: int) -> None:
        """Make `size` views, spread over DAYS."""
        self._ends = array("q")
        self._rows = Rows(self._with_ends(islice(_views(size), size)))

    @property
    def end(self) -> int:
        """The second after the last view."""
        return self._ends[-1] + 1 if self._ends else START + _DAY

    def page(self, start: int, end: int, number: int, limit: int) -> bytes:
        """Encode an answer: a page of the views with start <= view_end <= end."""
        first = bisect_left(self._ends, start)
        last = bisect_right(self._ends, end)
        begin = first + (number - 1) * limit
        rows = self._rows.slice(begin, min(begin + limit, last))
        total = b'"total_row_count":%d' % (last - first)
        return b'{%b,"timeframe":[%d,%d],"data":[%b]}' % (
            total,
            start,
            end,
            rows.replace(_NO_COUNT, total),
        )

    def _with_ends(self, views: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for view in views:
            self._ends.append(_epoch(view["view_end"]))
            yield view


class Assets:
    """Assets with tracks and playback IDs, newest first."""

    def __init__(self, size: int) -> None:
        """Make `size` assets."""
        world = GeneratedWorld(assets=int(size * _SPARE) + 100)
        rows = (row for row in world.assets(_LONG_AFTER) if _is_whole(row))
        self._rows = Rows(islice(rows, size))

    def __len__(self) -> int:
        """Count the assets."""
        return len(self._rows)

    def page(self, first: int, limit: int) -> bytes:
        """Encode an answer: the page that begins with the row `first`."""
        more = first + limit < len(self._rows)
        cursor = b'"after-%d"' % (first + limit) if more else b"null"
        rows = self._rows.slice(first, first + limit)
        return b'{"next_cursor":%b,"data":[%b]}' % (cursor, rows)


class Export:
    """A daily export of views: some thousand different ones, repeated with other ids."""

    def __init__(self, size: int) -> None:
        """Make `size` rows."""
        own = {"environment_id": "benchmark-environment"}
        details = (Detail(row, own) for row in islice(_views(size), min(size, _DISTINCT)))
        text = gzip.decompress(csv_export.write(details, _EXPORT_VERSION)).decode()
        head, *rows = csv.reader(io.StringIO(text, newline=""))
        key = head.index("view_id")
        file = io.BytesIO()
        with gzip.open(file, "wt", compresslevel=1, newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(head)
            for number, row in enumerate(islice(cycle(rows), size)):
                row[key] = f"view-{number:032}"
                writer.writerow(row)
        self.columns = len(head)
        self.content = file.getvalue()

    def listing(self, url: str) -> bytes:
        """Encode the list of exports."""
        file = {"version": _EXPORT_VERSION, "type": "csv", "path": url}
        day = datetime.fromtimestamp(START, UTC).date()
        return msgspec.json.encode({"data": [{"export_date": day, "files": [file]}]})


def _views(size: int) -> Iterator[dict[str, Any]]:
    world = GeneratedWorld(assets=3000, views_per_day=max(1, size // DAYS))
    starts = count(START, 3600)
    hours = (world.views(start, start + 3599, _LONG_AFTER) for start in starts)
    return chain.from_iterable(hours)


def _is_whole(row: dict[str, Any]) -> bool:
    return bool(row.get("tracks") and row.get("playback_ids"))


def _epoch(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
