"""Endpoints of the System API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.worlds import Row


def whoami(call: Call) -> Row:
    """Describe the token."""
    identity = {
        "permissions": ["video:read", "data:read", "system:read"],
        "organization_name": "Sandbox Broadcasting",
        "organization_id": "sandbox-organization",
        "environment_type": "development",
        "environment_name": "Sandbox",
        "environment_id": call.environment.environment_id,
        "access_token_name": "Sandbox token",
    }
    return {"data": identity | (call.options.whoami or {})}


ROUTES: dict[str, Handler] = {"/system/v1/whoami": whoami}
