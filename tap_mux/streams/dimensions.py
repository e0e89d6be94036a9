"""What views are counted by: dimensions of Mux Data and their values, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.answers import by_field, expand_path, key_value
from tap_mux.settings.vocabulary import TRACE_DIMENSIONS
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import PeriodicStream, timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

FILTERS = frozenset({"filters[]", "metric_filters[]"})


class Dimensions(MuxStream):
    """The names of all dimensions.

    Follows https://www.mux.com/docs/api-reference/data/dimensions/list-dimensions
    """

    name = "dimensions"
    path = "/data/v1/dimensions"
    permission = "Mux Data: Read"
    primary_keys = ("name",)
    ids_repeat = True

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the dimensions of the one object that Mux sends."""
        categories = self.client.get(self.path, data=dict)["data"]
        found: dict[str, str] = {}
        for category, names in categories.items():
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                text = f"GET {self.path} gave dimensions that are not lists of names"
                raise UnexpectedAnswerError(text)
            found |= dict.fromkeys(names, category)
        if not found:
            self.warn_incomplete(f"GET {self.path} gave no dimension")
        yield [{"name": name, "category": category} for name, category in found.items()]

    def probe(self) -> None:
        """Ask for the one object."""
        self.client.get(self.path, data=dict)


class DimensionValues(PeriodicStream):
    """The values of the dimensions that the settings name, with their views by day.

    Follows https://www.mux.com/docs/api-reference/data/dimensions/list-dimension-values
    """

    name = "dimension_values"
    path = "/data/v1/dimensions/{DIMENSION_ID}"
    primary_keys = ("dimension", "value", "window_start")
    former_replication_keys = frozenset({"day"})
    parameters = FILTERS
    selected_by_default = False

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each dimension: one that is added later is read from the beginning."""
        return [{"dimension": name} for name in dict.fromkeys(self.config["dimensions"])]

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the values of a day; of a dimension of lists, for their elements."""
        path = expand_path(self.path, partition["dimension"])
        if partition["dimension"] in TRACE_DIMENSIONS:
            path += "/elements"
        found = []
        query = {**self.query, **timeframe(window)}
        for envelope in self.lists.page_after_page(path, query, by_field("value")):
            columns = self.window_columns(window, envelope)
            if columns is not None:
                found += [
                    {**value, **columns, "value": key_value(value, "value")}
                    for value in envelope["data"]
                ]
        return found


class Errors(PeriodicStream):
    """Types of errors that views had, with their numbers by day.

    Follows https://www.mux.com/docs/api-reference/data/errors/list-errors
    """

    name = "errors"
    path = "/data/v1/errors"
    primary_keys = ("id", "window_start")
    former_replication_keys = frozenset({"day"})
    parameters = FILTERS

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the errors of a day."""
        query = {**self.query, **timeframe(window)}
        envelope = self.client.get(self.path, query)
        columns = self.window_columns(window, envelope)
        return [] if columns is None else [{**error, **columns} for error in envelope["data"]]
