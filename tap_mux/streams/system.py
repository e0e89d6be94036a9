"""Mux System: the environment and what is set up in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class Environments(MuxStream):
    """The environment that the access token belongs to: one row.

    Follows https://www.mux.com/docs/api-reference/system/utilities/whoami
    """

    name = "environments"
    path = "/system/v1/whoami"
    permission = "that any access token has"
    primary_keys = ("environment_id",)

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the one object, which has been asked for already."""
        yield [self.environment.whoami]

    def probe(self) -> None:
        """Ask for the one object, if that has not been done."""
        _ = self.environment.whoami


class SystemList(MuxStream):
    """A list of Mux System by page number, without filter by time: each run reads all."""

    permission = "System: Read"

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages."""
        return self.listing.by_page(self.path, self.query)


class SigningKeys(SystemList):
    """Keys for signed playback, without their private parts, which Mux gives only once.

    Follows https://www.mux.com/docs/api-reference/system/signing-keys/list-signing-keys
    """

    name = "signing_keys"
    path = "/system/v1/signing-keys"


class Webhooks(SystemList):
    """Where Mux sends events to.

    Follows https://www.mux.com/docs/api-reference/system/webhooks/list-webhooks
    """

    name = "webhooks"
    path = "/system/v1/webhooks"
