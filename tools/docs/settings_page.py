"""The page about settings."""

from __future__ import annotations

import json
from typing import Any

from tap_mux.settings.settings import SETTINGS
from tools.docs.markdown import block, page, table

INTRODUCTION = """\
Settings come from the file that `--config` names, from environment variables with `--config ENV`,
or from `meltano.yml`. With several `--config`, a later file replaces settings of those before, and
variables replace both.

A date without an offset is UTC. In environment variables, lists and objects are JSON, and an empty
variable is the same as none."""

SDK = """\
Besides these, the SDK's [stream maps](https://sdk.meltano.com/en/latest/stream_maps.html)
(`stream_maps`, `stream_map_config`) and flattening (`flattening_enabled`, `flattening_max_depth`)
work as in other taps. The environment variable `TAP_MUX_LOGLEVEL` says how much is
[logged](running.md#logs)."""

KINDS = {"date-time": "date_iso8601", "number": "string"}
"""What Meltano calls types. Its numbers with a fraction cannot be written as JSON."""

MELTANO = """\
## In Meltano

Meltano passes on the settings that `meltano.yml` names. In a project of your own, take the ones
that you need:"""


def settings_page() -> str:
    """Return the page."""
    head = ("setting", "environment variable", "type", "default", "meaning")
    rows = [
        (
            f"`{name}`",
            f"`TAP_MUX_{name.upper()}`",
            _type(setting),
            _default(name, setting),
            setting["description"],
        )
        for name, setting in SETTINGS.to_dict()["properties"].items()
    ]
    return page(
        "Settings",
        INTRODUCTION,
        table(head, rows),
        SDK,
        f"{MELTANO}\n\n{block('yaml', _meltano())}",
    )


def _meltano() -> str:
    """Return the settings as `meltano.yml` has them, without descriptions."""
    lines = ["settings:"]
    for name, setting in SETTINGS.to_dict()["properties"].items():
        kind = KINDS.get(_type(setting), _type(setting))
        is_secret = setting.get("secret", False)
        if is_secret and kind == "string":
            kind = "password"
        sensitive = ", sensitive: true" if is_secret else ""
        lines.append(f"- {{name: {name}, kind: {kind}{sensitive}}}")
    return "\n".join(lines)


def _type(setting: dict[str, Any]) -> str:
    kinds = [kind for kind in setting["type"] if kind != "null"]
    return str(setting.get("format", kinds[0]))


def _default(name: str, setting: dict[str, Any]) -> str:
    if name == "metrics":
        return "see [Metrics](metrics.md#metrics)"
    if "default" not in setting:
        return ""
    default = setting["default"]
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
