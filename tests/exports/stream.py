"""Publish files, run the stream, and read its records."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from mux_sandbox import Answer
from tap_mux.tap import TapMux
from tests.support.records import DAY, NOW, tap_time
from tests.support.tapping import Output, bookmark, run_tap

if TYPE_CHECKING:
    from mux_sandbox import Sandbox

STREAM = "exported_video_views"
LIST = "/data/v1/exports/views"
SIGNED = "/signed/"
MIDNIGHT = NOW - NOW % DAY
ENVIRONMENT = "sandbox-environment"
SECRET = "X-Amz-Signature=secret"  # noqa: S105 - not a real one


def day(ago: int) -> str:
    """Return the date of a day, by how many days ago it was."""
    return midnight(ago)[:10]


def midnight(ago: int) -> str:
    """Return the first moment of a day, by how many days ago it was."""
    return tap_time(MIDNIGHT - ago * DAY)


def read(sandbox: Sandbox, **more: Any) -> Output:
    """Run only this stream."""
    return run_tap(sandbox, STREAM, **more)


def records(output: Output) -> list[dict[str, Any]]:
    """Return the records of the stream."""
    return output.records(STREAM)


def ids(output: Output) -> list[str]:
    """Return the view ids in the order in which they were written."""
    return [record["view_id"] for record in records(output)]


def state_of(value: str) -> dict[str, Any]:
    """Make a state with this bookmark."""
    partition = {
        "context": {"environment_id": ENVIRONMENT},
        "replication_key": "export_date",
        "replication_key_value": value,
    }
    return {"bookmarks": {STREAM: {"partitions": [partition]}}}


def bookmarks(output: Output) -> list[str | None]:
    """Return the bookmarks of all states, each once."""
    return list(dict.fromkeys(bookmark(state, STREAM) for state in output.states))


def catalog_without(*columns: str, **settings: Any) -> dict[str, Any]:
    """Make a catalog that selects the stream without these columns."""
    tap = TapMux(config={"token_id": "id", "token_secret": "secret", **settings})
    (entry,) = [each for each in tap.catalog_dict["streams"] if each["stream"] == STREAM]
    entry = json.loads(json.dumps(entry))
    for each in entry["metadata"]:
        name = each["breadcrumb"][-1] if each["breadcrumb"] else None
        each["metadata"]["selected"] = name not in columns
    return {"streams": [entry]}


def publish(sandbox: Sandbox, files: dict[str, str]) -> None:
    """Let Mux list these files, by date."""
    publish_packed(
        sandbox, {name: gzip.compress(content.encode()) for name, content in files.items()}
    )


def publish_packed(sandbox: Sandbox, files: dict[str, bytes]) -> None:
    """Let Mux list these compressed files, by date."""
    listed = []
    for name, content in files.items():
        path = f"/files/{name}"
        sandbox.faults.add(path, times=None, action=Answer(200, content))
        file = {"version": 14, "type": "csv", "path": f"{sandbox.url}{path}?{SECRET}"}
        listed.append({"export_date": name, "files": [file]})
    sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": listed}))


def one(sandbox: Sandbox, content: str | bytes, **more: Any) -> list[dict[str, Any]]:
    """Read one file of yesterday; leave out what is the same in all rows."""
    content = content.encode() if isinstance(content, str) else content
    publish_packed(sandbox, {day(1): gzip.compress(content)})
    found = records(read(sandbox, **more))
    for record in found:
        assert record.pop("export_date") == midnight(1)
        assert record.pop("environment_id") == ENVIRONMENT
    return found
