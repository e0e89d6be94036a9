"""A file of the sandbox to download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mux.exports.download import Download
from tap_mux.exports.files import Exports
from tests.exports.stream import LIST, SIGNED
from tests.support.client import client_of, retry_policy

if TYPE_CHECKING:
    from mux_sandbox import Sandbox
    from mux_sandbox.request_log import RequestRecord


class Source:
    """The newest export in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Find the file in the sandbox's list."""
        self.sandbox = sandbox
        self.exports = Exports(client_of(sandbox), LIST)
        (self.file,) = list(self.exports.list().values())[-1]
        self.urls: list[str] = []

    def find_url(self) -> str:
        """Return a URL and remember it."""
        self.urls.append(self.exports.find_url(self.file))
        return self.urls[-1]

    def download(self, max_attempts: int = 3, **more: Any) -> Download:
        """Make a download; it is not started."""
        return Download(
            "the file",
            self.find_url,
            user_agent="tap-mux/test",
            timeout_seconds=5,
            retry_policy=retry_policy(max_attempts, **more),
        )

    def read(self, **more: Any) -> bytes:
        """Read the file."""
        return b"".join(self.download(**more).read())

    @property
    def file_requests(self) -> list[RequestRecord]:
        """The requests for the file."""
        return [request for request in self.sandbox.requests if SIGNED in request.path]

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request for the file."""
        return [request.headers.get("Range") for request in self.file_requests]
