"""A client of a sandbox, the paths of its endpoints, and records for tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests

from mux_sandbox import TOKEN_ID, TOKEN_SECRET, ExplicitWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mux_sandbox import Row, Sandbox

NOW = 1_790_035_200 + 10 * 3600  # a Tuesday, 10:00 UTC: the daily live show is on air
HOUR = 3600
DAY = 86_400
VIDEO = "/video/v1"
SYSTEM = "/system/v1"
ROBOTS = "/robots/v0"
ASSETS = f"{VIDEO}/assets"
LIVE = f"{VIDEO}/live-streams"
USAGE = f"{VIDEO}/delivery-usage"
USAGE_EXPORTS = f"{SYSTEM}/usage/exports"
DIRECTIVES = f"{ROBOTS}/directives"
JOBS = f"{ROBOTS}/jobs"
VIEWS = "/data/v1/video-views"
WORKFLOWS = """
ask-questions edit-captions find-best-thumbnails find-key-moments find-scenes
generate-chapters generate-engagement-insights generate-premium-captions moderate summarize
translate-audio translate-captions
""".split()  # noqa: SIM905 - the lists of field names are written in the same way
SIMPLE = {
    f"{VIDEO}/uploads": "uploads",
    f"{VIDEO}/playback-restrictions": "playback_restrictions",
    f"{VIDEO}/drm-configurations": "drm_configurations",
    f"{VIDEO}/transcription-vocabularies": "transcription_vocabularies",
    f"{SYSTEM}/signing-keys": "signing_keys",
    f"{SYSTEM}/webhooks": "webhooks",
    LIVE: "live_streams",
    DIRECTIVES: "directives",
}
"""The path of each list endpoint, with the name of its table."""


class Api:
    """A client of a sandbox, with a clock to move."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Connect to a sandbox."""
        self.sandbox = sandbox
        self.options = sandbox.options
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (TOKEN_ID, TOKEN_SECRET)

    def get(
        self, path: str, *, auth: Any = None, headers: Any = None, **params: Any
    ) -> requests.Response:
        """Request a path; ``__`` in the name of a parameter stands for ``[]``."""
        query = {name.replace("__", "[]"): value for name, value in params.items()}
        url = self.sandbox.url + path
        return self.session.get(url, params=query, auth=auth, headers=headers, timeout=20)

    def body(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, path: str, **params: Any) -> Any:
        return self.body(path, **params)["data"]

    def pages(self, path: str, **params: Any) -> Iterator[list[Row]]:
        for page in range(1, 10**6):
            rows = self.data(path, **{"limit": 100, **params, "page": page})
            if not rows:
                return
            yield rows
        raise AssertionError

    def all(self, path: str, **params: Any) -> list[Row]:
        return [row for page in self.pages(path, **params) for row in page]

    def details(self, **params: Any) -> list[Row]:
        """Read all views of a timeframe one by one."""
        return [self.data(f"{VIEWS}/{row['id']}") for row in self.all(VIEWS, **params)]

    def refused(self, path: str, **params: Any) -> tuple[int, str]:
        """Send a request that is refused; return the status and the type of the error."""
        response = self.get(path, **params)
        error = response.json()["error"]
        assert error["message" if path.startswith((DIRECTIVES, JOBS)) else "messages"]
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        return response.status_code, error["type"]

    def file(self, url: str, **headers: str) -> requests.Response:
        """Fetch a file, without credentials."""
        return requests.get(url, headers=headers, timeout=20)

    def move_to(self, now: float) -> None:
        self.options.clock = lambda: now


def iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def view(name: str, view_end: float, seconds: int = 60, **more: Any) -> Row:
    start = iso(view_end - seconds)
    return {"id": name, "view_start": start, "view_end": iso(view_end), **more}


def explicit(views: int = 0, assets: int = 0) -> ExplicitWorld:
    """Make a world with one view a minute and one asset an hour, newest last."""
    return ExplicitWorld(
        views=[view(f"v{n}", NOW - 60 * (views - n)) for n in range(views)],
        assets=[
            {"id": f"a{n}", "created_at": str(NOW - 3600 * (assets - n))} for n in range(assets)
        ],
    )


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def names(value: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of all fields; nested names follow a dot."""
    if isinstance(value, list):
        for item in value:
            yield from names(item, prefix)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield prefix + key
            yield from names(item, f"{prefix}{key}.")


def holds_null(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(map(holds_null, value.values() if isinstance(value, dict) else value))
    return value is None
