"""URLs without their secrets: who logs in, the query and the fragment, or all but the host.

What cannot be taken apart with certainty becomes null, since programs differ in how they read it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from tap_mux.records.normalizer import Shorten

_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:[^@/?#\\\s\x00-\x20\x7f]*@)?"
    r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+\])"
    r"(:[0-9]{1,5})?"
    r"(?=[/?#]|\Z)"
)
_PATH = re.compile(r"(?:/[\w.~!$&'()*+,=:%/-]*)?(?=[?#]|\Z)")

_WITH_PATH = frozenset({"http", "https", "mux", "s3", "gs"})
_HOST_ONLY = frozenset({"rtmp", "rtmps", "rtsp", "rtsps", "srt", "ftp", "ftps", "sftp"})
"""A path of these may be a stream key, or the home of a user."""

_NAMED = r"(?:token|sig|hmac|key|secret|pass|pwd|auth|cred|polic)[\w-]*="

_IN_PATH = re.compile(
    r"[\x00-\x1f\x7f\\@?#;]|%(?![0-9a-f]{2})|(?-i:eyJ)|"  # how a JSON Web Token begins
    + _NAMED,
    re.IGNORECASE,
)
"""What tells that a path may hold a secret, after all is decoded."""

_MAX_DECODING = 4
"""How often a path is decoded. Nobody encodes one more often without a reason to hide."""

_LIKE_URL = re.compile(
    r"//|\\\\|%2f%2f|%5c%5c|:[^\s@]*@|^\s*(?:data|https?|rtmps?|s3|srt):|" + _NAMED, re.IGNORECASE
)


def to_path(text: str) -> str | None:
    """Return a URL up to its path, without user and password; None if it may hold a secret.

    Of protocols that have stream keys in their paths, the host is all that is left.

    Args:
        text: A URL, or any other text.
    """
    return _shortened(text, is_path_kept=True)


def to_host(text: str) -> str | None:
    """Return the scheme, the host and the port of a URL; None if that is not certain.

    Args:
        text: A URL, or any other text.
    """
    return _shortened(text, is_path_kept=False)


def of_unknown(text: str) -> str | None:
    """Return a text that may be anything: of a URL the host, None if it seems to hold a secret.

    Args:
        text: A text of which nothing is known.
    """
    return to_host(text) if _LIKE_URL.search(text) else text


SHORTENERS: dict[str, Shorten] = {"path": to_path, "host": to_host}
"""How a URL is shortened, by what the schema says is kept."""


def _shortened(text: str, *, is_path_kept: bool) -> str | None:
    found = _URL.match(text)
    if found is None:
        return None
    scheme, host, port = found.groups("")
    is_path_allowed = scheme.lower() in _WITH_PATH
    if not is_path_allowed and scheme.lower() not in _HOST_ONLY:
        return None
    if (port or "." not in host) and "@" in text[found.end() :]:
        return None  # a password may have a slash: "https://user:1/2@host"
    start = f"{scheme}://{host}{port}"
    if not is_path_kept or not is_path_allowed:
        return start
    path = _PATH.match(text, found.end())
    return None if path is None or _may_hold_secret(path[0]) else start + path[0]


def _may_hold_secret(path: str) -> bool:
    # These checks are for speed: nearly all paths have none of the three.
    if "%" not in path and "=" not in path and "eyJ" not in path:
        return False
    for _ in range(_MAX_DECODING):
        if _IN_PATH.search(path):
            return True
        decoded = unquote(path)
        if decoded == path:
            return False
        path = decoded
    return True
