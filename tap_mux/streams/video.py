"""Mux Video: what is stored and streamed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_mux.api.errors import APIError
from tap_mux.reading.answers import expand_path, timestamp_of
from tap_mux.reading.children import fetch_children
from tap_mux.reading.time_range import is_in
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class Assets(MuxStream):
    """All assets, newest first.

    Mux has no filter by time and no time of the last change for them: each run reads all, unless
    the catalog makes the stream incremental by ``created_at``.

    Follows https://www.mux.com/docs/api-reference/video/assets/list-assets
    """

    name = "assets"
    cost = Cost.PAGES
    path = "/video/v1/assets"
    permission = "Mux Video: Read"
    parameters = frozenset({"live_stream_id", "upload_id"})

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark an incremental run reads again."""
        days: int = self.config["assets_lookback_days"]
        return days * 86_400

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the pages of assets; in an incremental run, up to one that is all too old."""
        if self.replication_method != REPLICATION_INCREMENTAL:
            return self.lists.by_cursor(self.path, self.query)
        time_range = self.time_range(partition)
        since = utc_timestamp(time_range.start or 0)
        is_wanted = is_in(time_range, "created_at", self.now)
        # If one is missed, the next run finds it, unless it lies before that run's lookback.
        bookmark = self.bookmark(partition)
        is_last_chance = bookmark is None or self.now - bookmark > self.lookback_seconds
        pages = self.lists_to_be_read(confirm=is_last_chance).by_cursor(
            self.path,
            self.query,
            until=lambda page: all(timestamp_of(asset, "created_at") < since for asset in page),
        )
        return (list(filter(is_wanted, page)) for page in pages)


class AssetInputs(MuxStream):
    """The inputs that each asset was made from, with their tracks.

    Follows https://www.mux.com/docs/api-reference/video/assets/get-asset-input-info
    """

    name = "asset_inputs"
    cost = Cost.RECORDS
    path = "/video/v1/assets/{ASSET_ID}/input-info"
    permission = "Mux Video: Read"
    primary_keys = ("asset_id", "position")
    parameters = frozenset({"live_stream_id", "upload_id"})
    selected_by_default = False

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the assets, and the inputs of each."""
        pages = self.lists.by_cursor(Assets.path, self.query)
        assets = (asset for page in pages for asset in page)
        return fetch_children(self.workers, self._inputs, assets)

    def _inputs(self, asset: Record) -> list[Record]:
        path = expand_path(self.path, asset.get("id"))
        try:
            inputs = self.client.get(path)["data"]
        except APIError as error:
            if error.status == HTTPStatus.PRECONDITION_FAILED:
                return []  # Mux is still preparing the asset: the next run reads its inputs
            raise
        return [
            {**each, "asset_id": asset["id"], "position": position}
            for position, each in enumerate(inputs)
        ]

    def probe(self) -> None:
        """Ask for an asset."""
        self.client.get(Assets.path, {"limit": 1})


class VideoList(MuxStream):
    """A list of Mux Video by page number, without filter by time: each run reads all."""

    permission = "Mux Video: Read"
    limit = 100
    """The largest page that Mux gives."""

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the pages."""
        return self.lists.by_page(self.path, self.query, self.limit)


class LiveStreams(VideoList):
    """All live streams.

    Follows https://www.mux.com/docs/api-reference/video/live-streams/list-live-streams
    """

    name = "live_streams"
    path = "/video/v1/live-streams"
    parameters = frozenset({"status", "stream_key"})


class Uploads(VideoList):
    """All direct uploads. They have no time field.

    Follows https://www.mux.com/docs/api-reference/video/direct-uploads/list-direct-uploads
    """

    name = "uploads"
    cost = Cost.PAGES
    path = "/video/v1/uploads"


class PlaybackRestrictions(VideoList):
    """Rules on who may play, by referrer and user agent.

    Follows https://www.mux.com/docs/api-reference/video/playback-restrictions/list-playback-restrictions
    """

    name = "playback_restrictions"
    path = "/video/v1/playback-restrictions"


class DrmConfigurations(VideoList):
    """The IDs of the DRM configurations. Mux sends nothing else of them.

    Follows https://www.mux.com/docs/api-reference/video/drm-configurations/list-drm-configurations
    """

    name = "drm_configurations"
    path = "/video/v1/drm-configurations"


class TranscriptionVocabularies(VideoList):
    """Word lists for the captions of live streams.

    Follows https://www.mux.com/docs/api-reference/video/transcription-vocabularies/list-transcription-vocabularies
    """

    name = "transcription_vocabularies"
    path = "/video/v1/transcription-vocabularies"
    limit = 10
