"""What an endpoint gets and gives: the call, and the type of its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from mux_sandbox.world.interface import Row

if TYPE_CHECKING:
    from mux_sandbox.downloads import Downloads
    from mux_sandbox.listings import Listings
    from mux_sandbox.options import Environment, SandboxOptions
    from mux_sandbox.parameters import Parameters

encode = msgspec.json.Encoder().encode
"""Encode an answer as JSON."""


@dataclass(frozen=True)
class Call:
    """One authorized GET request."""

    environment: Environment
    options: SandboxOptions
    now: float
    parameters: Parameters
    path: Mapping[str, str]
    """The variable parts of the path."""
    listings: Listings
    downloads: Downloads
    origin: str
    """The URL of the sandbox itself."""


Handler: TypeAlias = Callable[[Call], bytes | Row]
"""Gives the body of a 200 answer, encoded or not, or raises ApiError."""
