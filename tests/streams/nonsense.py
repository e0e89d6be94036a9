"""Mux with something for each stream, and with nonsense in any place of its answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from mux_sandbox import Answer, ExplicitWorld, GeneratedWorld
from tap_mux.api.client import MuxClient
from tap_mux.api.errors import MuxError
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, NOW, tap_time, view, wire_time
from tests.support.tapping import Output, catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mux_sandbox import RequestRecord, Sandbox

    Ask = tuple[str, list[tuple[str, str]]]
    """The path and the query of a request."""

WHOAMI = "/system/v1/whoami"
FAST = {"X-RateLimit-Limit": "10000", "X-RateLimit-Remaining": "10000"}
MIDNIGHT = NOW - NOW % DAY
FULL_HOUR = NOW - 200 - (NOW - 200) % HOUR
NAMES = [stream.name for stream in ALL_STREAMS if stream.name != "environments"]
BY_ID = (
    "assets live_streams uploads playback_restrictions drm_configurations incidents webhooks "
    "transcription_vocabularies signing_keys directives"
)
# Streams that ask for the same lists as others, and streams of the last hour, have their own runs.
CHILDREN = [
    *("asset_inputs", "asset_hotspots", "video_view_details", "directive_runs"),
    "related_incidents",
]
GROUPS = (
    CHILDREN,
    [name for name in NAMES if "monitoring" in name],
    [name for name in NAMES if name not in CHILDREN and "monitoring" not in name],
)
SETTINGS: dict[str, Any] = {
    "max_attempts": 1,
    "end_date": tap_time(NOW - 120),
    "dimensions": ["country"],
    "metrics": [{"metric": "views", "granularity": "day", "group_by": ["country"]}],
}
GONE = object()
"""In place of a value: nothing is there."""


def world() -> ExplicitWorld:
    """Make a world with a record or two for each stream."""
    made = GeneratedWorld(1, assets=30, views_per_day=40)

    def rows(table: str, **more: Any) -> list[dict[str, Any]]:
        return [{**row, **more} for row in made.rows(table, 1_790_000_000)[:2]]

    inputs, runs, incidents = rows("asset_inputs"), rows("directive_runs"), rows("incidents")
    views = [view(n, MIDNIGHT - n * DAY + HOUR, error_type_id=7) for n in (1, 2)]
    views.append(view(4, MIDNIGHT - DAY + 2 * HOUR))  # insights need views that differ in a day
    views.append(view(3, NOW - 130, view_start=wire_time(NOW - 3 * HOUR)))
    delivery = {"delivered_seconds": 5, "delivered_seconds_by_resolution": {"tier_720p": 5}}
    return ExplicitWorld(
        [{**made.assets(NOW)[0], "id": row["asset_id"]} for row in inputs],
        views,
        {row["id"]: {"asset_id": inputs[0]["asset_id"]} for row in views},
        asset_inputs=inputs,
        incidents=[incidents[0], {**incidents[0], "id": "related"}],
        directives=[{**row, "id": runs[0]["directive_id"]} for row in rows("directives")[:1]],
        directive_runs=rows("directive_runs", started_at=NOW - HOUR),
        robot_jobs=rows("robot_jobs", created_at=NOW - HOUR, updated_at=NOW - HOUR),
        annotations=rows("annotations", date=wire_time(NOW - DAY)),
        usage_exports=[{**rows("usage_exports")[0], "date": tap_time(MIDNIGHT - DAY)[:10]}],
        delivery_usage=[{"asset_id": "a", "hour": MIDNIGHT - n * DAY, **delivery} for n in (1, 2)],
        **{
            table: rows(table)
            for table in (*BY_ID.split(), "signing_keys")
            if table not in {"assets", "incidents", "directives"}
        },
    )


class Mux:
    """The sandbox, what it answers for each stream, and the records that are made of that."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take a sandbox; ``learn`` asks it."""
        self.sandbox = sandbox
        self.answers: dict[str, list[tuple[Ask, bytes]]] = {}
        self.records: dict[str, list[dict[str, Any]]] = {}

    def read(self, *names: str) -> tuple[Output, dict[str, str]]:
        """Read some streams; give what came, and the errors by stream."""
        is_monitoring = any("monitoring" in name for name in names)
        since = FULL_HOUR if is_monitoring else MIDNIGHT - 2 * DAY
        entries = [entry for entry in catalog()["streams"] if entry["stream"] in names]
        settings = {**SETTINGS, "start_date": tap_time(since)}
        output, errors = Output(), ""
        try:
            run_tap(self.sandbox, catalog={"streams": entries}, output=output, **settings)
        except MuxError as error:
            errors = str(error)
        assert "bug" not in errors
        return output, dict(each.split(" failed: ", 1) for each in errors.split("; ") if each)

    def learn(self) -> None:
        """Read each stream alone, and remember answers and records: each has some."""
        real = MuxClient.get

        def get(client: MuxClient, path: str, query: Any = None, **shape: Any) -> Any:
            answer = real(client, path, query, **shape)
            if path != WHOAMI:
                ask = path, parse_qsl(urlencode(query or {}, doseq=True))
                self.answers[name].append((ask, msgspec.json.encode(answer)))
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MuxClient, "get", get)
            for name in NAMES:
                self.answers[name] = []
                output, errors = self.read(name)
                self.records[name] = output.records(name)
                assert self.records[name]
                assert errors == {}

    def spoil(self, name: str, **places: Any) -> set[str]:
        """Let Mux put something else in places of all its answers for a stream.

        Args:
            name: The stream.
            places: What is there instead, by place. "*" in a place is each item of a list.

        Returns:
            The places that an answer has.
        """
        there: set[str] = set()
        for ask, body in self.answers[name]:
            answer = msgspec.json.decode(body)
            if found := {place for place, value in places.items() if put(answer, place, value)}:
                there |= found
                self.answer(ask, answer)
        return there

    def answer(self, ask: Ask | None, body: Any, **more: Any) -> None:
        """Let Mux answer a request in this way; all but whoami, if none is named."""

        def applies(request: RequestRecord) -> bool:
            if ask is None:
                return request.path != WHOAMI
            return (request.path, request.query) == ask

        answer = Answer(**{"status": 200, "body": body, "headers": FAST, **more})
        self.sandbox.faults.add(applies, times=None, action=answer)


@cache
def catalog() -> dict[str, Any]:
    """Select all streams."""
    return catalog_of(*NAMES, "environments")


def put(node: Any, place: str, value: Any) -> bool:
    """Put something else in one place; tell whether the place is there."""
    key, _, rest = place.partition(".")
    if key == "*" and isinstance(node, list):
        places = [f"{number}.{rest}".strip(".") for number in range(len(node))]
        return sum(put(node, each, value) for each in places) > 0
    at: Any = int(key) if isinstance(node, list) and key.isdecimal() else key
    try:
        if rest:
            return put(node[at], rest, value)
        _ = node[at]
    except (IndexError, KeyError, TypeError):
        return False
    if value is GONE:
        del node[at]
    else:
        node[at] = value
    return True


def nodes(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Give each place of an answer, and what is there."""
    items: Iterable[tuple[object, Any]]
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield f"{place}{key}", value
        if isinstance(value, dict | list):
            yield from nodes(value, f"{place}{key}.")
