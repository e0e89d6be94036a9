"""One request, as the server sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from tests.simulation.world import World

Row = dict[str, Any]


class RefusedError(Exception):
    """The server answers with an error."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Take what it says."""
        super().__init__(message)
        self.status = status
        self.body: Row = {"error": {"type": kind, "messages": [message]}}


def not_found() -> RefusedError:
    """Make the answer about what does not exist."""
    return RefusedError(404, "not_found", "The requested resource doesn't exist")


@dataclass
class Request:
    """A request for one environment."""

    world: World
    path: str
    params: dict[str, list[str]]
    now: float

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter."""
        return self.params.get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        """Return a parameter that is a number."""
        return int(self.text(name) or default)

    def timeframe(self) -> tuple[int, int]:
        """Return the range of time that is asked for."""
        start, end = map(int, self.params["timeframe[]"])
        return start, end

    @property
    def parts(self) -> list[str]:
        """The parts of the path, behind the version."""
        return [unquote(part) for part in self.path.split("/")[3:]]

    def refuse_old(self, start: int) -> None:
        """Refuse a range of time that begins before all that is kept."""
        if start < self.now - self.world.retention_days * 86_400:
            message = "the timeframe reaches back too far"
            raise RefusedError(400, "invalid_timeframe", message)


def parsed(world: World, target: str, now: float) -> Request:
    """Take the target of a request apart."""
    split = urlsplit(target)
    return Request(world, split.path, parse_qs(split.query, keep_blank_values=True), now)


def repeat_page(request: Request) -> None:
    """Ask for the page before, if there is one: the server gives it once more."""
    page = request.number("page", 1)
    if page > 1:
        request.params["page"] = [str(page - 1)]


def page_of(request: Request, rows: list[Any], default: int = 25) -> list[Any]:
    """Return the page that is asked for."""
    limit = min(request.number("limit", default), request.world.page_cap)
    start = (request.number("page", 1) - 1) * limit
    return rows[start : start + limit]
