"""Worlds: what the Mux environments of the sandbox hold."""

from mux_sandbox.world.explicit import ExplicitWorld
from mux_sandbox.world.generated import GeneratedWorld
from mux_sandbox.world.interface import Row, World

__all__ = ["ExplicitWorld", "GeneratedWorld", "Row", "World"]
