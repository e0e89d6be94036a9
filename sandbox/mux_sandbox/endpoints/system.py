"""Endpoints of the System API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints import usage_exports
from mux_sandbox.endpoints.tables import lister, table_listing

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row


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


def list_webhooks(call: Call) -> Row:
    """List webhooks with their total; no other list of this API has one."""
    page = call.parameters.page()
    rows = table_listing(call, "webhooks").rows
    return {
        "data": rows[page.offset : page.end],
        "total_row_count": len(rows),
        "page": page.offset // page.size + 1,
        "limit": page.size,
    }


ROUTES: dict[str, Handler] = {
    "/system/v1/whoami": whoami,
    "/system/v1/signing-keys": lister("signing_keys"),
    "/system/v1/webhooks": list_webhooks,
    **usage_exports.ROUTES,
}
