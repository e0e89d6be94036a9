"""How a run went, stream by stream."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What could not be read, and why; each reason is one sentence."""

    unavailable: dict[str, str] = field(default_factory=dict)
    """Streams that the access token or the plan does not include."""

    failed: dict[str, str] = field(default_factory=dict)
    """Streams that could not be read to their end."""
