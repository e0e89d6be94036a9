"""The daily exports: their list, and the files behind signed URLs."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulation.truth import DAY, HOUR, draw
from tests.simulation.wire import SECRET, day_text, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.mux.request import Request, Row

HOST = "https://exports.example.com"
KEPT_SECONDS = 7 * DAY
EXPIRES_SECONDS = HOUR


def listed_at(seed: int, day: int) -> int:
    """When Mux lists the export of a day: some come later than those of the next days."""
    chosen = draw(seed, "listed", day)
    late = (chosen // 16) % 4 * DAY if chosen % 6 == 0 else 0
    return day + DAY + 2 * HOUR + chosen % 7 * HOUR + late


def is_listed(seed: int, day: int, now: float) -> bool:
    """Whether Mux has the export of a day."""
    return listed_at(seed, day) <= now < listed_at(seed, day) + KEPT_SECONDS


def versions_of(seed: int, day: int, now: float) -> tuple[int, ...]:
    """Return in which versions Mux has an export: some get their second one later."""
    chosen = draw(seed, "versions", day)
    if chosen % 3 == 0 and now < listed_at(seed, day) + chosen // 3 % 4 * 6 * HOUR:
        return (1,)
    return (2,) if chosen % 3 == 1 else (1, 2)


@lru_cache(4096)
def rows_of(seed: int, day: int) -> dict[str, int]:
    """Return the views of a day, and what stands for their content."""
    count = (0, 1, 3, 3, 50, 400)[draw(seed, "rows", day) % 6]
    return {
        f"x{seed}-{day // DAY}-{number}": draw(seed, day, number) % 1000 for number in range(count)
    }


def list_exports(request: Request) -> Row:
    """Give the exports that there are, each with one or two files, some in two versions."""
    seed, now = request.world.seed, request.now
    today = int(now) // DAY * DAY
    exports = []
    for day in range(today - 14 * DAY, today, DAY):
        if not is_listed(seed, day, now):
            continue
        chosen = draw(seed, "files", day)
        files = [
            {
                "version": version,
                "type": "csv",
                "path": f"{HOST}/{seed}/{day}/{version}/{part}.csv.gz"
                f"?X-Amz-Date={int(now)}&X-Amz-Signature={SECRET}",
            }
            for version in versions_of(seed, day, now)
            for part in range(1 + chosen % 2)
        ]
        exports.append({"export_date": day_text(day), "files": files})
    return {"data": exports, "total_row_count": len(exports), "timeframe": None}


@lru_cache(256)
def content_of(seed: int, day: int, parts: int, part: int) -> bytes:
    """Return a file, compressed."""
    rows = [
        f'{key},{iso(day + 60)},"v{value}, of a view",DE'
        for number, (key, value) in enumerate(rows_of(seed, day).items())
        if number % parts == part
    ]
    text = "\n".join(["view_id,view_end,video_title,country", *rows, ""])
    return gzip.compress(text.encode(), mtime=0)


def file_at(path: str) -> bytes:
    """Return the file that lies behind a path."""
    _, seed, day, _, name = path.split("/")
    parts = 1 + draw(int(seed), "files", int(day)) % 2
    return content_of(int(seed), int(day), parts, int(name[0]))


ROUTES: list[tuple[str, str, Callable[[Request], Row]]] = [
    ("exported_video_views", "/data/v1/exports/views", list_exports),
]
