"""The smaller tables of a generated world, kept until something changes."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.alerts import annotation_rows, incident_rows
from mux_sandbox.world.asset_inputs import AssetInputs
from mux_sandbox.world.directives import directives
from mux_sandbox.world.live_streams import LiveStreams
from mux_sandbox.world.organization import usage_exports, webhooks
from mux_sandbox.world.robots import Robots
from mux_sandbox.world.slow_tables import (
    drm_configurations,
    playback_restrictions,
    signing_keys,
    transcription_vocabularies,
)
from mux_sandbox.world.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.world.assets import Assets
    from mux_sandbox.world.interface import Row


class _Snapshot(NamedTuple):
    since: float
    until: float
    rows: list[Row]


class Tables:
    """All smaller tables of a world."""

    def __init__(self, seed: int, assets: Assets) -> None:
        """Prepare; a table is made when it is asked for."""
        robots = Robots(seed, assets)
        self._makers: dict[str, Callable[[float], tuple[list[Row], float]]] = {
            "asset_inputs": AssetInputs(seed, assets).visible,
            "live_streams": LiveStreams(seed, assets).visible,
            "uploads": Uploads(seed, assets).visible,
            "playback_restrictions": partial(playback_restrictions, seed),
            "drm_configurations": lambda _now: (drm_configurations(seed), math.inf),
            "transcription_vocabularies": partial(transcription_vocabularies, seed),
            "signing_keys": partial(signing_keys, seed),
            "webhooks": partial(webhooks, seed),
            "usage_exports": partial(usage_exports, seed),
            "directives": partial(directives, seed),
            "directive_runs": robots.runs,
            "robot_jobs": robots.jobs,
            "incidents": partial(incident_rows, seed),
            "annotations": partial(annotation_rows, seed),
        }
        self._snapshots: dict[str, _Snapshot] = {}

    def rows(self, table: str, now: float) -> list[Row]:
        """Give the records of a table; an unknown table is empty."""
        snapshot = self._snapshots.get(table)
        if snapshot is not None and snapshot.since <= now < snapshot.until:
            return snapshot.rows
        if table not in self._makers:
            return []
        rows, until = self._makers[table](now)
        self._snapshots[table] = _Snapshot(now, until, rows)
        return rows
