"""What is said of the streams is what they do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, NOW, tap_time
from tests.support.tapping import run_tap
from tools.ours import SENT, WORDS, Reader, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

METRICS = [
    {
        "metric": "playing_time",
        "measurement": "sum",
        "group_by": ["country"],
        "filters": ["country:US"],
        "metric_filters": ["rebuffer_count>=2"],
    }
]
READERS = [reader for reader in readers() if reader.stream != "environments"]


@pytest.fixture(scope="module")
def mux() -> Iterator[Sandbox]:
    """Serve a small world, with more than one page of assets."""
    world = GeneratedWorld(assets=150, views_per_day=5)
    with Sandbox(world=world, options=SandboxOptions()) as running:
        yield running


def is_of(path: str) -> re.Pattern[str]:
    """Make a pattern for the paths of requests to an endpoint."""
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.stream)
def test_a_stream_sends_what_is_said(mux: Sandbox, reader: Reader) -> None:
    before = len(mux.requests)
    since = NOW - (HOUR if "monitoring" in reader.stream else 2 * DAY)
    settings: dict[str, Any] = {"metrics": METRICS, "dimensions": ["country"]}
    run_tap(mux, reader.stream, start_date=tap_time(since), **settings)
    own, listed = is_of(reader.path), is_of(reader.listed_at)
    asked = [
        request
        for request in mux.requests[before:]
        if own.fullmatch(request.path) or listed.fullmatch(request.path)
    ]
    assert asked
    sent = {name for request in asked for name, _ in request.query}
    assert sent == set(SENT.get(reader.stream, ()))


def test_of_streams_that_there_are() -> None:
    assert SENT.keys() | WORDS.keys() <= {stream.name for stream in ALL_STREAMS}


def test_words_are_of_parameters_that_are_sent() -> None:
    for reader in readers():
        taken = reader.query | set(re.findall(r"{(\w+)}", reader.path))
        assert {parameter for parameter, _ in reader.words} <= taken
