"""A small Mux API on loopback, for trying and testing without a Mux token."""

from mux_sandbox.faults import Answer, Delay, Disconnect, Fault, Faults, Truncate
from mux_sandbox.options import Environment, RateLimit, SandboxOptions
from mux_sandbox.request_log import RequestRecord
from mux_sandbox.sandbox import TOKEN_ID, TOKEN_SECRET, Sandbox
from mux_sandbox.world import ExplicitWorld, GeneratedWorld, Row, World

__all__ = [
    "TOKEN_ID",
    "TOKEN_SECRET",
    "Answer",
    "Delay",
    "Disconnect",
    "Environment",
    "ExplicitWorld",
    "Fault",
    "Faults",
    "GeneratedWorld",
    "RateLimit",
    "RequestRecord",
    "Row",
    "Sandbox",
    "SandboxOptions",
    "Truncate",
    "World",
]
