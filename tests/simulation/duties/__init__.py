"""What a run has to deliver, in plain words, and what may be in a table.

After a run that ended with exit code 0, for each stream that it read:

* A list that Mux gives whole: what was there during all of the run is in the table, as it was at
  some moment of the run. Where ACTIVATE_VERSION is off, that holds if nothing was added to the list
  or deleted from it meanwhile, else the next run makes it so.
* An incremental stream: what was there when the run began, from ``start_date`` (or the beginning of
  what Mux keeps) to the end of the range, is in the table, as it was then or later. That stays so
  after every later run, whatever Mux keeps then.

At any time: what is in a table was there once. Mux changes views and sums only for as long as the
tap is documented to read them again (``Limits``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.duties.base import Duty, Key, Row, Span
from tests.simulation.duties.entries import (
    EntryDuty,
    is_job_due,
    is_listed_view_due,
    is_note_due,
    is_run_due,
    is_view_due,
)
from tests.simulation.duties.intervals import ExportDuty, SumDuty, UsageDuty
from tests.simulation.duties.lists import ChildDuty, CreatedDuty, FixedDuty, ListDuty
from tests.simulation.duties.monitoring import MONITORING
from tests.simulation.sums import SUMS
from tests.simulation.world import LISTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.run import Facts
    from tests.simulation.truth import Entry
    from tests.simulation.world import World

__all__ = ["DUTIES", "Duty", "Key", "Row", "Span", "duty_of"]


def _inputs(world: World, asset: Entry) -> dict[Key, Any]:
    return {(asset.key, number): f"v{number}" for number in range(world.inputs_of(asset.key))}


def _related(world: World, incident: Entry) -> dict[Key, Any]:
    related = world.related_to(incident.key)
    return {(incident.key, each): f"v{number}" for number, each in enumerate(related)}


def _text(version: int) -> str:
    return f"v{version}"


_COLUMNS: dict[str, Callable[[Row], Any]] = {
    "assets": lambda row: row["passthrough"],
    "live_streams": lambda row: row["passthrough"],
    "playback_restrictions": lambda row: row["referrer"]["allowed_domains"][0],
    "transcription_vocabularies": lambda row: row["name"],
    "incidents": lambda row: row["description"],
    "directives": lambda row: row["name"],
}

DUTIES: dict[str, Duty] = {
    **{name: ListDuty(name, _COLUMNS[name], _text) for name in LISTS if name in _COLUMNS},
    "uploads": ListDuty("uploads", lambda row: row["timeout"], lambda version: version),
    "webhooks": ListDuty("webhooks", lambda row: row["enabled"], lambda version: version % 2 == 0),
    "drm_configurations": ListDuty("drm_configurations", lambda _: None, lambda _: None),
    "signing_keys": ListDuty("signing_keys", lambda _: None, lambda _: None),
    "environments": FixedDuty(lambda world: {(world.environment_id,): "v0"}, "environment_name"),
    "dimensions": FixedDuty(
        lambda _: {("browser",): "basic", ("country",): "basic", ("cdn",): "advanced"}, "category"
    ),
    "asset_inputs": ChildDuty("assets", _inputs, lambda row: row["file"]["container_format"]),
    "related_incidents": ChildDuty("incidents", _related, lambda row: row["description"]),
    "video_views": EntryDuty("video_views", "video_title", is_listed_view_due),
    "video_view_details": EntryDuty("video_views", "video_title", is_view_due),
    "directive_runs": EntryDuty("directive_runs", "status", is_run_due),
    "robot_jobs": EntryDuty("robot_jobs", "passthrough", is_job_due),
    "annotations": EntryDuty("annotations", "note", is_note_due),
    "usage_exports": UsageDuty(),
    "exported_video_views": ExportDuty(),
    **{name: SumDuty(name) for name in SUMS},
    **MONITORING,
}
"""By stream."""

INCREMENTAL: dict[str, Duty] = {
    "assets": CreatedDuty("assets", _COLUMNS["assets"], _text),
}
"""Those of streams that the catalog makes incremental."""


def duty_of(name: str, facts: Facts) -> Duty:
    """Return what a stream has to deliver."""
    return INCREMENTAL[name] if name in facts.incremental else DUTIES[name]
