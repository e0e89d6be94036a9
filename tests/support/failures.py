"""Failures of one request that the tap takes for temporary."""

from __future__ import annotations

from typing import Any

from mux_sandbox import Answer, Disconnect, Truncate

TOO_MANY = {"errors": ["Too many requests, retry later."]}

FAILURES: dict[str, Any] = {
    "408": Answer(408),
    "429": Answer(429, TOO_MANY),
    "500": Answer(500, b"oops"),
    "502 HTML": Answer.html(502),
    "503": Answer(503, {"error": "Maintenance"}),
    "connection reset": Disconnect(),
    "cut off": Truncate(),
    "200 HTML": Answer.html(),
    "200 list": Answer.json_list(),
    "200 broken JSON": Answer.invalid_json(),
    "200 broken UTF-8": Answer(200, b'{"data":[{"id":"\xff"}]}'),
    "200 empty": Answer(200),
    "200 without data": Answer(200, {"ok": True}),
    "200 data of another kind": Answer(200, {"data": {"id": "a"}}),
    "200 data of other things": Answer(200, {"data": [1]}),
    "200 with an error": Answer(200, {"data": [], "error": "Try later."}),
}
