"""Dimensions of Mux Data, and errors: what views are counted by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.pagination import by, path_to
from tap_mux.settings.vocabulary import TRACE_DIMENSIONS
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import PeriodStream, day_of, named, timeframe

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

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the one object as rows."""
        categories = self.environment.client.get(self.path, data=dict)["data"]
        if not all(isinstance(names, list) for names in categories.values()):
            text = f"GET {self.path} gave dimensions that are not lists of names"
            raise UnexpectedAnswerError(text)
        found = {name: category for category, names in categories.items() for name in names}
        yield [{"name": name, "category": category} for name, category in found.items()]

    def probe(self) -> None:
        """Ask for the one object."""
        self.environment.client.get(self.path, data=dict)


class DimensionValues(PeriodStream):
    """The values of the dimensions that the settings name, with their views by day.

    Follows https://www.mux.com/docs/api-reference/data/dimensions/list-dimension-values
    """

    name = "dimension_values"
    path = "/data/v1/dimensions/{DIMENSION_ID}"
    primary_keys = ("dimension", "value", "day")
    parameters = FILTERS
    selected_by_default = False

    def slices(self) -> list[dict[str, Any]]:
        """Read each dimension apart, so that one that is added later is read from the beginning."""
        return [{"dimension": name} for name in dict.fromkeys(self.config["dimensions"])]

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the values of a day; of lists, for what they are made of."""
        path = path_to(self.path, context["dimension"])
        if context["dimension"] in TRACE_DIMENSIONS:
            path += "/elements"
        rows = []
        query = {**self.query, **timeframe(window)}
        for envelope in self.listing.page_after_page(path, query, by("value")):
            if self.used_window(envelope, window):
                rows += [
                    {**row, "value": named(row, "value"), "day": day_of(window)}
                    for row in envelope["data"]
                ]
        return rows


class Errors(PeriodStream):
    """Types of errors that views met, with their numbers by day.

    Follows https://www.mux.com/docs/api-reference/data/errors/list-errors
    """

    name = "errors"
    path = "/data/v1/errors"
    primary_keys = ("id", "day")
    parameters = FILTERS

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the errors of a day."""
        query = {**self.query, **timeframe(window)}
        envelope = self.environment.client.get(self.path, query)
        if not self.used_window(envelope, window):
            return []
        return [{**row, "day": day_of(window)} for row in envelope["data"]]
