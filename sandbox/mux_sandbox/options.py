"""Options of the sandbox; each can be changed while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from mux_sandbox.families import FAMILIES

if TYPE_CHECKING:
    from mux_sandbox.families import Family
    from mux_sandbox.world.interface import Row, World

EngagementForm: TypeAlias = Literal["with_id", "with_views", "bare"]
"""A form in which heatmaps and hotspots are given."""

TotalRowCount: TypeAlias = Literal["exact", "null", "string"] | Callable[[int], Any]


class Environment(NamedTuple):
    """What one access token opens."""

    secret: str
    world: World
    environment_id: str


class RateLimit(NamedTuple):
    """A token bucket: how many requests it holds and how many come back each second."""

    capacity: float
    refill_per_second: float


def _generous() -> dict[Family, RateLimit]:
    return dict.fromkeys(FAMILIES, RateLimit(1000, 500))


def _present() -> float:
    return time.time()  # looked up each time, since tests may set another clock


@dataclass
class SandboxOptions:
    """How the sandbox behaves."""

    clock: Callable[[], float] = _present
    """Gives the present in epoch seconds; decides which records are visible."""

    retention_days: float = 100
    """How far back a timeframe may start."""

    clamp_instead_of_refuse: bool = False
    """Move a timeframe that starts too early to the edge, where the API answers 400."""

    timeframe_includes_start: bool = True
    timeframe_includes_end: bool = True

    page_cap: int | None = None
    """A page holds at most so many records, whatever `limit` is."""

    total_row_count: TotalRowCount = "exact"
    """What total_row_count says; a callable gets the true count and gives the value."""

    engagement_form: EngagementForm = "with_id"
    """How heatmaps and hotspots are given: with the id of what was watched, with the number of its
    views, as until September 2026, or with the id, but not within `data`."""

    signed_url_seconds: float = 3600
    """How long the URL of a file works."""

    ranges_supported: bool = True
    """Whether a client can ask for a part of a file."""

    usage_exports_enabled: bool = True
    robots_enabled: bool = True
    """Whether these features are switched on; if not, their endpoints answer 403."""

    denied: frozenset[Family] = frozenset()
    """Parts that no access token may read; their endpoints answer 403, except whoami."""

    latency_seconds: float = 0.0

    whoami: Row | None = None
    """Keys to replace in the answer of whoami."""

    environment_id: str = "sandbox-environment"
    """Id of the environment that `Sandbox(world=...)` serves."""

    environments: dict[str, Environment] = field(default_factory=dict)
    """More environments, by token id."""

    rate_limits: dict[Family, RateLimit] = field(default_factory=_generous)
    announce_rate_limits: bool = True
    """Send the X-RateLimit headers."""
