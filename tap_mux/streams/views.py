"""Mux Data, view by view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.stream import MuxStream
from tap_mux.view_windows import ViewWindows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.normalizing import Record


class VideoViews(MuxStream):
    """Views in the short form of the list, as far back as Mux keeps them.

    Follows https://www.mux.com/docs/api-reference/data/video-views/list-video-views
    """

    name = "video_views"
    permission = "Mux Data: Read"
    path = "/data/v1/video-views"
    replication_key = "view_end"
    is_sorted = True
    ignored_fields = frozenset({"total_row_count"})

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the windows of time in which views ended."""
        windows = ViewWindows(self.environment.client, self.environment.fetcher, self.path)
        return windows.read(*self.span(context))
