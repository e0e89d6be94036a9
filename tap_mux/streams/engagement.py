"""Engagement of Mux Data: which parts of an asset are watched most (in beta at Mux)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import APIError, NoneAvailableError
from tap_mux.reading.answers import by_field, expand_path, objects_of
from tap_mux.streams.periodic import PeriodicStream, day_of, timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.environment import Environment
    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

VIEWS_BY_ASSET = "/data/v1/metrics/views/breakdown"


class EngagementStream(PeriodicStream):
    """A stream about each asset that was watched on a day."""

    selected_by_default = False
    ids_repeat = False

    def __init__(self, tap: Tap, environment: Environment) -> None:
        """Make the stream of an environment.

        Args:
            tap: The tap.
            environment: The environment.
        """
        super().__init__(tap, environment)
        self._found = 0
        self._missing: list[APIError] = []

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the records, a day at a time."""
        self._found = 0
        self._missing.clear()
        yield from super().batches(partition)
        if self._missing and not self._found and self.bookmark(partition) is None:
            raise NoneAvailableError(self._missing[0])

    def items(self, window: Window, partition: Context) -> Iterator[str]:
        """Return the assets that were watched in a window."""
        query = {
            "group_by": "asset_id",
            "order_by": "field",
            "order_direction": "asc",
            **timeframe(window),
        }
        for page in self.lists.page_after_page(VIEWS_BY_ASSET, query, by_field("field")):
            yield from (value["field"] for value in page["data"] if value.get("field"))

    def engagement(self, window: Window, asset_id: str) -> dict[str, Any]:
        """Ask for one asset; an empty object for one that has been deleted."""
        path = expand_path(self.path, asset_id)
        try:
            answer = self.environment.client.get(path, timeframe(window), data=dict)
        except APIError as error:
            is_no_id = error.status == HTTPStatus.BAD_REQUEST and not error.is_timeframe_refused
            if is_no_id:
                self.logger.warning("%s lacks the asset %r: %s", self.name, asset_id, error)
            elif error.is_not_found:
                self._missing.append(error)
            else:
                raise
            return {}
        self._found += 1
        data: dict[str, Any] = answer["data"]
        return data


class AssetHeatmaps(EngagementStream):
    """How much each part of an asset was watched on a day.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-asset-heatmap
    """

    name = "asset_heatmaps"
    path = "/data/v1/engagement/assets/{ASSET_ID}/heatmap"
    primary_keys = ("asset_id", "day")

    def fetch(self, window: Window, item: str, partition: Context) -> list[Record]:
        """Ask for the heatmap of an asset."""
        heatmap = self.engagement(window, item)
        return [{**heatmap, "asset_id": item, "day": day_of(window)}] if heatmap else []


class AssetHotspots(EngagementStream):
    """The moments of an asset that were watched most on a day.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-asset-hotspots
    """

    name = "asset_hotspots"
    path = "/data/v1/engagement/assets/{ASSET_ID}/hotspots"
    primary_keys = ("asset_id", "day", "start_ms")

    def fetch(self, window: Window, item: str, partition: Context) -> list[Record]:
        """Ask for the hotspots of an asset."""
        found = self.engagement(window, item)
        columns = {
            "asset_id": item,
            "day": day_of(window),
            "total_views": found.get("total_views"),
        }
        return [{**hotspot, **columns} for hotspot in objects_of(found, "hotspots")]
