"""The index of all streams, and a page for each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_mux.streams.metrics import MetricStream
from tap_mux.tap import TapMux
from tools.docs.fields import describe, fields_of
from tools.docs.joins import joins_of
from tools.docs.markdown import block, bullets, page, table
from tools.docs.notes import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_mux.streams.base import MuxStream

    Record = dict[str, Any]

INTRODUCTION = """\
To read a stream that is not read by default, select it. With Meltano, `select` in `meltano.yml`
lists what is read, by name. The first command adds a stream to the list, the second removes one:

```sh
meltano select tap-mux monitoring_timeseries '*'
meltano select --rm tap-mux errors '*'
```

Leave out `--environment`: `meltano --environment=dev select` makes a list for that environment
alone, which replaces the other one instead of adding to it. Without any list, Meltano reads all
streams, also those with a request a view.

Without Meltano, select streams in the catalog that `tap-mux --discover` prints. A catalog may also
be written by hand: what an entry does not say is as `--discover` prints it. This one reads two
streams:

```text
{"streams": [{"tap_stream_id": "assets"}, {"tap_stream_id": "video_views"}]}
```

Requests count against Mux's rate limit (usually 5 a second, 1 for monitoring). If the token or the
plan does not include a stream, or one of its metrics or dimensions, it is skipped with a warning,
and the others are read. `tap-mux --config config.json --test` tries each stream with the smallest
request, and `--test=video_views` that stream alone.

Every record has the ID of its Mux environment as `environment_id`. All times are in UTC.
[Joins](joins.md) says how tables fit together, and
[What is no stream](coverage.md) what else Mux has."""


def index(streams: Iterable[MuxStream]) -> str:
    """Return the page with all streams."""
    head = ("stream", "endpoint", "key", "replication", "by default", "requests", "permission")
    rows = [
        (
            f"[`{stream.name}`](streams/{stream.name}.md)",
            f"`GET {stream.path}`",
            _names(stream.primary_keys),
            _replication(stream),
            "yes" if stream.selected_by_default else "no",
            NOTES[stream.name].requests,
            _permission(stream),
        )
        for stream in streams
    ]
    return page("Streams", INTRODUCTION, table(head, rows))


def stream_page(stream: MuxStream, records: Sequence[Record]) -> str:
    """Return the page of a stream.

    Args:
        stream: The stream.
        records: Its records in the sandbox.
    """
    note = NOTES[stream.name]
    says, reference = describe(stream.name)
    key = _names(stream.primary_keys)
    if stream.ids_repeat:
        key += ", and `environment_id` if a run reads several environments"
    facts = (
        ("endpoint", f"[`GET {stream.path}`]({reference})"),
        ("key", key),
        ("replication", _replication(stream)),
        ("read by default", "yes" if stream.selected_by_default else "no"),
        ("requests", note.requests),
        ("permission and plan", _permission(stream)),
        ("filters", _filters(stream)),
    )
    limits = f"## Limits\n\n{bullets(note.limits)}" if note.limits else ""
    return page(
        stream.name,
        f"Each record is {says[0].lower()}{says[1:]}",
        f"**What it is for**: {note.use}",
        table(facts[0], facts[1:]),
        limits,
        f"## Fields\n\n{_fields(stream.name)}",
        f"## Example\n\nA record of the sandbox. Fields that are null are left out, and lists are "
        f"cut to their first item.\n\n{block('json', _example(records))}",
        f"## Joins\n\n{_joins(stream.name)}",
    )


def pages(records: Mapping[str, Sequence[Record]]) -> dict[str, str]:
    """Return the texts of the pages, by their paths.

    Args:
        records: The records in the sandbox, by stream.
    """
    tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
    streams = sorted(tap.discover_streams(), key=lambda each: each.name)
    return {"streams.md": index(streams)} | {
        f"streams/{stream.name}.md": stream_page(stream, records[stream.name]) for stream in streams
    }


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _replication(stream: MuxStream) -> str:
    key = stream.replication_key
    return f"incremental by `{key}`" if key else "full table"


def _permission(stream: MuxStream) -> str:
    permission = stream.permission
    return f"one {permission}" if permission.startswith("that ") else permission


def _filters(stream: MuxStream) -> str:
    if isinstance(stream, MetricStream):
        return "`filters`, `metric_filters`, in [`metrics`](../metrics.md#metrics)"
    if not stream.parameters:
        return "none"
    return f"{_names(sorted(stream.parameters))}, in [`stream_params`](../metrics.md#filters)"


def _fields(stream: str) -> str:
    rows = []
    for field in fields_of(stream):
        only = " Only with `include_credentials`." if field.is_credential else ""
        rows.append((f"`{field.path}`", field.type, field.unit, f"{field.description}{only}"))
    return table(("field", "type", "unit", "description"), rows)


def _example(records: Sequence[Record]) -> str:
    """Return the record that shows the most fields."""

    def filled(record: Record) -> int:
        return sum(value not in (None, [], {}) for value in record.values())

    return json.dumps(_cut(max(records, key=filled)), indent=2, ensure_ascii=False)


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_cut(each) for each in value[:1]]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # as exports have it where pyarrow reads them
    return value


def _joins(stream: str) -> str:
    found = joins_of(stream)
    environments = (
        ""
        if stream == "environments"
        else "`environment_id` finds the record of `environments`, as in every stream."
    )
    texts = [
        f"{'' if join.is_one_to_one else 'Many '}`{join.left}` to one `{join.right}`. "
        f"{join.says}".strip()
        + f"\n\n{block('sql', join.sql)}"
        for join in found
    ]
    if stream == "environments":
        texts.append("Every stream finds its environment by `environment_id`.")
    elif not found:
        texts.append("It joins nothing but `environments`.")
    return "\n\n".join(filter(None, [*texts, environments]))
