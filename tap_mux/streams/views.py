"""Mux Data, view by view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, NoneAvailableError
from tap_mux.reading.answers import PathError, expand_path
from tap_mux.reading.view_windows import ViewWindows
from tap_mux.records.writer import MAX_RECORDS
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class ViewStream(MuxStream):
    """A stream of views, by the time when they ended."""

    permission = "Mux Data: Read"
    replication_key = "view_end"
    is_sorted = True
    ignored_fields = frozenset({"total_row_count"})
    parameters = frozenset({"filters[]", "metric_filters[]", "viewer_id", "error_id"})

    @property
    def windows(self) -> ViewWindows:
        """Reads windows of time in which views ended."""
        return ViewWindows(
            self.client,
            self.workers,
            VideoViews.path,
            self.query,
            self.extent.count,
            is_one_of_many=self.environment.is_one_of_many,
        )


class VideoViews(ViewStream):
    """Views in the short form of the list, as far back as Mux keeps them.

    Follows https://www.mux.com/docs/api-reference/data/video-views/list-video-views
    """

    name = "video_views"
    cost = Cost.PAGES
    path = "/data/v1/video-views"

    def batches(self, partition: Context) -> Iterator[Iterable[Record]]:
        """List the windows. Where there is no view at all yet, the next run need not look again."""
        windows = self.windows
        time_range = self.time_range(partition)
        found = []
        for views in windows.read(*time_range):
            found.append(bool(views))
            yield views
        is_sure = not (windows.has_been_cut or windows.has_moved)
        is_empty = bool(found) and not any(found) and is_sure
        if is_empty and self.bookmark(partition) is None:
            yield self.read_up_to([], min(time_range.end, self.now - self.lookback_seconds))


class VideoViewDetails(ViewStream):
    """Views in full, with their events: a request for each view.

    Follows https://www.mux.com/docs/api-reference/data/video-views/get-video-view
    """

    name = "video_view_details"
    cost = Cost.RECORDS
    path = "/data/v1/video-views/{VIDEO_VIEW_ID}"
    selected_by_default = False

    def batches(self, partition: Context) -> Iterator[Iterator[Record]]:
        """Ask for each view of each window."""
        found = 0
        gone: list[APIError] = []

        def details(views: Iterable[Record]) -> Iterator[Record]:
            nonlocal found
            results = self.workers.map(self._detail, views)
            try:
                for detail in results:
                    if isinstance(detail, PathError):
                        self.warn_incomplete(str(detail))
                    elif isinstance(detail, APIError):
                        gone.append(detail)
                    else:
                        found += 1
                        yield detail
            finally:
                results.close()

        for views in self.windows.read(*self.time_range(partition)):
            for part in _parts(views):
                yield details(part)
        if gone and not found:
            raise NoneAvailableError(gone[0])
        if gone:
            text = "%d views were listed but are gone: Mux has deleted them"
            self.logger.warning(text, len(gone))

    def _detail(self, view: Record) -> Record | APIError | PathError:
        try:
            path = expand_path(self.path, view["id"])
            detail: Record = self.client.get(path, data=dict)["data"]
        except PathError as error:
            return error
        except APIError as error:
            if error.is_not_found:
                return error
            raise
        # A view may have been reopened since it was listed, and have a later view_end. It will be
        # listed again with that. A bookmark that took it now would skip the views before it.
        return {**detail, "id": view["id"], "view_end": view["view_end"]}

    def probe(self) -> None:
        """Ask for the last view, if there is one."""
        client = self.client
        for view in client.get(VideoViews.path, {"limit": 1})["data"]:
            client.get(expand_path(self.path, view.get("id")), data=dict)


def _parts(views: Iterable[Record]) -> Iterable[Iterable[Record]]:
    """Cut the views of a window, which takes many minutes, so that less is lost by a kill.

    One that is not in order is not cut: up to no moment within it would all have been read.
    """
    if not isinstance(views, list):
        return [views]
    return [views[first : first + MAX_RECORDS] for first in range(0, len(views), MAX_RECORDS)]
