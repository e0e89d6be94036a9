"""Incidents, and notes on the timeline of Mux Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.pagination import by, each, path_to
from tap_mux.records.normalizer import MisfitError, utc_timestamp
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import PeriodStream, timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record


class Incidents(MuxStream):
    """All incidents. Mux has no filter by time for them.

    Follows https://www.mux.com/docs/api-reference/data/incidents/list-incidents
    """

    name = "incidents"
    path = "/data/v1/incidents"
    permission = "Mux Data: Read, and a plan with alerts"
    parameters = frozenset({"status", "severity"})
    ids_repeat = True

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages."""
        return self.listing.by_page(self.path, self.query)


class RelatedIncidents(MuxStream):
    """For each incident, those that look related.

    Follows https://www.mux.com/docs/api-reference/data/incidents/list-related-incidents
    """

    name = "related_incidents"
    path = "/data/v1/incidents/{INCIDENT_ID}/related"
    permission = "Mux Data: Read, and a plan with alerts"
    primary_keys = ("incident_id", "id")
    ids_repeat = True
    selected_by_default = False

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the incidents, and what is related to each."""
        pages = self.listing.by_page(Incidents.path, {})
        incidents = (incident for page in pages for incident in page)
        return each(self.environment.fetcher, self._related, incidents)

    def _related(self, incident: Record) -> list[Record]:
        path = path_to(self.path, incident.get("id"))
        pages = self.listing.page_after_page(path, {}, by("id"))
        return [{**row, "incident_id": incident["id"]} for page in pages for row in page["data"]]

    def probe(self) -> None:
        """Ask for an incident, and for what is related to it."""
        for incident in self.environment.client.get(Incidents.path, {"limit": 1})["data"]:
            self._related(incident)


class Annotations(PeriodStream):
    """Notes on the timeline, by the time that they are on.

    Follows https://www.mux.com/docs/api-reference/data/annotations/list-annotations
    """

    name = "annotations"
    path = "/data/v1/annotations"
    primary_keys = ("id",)
    replication_key = "date"
    ids_repeat = False
    kept_days = 3650

    def periods_at_once(self, context: Context) -> int:
        """Ask for all notes at once, since there are few."""
        return self.kept_days * 24 * 60

    def seconds(self, context: Context) -> int:
        """Take minutes: notes need not wait for the end of the day."""
        return 60

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the notes of a window, each once."""
        query = {"order_direction": "asc", **timeframe(window)}
        found: dict[str, Record] = {}
        try:
            for page in self.listing.page_after_page(self.path, query, by("id")):
                for row in page["data"]:
                    date = utc_timestamp(row["date"])
                    if date < utc_timestamp(window.end):  # later ones come when their time has
                        found[row["id"]] = {**row, "date": date}
        except (KeyError, MisfitError):
            text = f"GET {self.path} gave an annotation without id or date"
            raise UnexpectedAnswerError(text) from None
        return sorted(found.values(), key=lambda row: row["date"])
