"""Files behind pre-signed URLs, as in an object store.

Such a URL needs no credentials, and takes none. It works for a limited time.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mux_sandbox.options import SandboxOptions

PREFIX = "/signed/"
"""The path of every file begins with this."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class _Grant(NamedTuple):
    path: str
    query: dict[str, str]
    until: float
    content: Callable[[], bytes]


class Downloads:
    """The files that URLs were signed for."""

    def __init__(self, options: SandboxOptions) -> None:
        """Start without any."""
        self._options = options
        self._grants: dict[str, _Grant] = {}

    def sign(self, path: str, content: Callable[[], bytes]) -> str:
        """Give path and query of a URL for a file; `content` is called when it is read."""
        now = self._options.clock()
        seconds = self._options.signed_url_seconds
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)),
            "X-Amz-Expires": str(int(seconds)),
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Signature": secrets.token_hex(32),
        }
        grant = _Grant(PREFIX + path, query, now + seconds, content)
        self._grants[query["X-Amz-Signature"]] = grant
        return f"{grant.path}?{urlencode(query)}"

    def answer(self, request: web.Request) -> web.Response:
        """Answer a request for a file."""
        if "Authorization" in request.headers:
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        query = dict(request.query)
        grant = self._grants.get(query.get("X-Amz-Signature", ""))
        if (
            grant is None
            or request.method != "GET"
            or (grant.path, grant.query) != (request.path, query)
        ):
            return _refusal(403, "SignatureDoesNotMatch", "The signature is not for this request.")
        if self._options.clock() > grant.until:
            return _refusal(403, "AccessDenied", "Request has expired")
        return self._content(grant.content(), request.headers)

    def _content(self, content: bytes, asked: Mapping[str, str]) -> web.Response:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"Content-Type": "binary/octet-stream", "ETag": tag}
        match = _RANGE.fullmatch(asked.get("Range", ""))
        # If-Range asks for a part only if the file is still the same.
        is_other = asked.get("If-Range", tag) != tag
        if not self._options.ranges_supported or is_other or match is None or match[0] == "bytes=-":
            return web.Response(body=content, headers=headers)
        size = len(content)
        if match[1]:
            start, stop = int(match[1]), min(int(match[2] or size) + 1, size)
        else:
            start, stop = max(0, size - int(match[2])), size
        if start >= stop:
            response = _refusal(416, "InvalidRange", "The requested range is not satisfiable")
            response.headers["Content-Range"] = f"bytes */{size}"
            return response
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return web.Response(status=206, body=content[start:stop], headers=headers)


def _refusal(status: int, code: str, message: str) -> web.Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return web.Response(status=status, text=text, content_type="application/xml")
