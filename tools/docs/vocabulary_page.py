"""The page about the words that settings may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.settings.vocabulary import (
    DIMENSIONS,
    GRANULARITIES,
    MEASUREMENTS,
    METRICS,
    MONITORING_DIMENSIONS,
    MONITORING_METRICS,
)
from tools.docs.markdown import page, table

if TYPE_CHECKING:
    from collections.abc import Iterable

INTRODUCTION = """\
What the settings [`metrics`](metrics.md#metrics) and `dimensions` may name. The tap refuses other
words, and says which one was probably meant.
[Mux explains the metrics](https://www.mux.com/docs/guides/understand-metric-definitions)."""


def vocabulary_page() -> str:
    """Return the page."""
    units = [(f"`{name}`", unit) for name, unit in sorted(METRICS.items())]
    return page(
        "Metrics and dimensions",
        INTRODUCTION,
        f"## Metrics\n\n{table(('metric', 'unit'), units)}",
        f"## Measurements\n\n{_names(MEASUREMENTS)}",
        f"## Granularities\n\n{_names(GRANULARITIES)}",
        f"## Dimensions\n\n{_names(sorted(DIMENSIONS))}",
        "## Monitoring\n\nThe `monitoring_…` streams read these metrics: "
        f"{_names(MONITORING_METRICS)}.\n\nThe breakdowns read them by these dimensions: "
        f"{_names(MONITORING_DIMENSIONS)}.",
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
