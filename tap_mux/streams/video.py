"""Mux Video: what is stored and streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.listings import by_cursor
from tap_mux.stream import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.normalizing import Record


class Assets(MuxStream):
    """All assets, newest first.

    Mux has no filter by time and no time of the last change for them: each run reads all.

    Follows https://www.mux.com/docs/api-reference/video/assets/list-assets
    """

    name = "assets"
    permission = "Mux Video: Read"
    path = "/video/v1/assets"

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages of assets."""
        return by_cursor(self.environment.client, self.path)
