"""Incidents, and notes on the timeline of Mux Data."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from tap_mux.reading.answers import by_field, expand_path, text_of, timestamp_of
from tap_mux.reading.children import fetch_children
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost
from tap_mux.streams.periodic import PeriodicStream, timeframe

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

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the pages."""
        return self.lists.by_page(self.path, self.query)


class RelatedIncidents(MuxStream):
    """For each incident, those that look related.

    Follows https://www.mux.com/docs/api-reference/data/incidents/list-related-incidents
    """

    name = "related_incidents"
    cost = Cost.RECORDS
    path = "/data/v1/incidents/{INCIDENT_ID}/related"
    permission = "Mux Data: Read, and a plan with alerts"
    primary_keys = ("incident_id", "id")
    ids_repeat = True
    selected_by_default = False

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the incidents, and those related to each."""
        pages = self.lists.by_page(Incidents.path, {})
        incidents = (incident for page in pages for incident in page)
        return fetch_children(self.workers, self._related, incidents)

    def _related(self, incident: Record) -> list[Record]:
        path = expand_path(self.path, incident.get("id"))
        pages = self.lists.page_after_page(path, {}, by_field("id"))
        return [
            {**related, "incident_id": incident["id"]} for page in pages for related in page["data"]
        ]

    def probe(self) -> None:
        """Ask for an incident, and for those related to it."""
        for incident in self.client.get(Incidents.path, {"limit": 1})["data"]:
            self._related(incident)


class Annotations(PeriodicStream):
    """Notes on the timeline, by their time.

    Follows https://www.mux.com/docs/api-reference/data/annotations/list-annotations
    """

    name = "annotations"
    path = "/data/v1/annotations"
    primary_keys = ("id",)
    replication_key = "date"
    ids_repeat = False
    retention_days = 3650
    added_later_days = 90

    def intervals_per_request(self, partition: Context) -> int:
        """Return all: there are few notes."""
        return self.retention_days * 24 * 60

    def interval_seconds(self, partition: Context) -> int:
        """Return a minute: notes need not wait for the end of the day."""
        return 60

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the notes of a window."""
        query = {"order_direction": "asc", **timeframe(window)}
        found: dict[str, Record] = {}
        for page in self.lists.page_after_page(self.path, query, by_field("id")):
            for note in page["data"]:
                date = timestamp_of(note, "date")
                if date < utc_timestamp(window.end):  # a later run reads the others
                    found[text_of(note, "id")] = {**note, "date": date}
        return sorted(found.values(), key=itemgetter("date"))
