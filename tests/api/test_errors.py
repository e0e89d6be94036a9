"""Mux's shapes of error body, each worded in one sentence."""

from __future__ import annotations

import pytest

from tap_mux.api.errors import APIError


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            400,
            b'{"error":{"type":"invalid_parameters","messages":["Asset id \\"x\\" was invalid"]}}',
            '400 Bad Request (invalid_parameters: Asset id "x" was invalid)',
        ),
        (
            403,
            b'{"error":{"type":"forbidden","message":"Off."}}',
            "403 Forbidden (forbidden: Off.)",
        ),
        (400, b'{"error":"string"}', "400 Bad Request (string)"),
        (429, b'{"errors":["Too many requests"]}', "429 Too Many Requests (Too many requests)"),
        (502, b"<html>\n<body>", "502 Bad Gateway"),
        (500, b"", "500 Internal Server Error"),
        (500, b"[1]", "500 Internal Server Error"),
        (500, b'{"error":null}', "500 Internal Server Error"),
        (500, b'{"error":{"type":7,"messages":{"a":1}}}', "500 Internal Server Error"),
        (
            500,
            b'{"error":{"type":"t","messages":["a\\nb",3]}}',
            "500 Internal Server Error (t: a b)",
        ),
        (599, b"\xff", "599"),
    ],
)
def test_is_one_sentence(status: int, body: bytes, words: str) -> None:
    text = str(APIError("GET /x", status, body))
    assert text.startswith(f"GET /x was answered {words}")
    assert "\n" not in text


def test_a_long_message_is_cut() -> None:
    body = b'{"errors":["%s"]}' % (b"x" * 9000)
    assert len(str(APIError("GET /x", 500, body))) < 500


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_says_what_to_do(status: int) -> None:
    assert len(str(APIError("GET /x", status)).split(". ")) == 2


def test_kinds() -> None:
    assert APIError("GET /x", 401).is_unauthorized
    assert not APIError("GET /x", 403).is_unauthorized
    too_old = b'{"error":{"type":"invalid_timeframe","messages":[]}}'
    also = b'{"error":{"type":"invalid_parameters","messages":["Timeframe is too old"]}}'
    assert APIError("GET /x", 400, also).is_timeframe_refused
    assert APIError("GET /x", 400, too_old).is_timeframe_refused
    assert not APIError("GET /x", 400, b'{"error":"x"}').is_timeframe_refused
