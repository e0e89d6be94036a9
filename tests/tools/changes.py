"""A description of an API that agrees with the tap, and what Mux might change in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_mux import schemas
from tools.compare import NO_STREAM
from tools.ours import readers
from tools.spec import RECORDS_WITHIN

if TYPE_CHECKING:
    from collections.abc import Callable

    Json = dict[str, Any]
    Change = Callable[[Json], object]

ASSETS = "/video/v1/assets"
WEBHOOKS = "/system/v1/webhooks"
VIEWS = "/data/v1/video-views"
OVERALL = "/data/v1/metrics/{METRIC_ID}/overall"
BREAKDOWN = "/data/v1/metrics/{METRIC_ID}/breakdown"


def agreeing() -> Json:
    """Describe an API that has what the tap reads, and nothing else."""
    paths: Json = {}
    for reader in readers():
        within = RECORDS_WITHIN.get(reader.stream)
        records = {"items": schemas.read(reader.stream)}
        if within:
            records = {"properties": {within: records}}
        envelope = {"properties": {"data": records}}
        words = {name: list(known) for (name, _), known in reader.words.items()}
        names = dict.fromkeys(re.findall(r"{(\w+)}", reader.path), "path")
        names |= dict.fromkeys(() if reader.listed_at else reader.query, "query")
        paths[reader.path] = {
            "get": {
                "parameters": [
                    {"name": name, "in": place, "schema": {"enum": words.get(name, [])}}
                    for name, place in names.items()
                ],
                "responses": {"200": {"content": {"application/json": {"schema": envelope}}}},
            }
        }
    return {"paths": paths}


def record(api: Json, path: str) -> Json:
    """Give the fields of what an endpoint lists."""
    content = api["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    found: Json = schema["properties"]["data"]["items"]["properties"]
    return found


def words(api: Json, path: str, name: str) -> list[str]:
    """Give the words that an endpoint takes for a parameter."""
    (found,) = [each for each in api["paths"][path]["get"]["parameters"] if each["name"] == name]
    taken: list[str] = found["schema"]["enum"]
    return taken


def drop(api: Json, path: str, name: str) -> None:
    """Drop a parameter."""
    method = api["paths"][path]["get"]
    method["parameters"] = [each for each in method["parameters"] if each["name"] != name]


def add(api: Json, path: str, name: str) -> None:
    """Add a query parameter."""
    api["paths"][path]["get"]["parameters"].append({"name": name, "in": "query"})


CHANGES: dict[str, tuple[Change, str, str]] = {
    "new field": (
        lambda api: record(api, ASSETS).update(colour={"type": "string"}),
        "assets",
        "new field: colour (string)",
    ),
    "new field with fields": (
        lambda api: record(api, ASSETS).update(
            look={"properties": {"colour": {"type": "string"}}, "type": "object"}
        ),
        "assets",
        "new field: look (object)",
    ),
    "new field within": (
        lambda api: record(api, ASSETS)["tracks"]["items"]["properties"].update(
            colour={"type": "string"}
        ),
        "assets",
        "new field: tracks.colour (string)",
    ),
    "gone field": (
        lambda api: record(api, WEBHOOKS).pop("address"),
        "webhooks",
        "gone field: address",
    ),
    "gone field with fields": (
        lambda api: record(api, ASSETS).pop("master"),
        "assets",
        "gone field: master",
    ),
    "retyped field": (
        lambda api: record(api, ASSETS).update(duration={"type": ["string", "null"]}),
        "assets",
        "retyped field: duration (number in the tap, string at Mux)",
    ),
    "retyped field in part": (
        lambda api: record(api, ASSETS).update(status={"type": ["string", "integer"]}),
        "assets",
        "retyped field: status (string in the tap, integer or string at Mux)",
    ),
    "no fields": (
        lambda api: api["paths"][WEBHOOKS]["get"].pop("responses"),
        "webhooks",
        f"gone answer: {WEBHOOKS} (The description names no fields of webhooks (GET {WEBHOOKS}))",
    ),
    "new parameter": (
        lambda api: add(api, "/video/v1/uploads", "colour"),
        "uploads",
        "new parameter: colour",
    ),
    "gone parameter that the tap sends": (
        lambda api: drop(api, WEBHOOKS, "page"),
        "webhooks",
        "gone parameter: page",
    ),
    "gone parameter that users may set": (
        lambda api: drop(api, "/video/v1/live-streams", "status"),
        "live_streams",
        "gone parameter: status",
    ),
    "new metric": (
        lambda api: words(api, OVERALL, "METRIC_ID").append("smiles"),
        "metric_overall",
        "new metric: smiles",
    ),
    "gone metric": (
        lambda api: words(api, OVERALL, "METRIC_ID").remove("views"),
        "metric_overall",
        "gone metric: views",
    ),
    "new dimension": (
        lambda api: words(api, BREAKDOWN, "group_by").append("weather"),
        "metric_breakdowns",
        "new dimension: weather",
    ),
    "gone dimension": (
        lambda api: words(api, BREAKDOWN, "group_by").remove("country"),
        "metric_breakdowns",
        "gone dimension: country",
    ),
    "new measurement": (
        lambda api: words(api, OVERALL, "measurement").append("mode"),
        "metric_overall",
        "new measurement: mode",
    ),
    "gone granularity": (
        lambda api: words(api, "/data/v1/metrics/{METRIC_ID}/timeseries", "group_by").remove("day"),
        "metric_timeseries",
        "gone granularity: day",
    ),
    "new endpoint": (
        lambda api: api["paths"].update({"/video/v1/smiles/{SMILE_ID}": {"get": {}}}),
        NO_STREAM,
        "new endpoint: /video/v1/smiles/{}",
    ),
    "gone endpoint": (
        lambda api: api["paths"].pop(WEBHOOKS),
        "webhooks",
        f"gone endpoint: {WEBHOOKS}",
    ),
}

NO_CHANGES: dict[str, Change] = {
    "nothing": lambda api: api.update(openapi="3.1.0"),
    "integer for number": lambda api: record(api, ASSETS).update(duration={"type": "integer"}),
    "epoch for time": lambda api: record(api, ASSETS).update(created_at={"type": "integer"}),
    "text for time": lambda api: record(api, ASSETS).update(created_at={"type": "string"}),
    "number for ID": lambda api: record(api, ASSETS).update(upload_id={"type": "integer"}),
    "never null": lambda api: record(api, ASSETS).update(status={"type": "string"}),
    "other name in the path": lambda api: api["paths"].update(
        {OVERALL.replace("METRIC", "NUMBER"): api["paths"].pop(OVERALL)}
    ),
    "ignored": lambda api: record(api, VIEWS).update(total_row_count={"type": "integer"}),
    "within what is kept whole": lambda api: record(api, "/robots/v0/jobs").update(
        parameters={"type": "object", "properties": {"colour": {"type": "string"}}}
    ),
    "one record of a list": lambda api: api["paths"].update(
        {f"{ASSETS}/{{ASSET_ID}}": {"get": {}}}
    ),
    "one job": lambda api: api["paths"].update({"/robots/v0/jobs/smile/{JOB_ID}": {"get": {}}}),
    "elements of lists": lambda api: api["paths"].update(
        {"/data/v1/dimensions/{DIMENSION_ID}/elements": {"get": {}}}
    ),
    "other host": lambda api: api["paths"].update({"/{PLAYBACK_ID}/smile.png": {"get": {}}}),
    "not to read": lambda api: api["paths"].update({"/video/v1/smiles": {"post": {}}}),
}
