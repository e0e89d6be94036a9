"""The endpoints by path; each API family has a module of its own with such a table."""

from mux_sandbox.endpoints import data, robots, system, video
from mux_sandbox.endpoints.call import Handler

ROUTES: dict[str, Handler] = {
    **video.ROUTES,
    **data.ROUTES,
    **system.ROUTES,
    **robots.ROUTES,
}
