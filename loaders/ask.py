"""Print the answer to a question in SQL."""

from __future__ import annotations

import sys

from loaders.database import opened

MAX_ROWS = 40


def main(path: str, *words: str) -> None:
    """Print the answer as a table."""
    if not words:
        sys.exit("Give a question in SQL, such as: select count(*) from tap_mux.video_views")
    with opened(path) as database:
        database.query(" ".join(words)).show(max_rows=MAX_ROWS)


if __name__ == "__main__":
    main(*sys.argv[1:])
