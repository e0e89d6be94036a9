"""An SDK tap that does nothing: it measures the start-up of the SDK itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class EmptyStream(Stream):
    """A stream without records."""

    name = "nothing"
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.StringType),
    ).to_dict()

    def get_records(self, context: object) -> Iterable[dict[str, Any]]:
        """Yield nothing."""
        return ()


class TapEmpty(Tap):
    """The empty tap."""

    name = "tap-empty"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[EmptyStream]:
        """Make the one stream."""
        return [EmptyStream(self)]


if __name__ == "__main__":
    TapEmpty.cli()
