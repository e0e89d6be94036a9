"""Mux System: the environment and what is set up in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class Environments(MuxStream):
    """The environment that the access token belongs to: one record.

    Follows https://www.mux.com/docs/api-reference/system/utilities/whoami
    """

    name = "environments"
    path = "/system/v1/whoami"
    permission = "that any access token has"
    primary_keys = ("environment_id",)

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the one object, which the run has asked for already."""
        whoami = self.environment.whoami
        if self.environment.id is None:
            text = f"GET {self.path} gave a record without environment_id"
            raise UnexpectedAnswerError(text)
        yield [whoami]

    def probe(self) -> None:
        """Ask for the one object, if the run has not done so."""
        _ = self.environment.whoami


class SystemList(MuxStream):
    """A list of Mux System by page number, without filter by time: each run reads all."""

    permission = "System: Read"

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the pages."""
        return self.lists.by_page(self.path, self.query)


class SigningKeys(SystemList):
    """Keys for signed playback. Mux does not list their private parts.

    Follows https://www.mux.com/docs/api-reference/system/signing-keys/list-signing-keys
    """

    name = "signing_keys"
    path = "/system/v1/signing-keys"


class Webhooks(SystemList):
    """Addresses to which Mux sends events.

    Follows https://www.mux.com/docs/api-reference/system/webhooks/list-webhooks
    """

    name = "webhooks"
    path = "/system/v1/webhooks"
