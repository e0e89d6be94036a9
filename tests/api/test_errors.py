"""The text of an error, for each form that Mux's error bodies have."""

from __future__ import annotations

import pytest

from tap_mux.api.errors import (
    APIError,
    CancelledError,
    MuxError,
    NoAnswerError,
    NoneAvailableError,
    UnexpectedAnswerError,
    UnreachableError,
)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
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
def test_is_one_line(status: int, body: bytes, expected: str) -> None:
    text = str(APIError("GET /x", status, body))
    assert text.startswith(f"GET /x was answered {expected}")
    assert "\n" not in text


def test_a_long_message_is_cut() -> None:
    body = b'{"errors":["%s"]}' % (b"x" * 9000)
    assert len(str(APIError("GET /x", 500, body))) < 500


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_says_what_to_do(status: int) -> None:
    assert len(str(APIError("GET /x", status)).split(". ")) == 2


def test_types_of_errors() -> None:
    assert APIError("GET /x", 401).is_unauthorized
    assert not APIError("GET /x", 403).is_unauthorized
    too_old = b'{"error":{"type":"invalid_timeframe","messages":[]}}'
    also = b'{"error":{"type":"invalid_parameters","messages":["Timeframe is too old"]}}'
    assert APIError("GET /x", 400, also).is_timeframe_refused
    assert APIError("GET /x", 400, too_old).is_timeframe_refused
    assert not APIError("GET /x", 400, b'{"error":"x"}').is_timeframe_refused


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("is_retriable", {408, 429, 500, 502, 503, 504, 599}),
        ("is_unavailable", {401, 403, 404, 412}),
        ("is_unauthorized", {401}),
        ("is_not_found", {404}),
        ("is_rate_limited", {429}),
        ("is_timeframe_refused", {400}),
    ],
)
def test_what_a_status_means(name: str, statuses: set[int]) -> None:
    every = {302, 400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 422, 429, *statuses, 500, 503}
    body = b'{"error":{"type":"invalid_timeframe","messages":["timeframe"]}}'
    assert {status for status in every if getattr(APIError("GET /x", status, body), name)} == (
        statuses
    )


def test_what_may_pass_is_tried_again_and_nothing_else() -> None:
    gone = NoneAvailableError(APIError("GET /x", 404))
    errors = [NoAnswerError(), UnreachableError(), UnexpectedAnswerError()]
    assert [error.is_retriable for error in errors] == [True, True, True]
    lasting: list[MuxError] = [gone, MuxError(), CancelledError()]
    assert [error.is_retriable for error in lasting] == [False, False, False]
    assert str(gone) == str(APIError("GET /x", 404))
