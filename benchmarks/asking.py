"""Count the requests of runs against the sandbox: `python -m benchmarks.asking FOLDER`.

Prints them as JSON: how many a first run and the next one send for each stream, how many pages
there are to read in the next one, and how many round trips a first run takes to the first view.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from benchmarks import environ
from mux_sandbox import GeneratedWorld, Sandbox
from tap_mux.streams import ALL_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mux_sandbox.request_log import RequestRecord

LATENCY = 0.15
VIEWS = "/data/v1/video-views"
PAGE = 100

_PATHS = {
    stream.name: re.compile(re.sub(r"\{\w+\}", "[^/]+", stream.path)) for stream in ALL_STREAMS
}
_PAGING = {"page", "cursor"}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--assets", type=int, default=3000)
    parser.add_argument("--views-per-day", type=int, default=400)
    options = parser.parse_args()
    world = GeneratedWorld(assets=options.assets, views_per_day=options.views_per_day)
    with Sandbox(world) as sandbox:
        state = _run(sandbox, options.folder)
        first = list(sandbox.requests)
        sandbox.requests.clear()
        _run(sandbox, options.folder, state=state)
        following = list(sandbox.requests)
        pages, ends = _needed(sandbox, following)
    with Sandbox(world) as sandbox:
        sandbox.options.latency_seconds = LATENCY
        _run(sandbox, options.folder, catalog=_only("video_views"))
        trips = _trips_to_first_view(list(sandbox.requests))
    counts = {
        "first": _by_stream(first),
        "following": _by_stream(following),
        "pages": pages,
        "ends": ends,
        "trips": trips,
    }
    print(json.dumps(counts))  # noqa: T201 - read by the caller


def _run(sandbox: Sandbox, folder: Path, **files: Any) -> Any:
    """Run the tap; return the last state that it wrote."""
    arguments = []
    for name, content in {"config": sandbox.config, **files}.items():
        path = folder / f"asking.{name}.json"
        path.write_text(json.dumps(content))
        arguments += [f"--{name}", str(path)]
    output = folder / "asking.jsonl"
    with output.open("wb") as file:
        subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "tap_mux", *arguments],
            check=True,
            stdout=file,
            stderr=subprocess.DEVNULL,
            env=environ.clean(),
        )
    with output.open("rb") as lines:
        *_, last = (line for line in lines if line.startswith(b'{"type":"STATE"'))
    return json.loads(last)["value"]


def _only(name: str) -> dict[str, Any]:
    """Return the discovered catalog with one stream."""
    done = subprocess.run(
        [sys.executable, "-m", "tap_mux", "--discover"],
        check=True,
        capture_output=True,
        env=environ.clean(),
    )
    streams = json.loads(done.stdout)["streams"]
    return {"streams": [each for each in streams if each["tap_stream_id"] == name]}


def _stream_of(path: str) -> str:
    return next(name for name, pattern in _PATHS.items() if pattern.fullmatch(path))


def _by_stream(asked: Iterable[RequestRecord]) -> dict[str, int]:
    return dict(Counter(_stream_of(each.path) for each in asked))


def _needed(
    sandbox: Sandbox, asked: Iterable[RequestRecord]
) -> tuple[dict[str, int], dict[str, int]]:
    """Ask again, and count for each stream the pages and the lists whose end has to be confirmed.

    A page has records, or is the only one of its list. Where Mux does not count a list that has
    pages, only a page without records shows its end.
    """
    found: dict[tuple[str, frozenset[tuple[str, str]]], list[int]] = defaultdict(list)
    uncounted = set()
    with requests.Session() as session:
        session.auth = (sandbox.config["token_id"], sandbox.config["token_secret"])
        for path, query in {(each.path, tuple(each.query)) for each in asked}:
            answer = session.get(sandbox.url + path, params=query, timeout=10).json()
            of_list = path, frozenset(pair for pair in query if pair[0] not in _PAGING)
            found[of_list].append(len(answer["data"]))
            is_by_number = "page" in dict(query)
            if is_by_number and answer["data"] and answer.get("total_row_count") is None:
                uncounted.add(of_list)
    pages, ends = Counter[str](), Counter[str]()
    for of_list, sizes in found.items():
        pages[_stream_of(of_list[0])] += max(1, sum(map(bool, sizes)))
        ends[_stream_of(of_list[0])] += of_list in uncounted
    return dict(pages), dict(ends)


def _trips_to_first_view(asked: Sequence[RequestRecord]) -> int:
    """Return how many requests, one after another, it takes to the first page of views."""
    trips: list[int] = []
    for number, each in enumerate(asked):
        before = (
            trip
            for trip, earlier in zip(trips, asked[:number], strict=True)
            if earlier.finished and earlier.finished <= each.started
        )
        trips.append(1 + max(before, default=0))
        if each.path == VIEWS and each.param("limit") == str(PAGE) and each.status == HTTPStatus.OK:
            return trips[-1]
    raise AssertionError


if __name__ == "__main__":
    main()
