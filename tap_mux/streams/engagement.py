"""Engagement of Mux Data: which parts of a video are watched most (in beta at Mux)."""

from __future__ import annotations

from abc import abstractmethod
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from tap_mux.api.errors import APIError, NoneAvailableError
from tap_mux.reading.answers import PathError, by_field, expand_path, objects_of, others
from tap_mux.reading.time_range import DAY
from tap_mux.reading.windows import Window
from tap_mux.streams.cost import Cost
from tap_mux.streams.periodic import RECENT_SECONDS, PeriodicStream, timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.environment import Environment
    from tap_mux.records.normalizer import Record

VIEWS_BROKEN_DOWN = "/data/v1/metrics/views/breakdown"
MAX_LOOKS = 20
"""For how many things to ask before the endpoint itself is taken for missing."""


class EngagementStream(PeriodicStream):
    """A stream about each thing that was watched on a day, such as an asset."""

    selected_by_default = False
    cost = Cost.RECORDS
    ids_repeat = False
    former_replication_keys = frozenset({"day"})

    watched: ClassVar[str]
    """The dimension of views whose values are asked for; records have it as their ID."""

    content: ClassVar[str]
    """The field of an answer that says where it was watched."""

    def __init__(self, tap: Tap, environment: Environment) -> None:
        """Make the stream of an environment.

        Args:
            tap: The tap.
            environment: The environment.
        """
        super().__init__(tap, environment)
        self._has_found = False
        self._missing: list[APIError] = []

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the records, a day at a time.

        Raises:
            NoneAvailableError: Nothing of what was watched is there: the plan may not include it.
            MuxError: As in the base class.
        """
        self._has_found = False
        self._missing.clear()
        waiting: list[list[Record]] = []
        for batch in super().batches(partition):
            # Until something is found, the endpoint may not be available. So bookmarks wait.
            waiting = [batch]
            if self._has_found:
                yield waiting.pop()
        if self._missing and not (self._has_found or self._finds_any(partition)):
            raise NoneAvailableError(self._missing[0])
        yield from waiting

    def _finds_any(self, partition: Context) -> bool:
        """Return whether anything is there that was watched lately. The rest has been deleted."""
        today = self.now - self.now % DAY
        window = Window(today - RECENT_SECONDS + DAY, today)
        for item in islice(self.items(window, partition), MAX_LOOKS):
            self._engagement(window, item)
            if self._has_found:
                return True
        return False

    def items(self, window: Window, partition: Context) -> Iterator[str]:
        """Return what was watched in a window."""
        query = {
            "group_by": self.watched,
            "order_by": "field",
            "order_direction": "asc",
            **timeframe(window),
        }
        for page in self.lists.page_after_page(VIEWS_BROKEN_DOWN, query, by_field("field")):
            fields = (value.get("field") for value in page["data"])
            yield from (field for field in fields if field not in {None, ""})

    def fetch(self, window: Window, item: str, partition: Context) -> list[Record]:
        """Ask for one of the things that were watched."""
        answer = self._engagement(window, item)
        columns = self.window_columns(window, answer) if answer else None
        if answer is None or columns is None:
            return []
        columns[self.watched] = item
        return [{**record, **columns} for record in self.records_in(answer["data"])]

    @abstractmethod
    def records_in(self, found: dict[str, Any]) -> list[Record]:
        """Return the records in the content of an answer."""

    def _engagement(self, window: Window, item: str) -> dict[str, Any] | None:
        """Ask for one thing; None for one that has been deleted."""
        try:
            path = expand_path(self.path, item)
            answer = self.client.get(path, timeframe(window), data=dict, bare_field=self.content)
        except PathError as error:
            self.logger.warning("%s lacks records: %s", self.name, error)
            return None
        except APIError as error:
            is_no_id = error.status == HTTPStatus.BAD_REQUEST and not error.is_timeframe_refused
            if is_no_id:
                self.logger.warning("%s lacks the %s %r: %s", self.name, self.watched, item, error)
            elif not error.is_not_found:
                raise
            self._missing.append(error)
            return None
        self._has_found = True
        return answer


class HeatmapStream(EngagementStream):
    """A stream of how much each part was watched on a day."""

    content = "heatmap"

    def records_in(self, found: dict[str, Any]) -> list[Record]:
        """Return the one heatmap. Until September 2026 Mux called it ``value``."""
        heat = found.get("heatmap", found.get("value"))
        others = {name: value for name, value in found.items() if name != "value"}
        return [{**others, "heatmap": heat}]


class HotspotStream(EngagementStream):
    """A stream of the moments that were watched most on a day."""

    content = "hotspots"

    def records_in(self, found: dict[str, Any]) -> list[Record]:
        """Return the moments. Since September 2026 Mux does not count the views."""
        columns = {"total_views": None, **others(found, "hotspots")}
        return [{**columns, **hotspot} for hotspot in objects_of(found, "hotspots")]


class AssetHeatmaps(HeatmapStream):
    """How much each part of an asset was watched on a day.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-asset-heatmap
    """

    name = "asset_heatmaps"
    path = "/data/v1/engagement/assets/{ASSET_ID}/heatmap"
    primary_keys = ("asset_id", "window_start")
    watched = "asset_id"


class AssetHotspots(HotspotStream):
    """The moments of an asset that were watched most on a day.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-asset-hotspots
    """

    name = "asset_hotspots"
    path = "/data/v1/engagement/assets/{ASSET_ID}/hotspots"
    primary_keys = ("asset_id", "window_start", "start_ms")
    watched = "asset_id"


class PlaybackIdHeatmaps(HeatmapStream):
    """How much each part was watched on a day by way of a playback ID.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-playback-id-heatmap
    """

    name = "playback_id_heatmaps"
    path = "/data/v1/engagement/playback-ids/{PLAYBACK_ID}/heatmap"
    primary_keys = ("playback_id", "window_start")
    watched = "playback_id"


class PlaybackIdHotspots(HotspotStream):
    """The moments that were watched most on a day by way of a playback ID.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-playback-id-hotspots
    """

    name = "playback_id_hotspots"
    path = "/data/v1/engagement/playback-ids/{PLAYBACK_ID}/hotspots"
    primary_keys = ("playback_id", "window_start", "start_ms")
    watched = "playback_id"


class VideoHeatmaps(HeatmapStream):
    """How much each part of a video was watched on a day; its ID is the customer's own.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-video-heatmap
    """

    name = "video_heatmaps"
    path = "/data/v1/engagement/videos/{VIDEO_ID}/heatmap"
    primary_keys = ("video_id", "window_start")
    watched = "video_id"
    ids_repeat = True


class VideoHotspots(HotspotStream):
    """The moments of a video that were watched most on a day; its ID is the customer's own.

    Follows https://www.mux.com/docs/api-reference/data/engagement/get-video-hotspots
    """

    name = "video_hotspots"
    path = "/data/v1/engagement/videos/{VIDEO_ID}/hotspots"
    primary_keys = ("video_id", "window_start", "start_ms")
    watched = "video_id"
    ids_repeat = True
