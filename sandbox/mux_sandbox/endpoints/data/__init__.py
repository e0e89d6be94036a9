"""Endpoints of the Data API, each group of them in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.data import (
    alerts,
    comparison,
    dimensions,
    engagement,
    errors,
    exports,
    metrics,
    monitoring,
    subviews,
    video_views,
)

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Handler

ROUTES: dict[str, Handler] = {
    path: handler
    for module in (
        video_views,
        errors,
        dimensions,
        exports,
        metrics,
        comparison,
        engagement,
        alerts,
        monitoring,
        subviews,
    )
    for path, handler in module.ROUTES.items()
}
