"""One request: which failures are retried, and the text of the error of the others."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError

from mux_sandbox import Answer, Delay
from tap_mux.api.client import MuxClient
from tap_mux.api.errors import (
    APIError,
    MuxError,
    NoAnswerError,
    UnexpectedAnswerError,
    UnreachableError,
)
from tap_mux.api.mux_clock import MuxClock
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.transport import network_error
from tests.support.client import client_of, retry_policy
from tests.support.failures import FAILURES
from tests.support.records import NOW, asset

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from tests.conftest import Waits

PATH = "/video/v1/assets"


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_temporary_failures_are_retried(
    client: MuxClient, sandbox: Sandbox, waits: Waits, failure: Any
) -> None:
    sandbox.faults.add(PATH, times=3, action=failure)
    assert [row["id"] for row in client.get(PATH)["data"]] == ["a"]
    assert len(sandbox.requests) == 4
    is_rate_limited = isinstance(failure, Answer) and failure.status == 429
    assert len(waits) == (0 if is_rate_limited else 3)
    assert (waits.for_rate_limit > 1) == is_rate_limited


def test_a_lone_surrogate_is_replaced(client: MuxClient, sandbox: Sandbox) -> None:
    body = rb'{"data":[{"id":"a","title":"\ud83d"},{"id":"b","title":"\ud83d\ude00"}]}'
    sandbox.faults.add(PATH, action=Answer(200, body))
    titles = [row["title"] for row in client.get(PATH)["data"]]
    assert titles == ["?", "\U0001f600"]
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_repeated_failures_end_after_max_attempts(
    client: MuxClient, sandbox: Sandbox, waits: Waits, failure: Any
) -> None:
    sandbox.faults.add(PATH, times=None, action=failure)
    with pytest.raises(MuxError, match=r"^GET /video/v1/assets .*Gave up after 4 tries$"):
        client.get(PATH)
    assert len(sandbox.requests) == 4


def test_a_timeout_is_retried(world: ExplicitWorld, sandbox: Sandbox, waits: Waits) -> None:
    world.asset_rows = [asset("a", NOW)]
    sandbox.faults.add(PATH, times=1, action=Delay(3))
    assert client_of(sandbox, timeout_seconds=1).get(PATH)["data"]
    assert len(waits) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412, 302])
def test_permanent_errors_are_not_retried(client: MuxClient, sandbox: Sandbox, status: int) -> None:
    body = {"error": {"type": "some_type", "messages": ["This.", "And that."]}}
    sandbox.faults.add(PATH, times=None, action=Answer(status, body))
    with pytest.raises(APIError, match=rf"^GET {PATH} was answered {status} ") as raised:
        client.get(PATH, {"limit": 7})
    assert "(some_type: This.; And that.)" in str(raised.value)
    assert "limit" not in str(raised.value)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"type": "some_type", "messages": ["Try later."]}},
        {"error": {"type": "some_type", "message": "Try later."}},
        {"error": "some_type: Try later."},
        {"errors": ["some_type: Try later."]},
        {"error": {}},
        {"error": ""},
    ],
)
@pytest.mark.parametrize("content", [{"data": []}, {"data": [{"id": "b"}]}, {}])
@pytest.mark.parametrize("status", [200, 202])
def test_an_error_in_an_answer_is_no_list(
    sandbox: Sandbox, status: int, content: dict[str, Any], error: dict[str, Any]
) -> None:
    sandbox.faults.add(PATH, times=None, action=Answer(status, {**content, **error}))
    with pytest.raises(UnexpectedAnswerError, match=f"^GET {PATH} was answered {status}") as raised:
        client_of(sandbox, max_attempts=1).get(PATH)
    assert "with an error in its body" in str(raised.value)
    assert ("some_type: Try later." in str(raised.value)) == ("some_type" in str(error))


@pytest.mark.parametrize("error", [{"error": None}, {"errors": None}, {"errors": []}])
def test_no_error_in_an_answer(sandbox: Sandbox, error: dict[str, Any]) -> None:
    sandbox.faults.add(PATH, times=None, action=Answer(200, {"data": [{"error": "x"}], **error}))
    assert client_of(sandbox, max_attempts=1).get(PATH)["data"] == [{"error": "x"}]


def test_connection_refused(waits: Waits) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = MuxClient(
            api_url=url,
            token_id="id",
            token_secret="s3cr3t",
            user_agent="t",
            timeout_seconds=1,
            max_in_flight=1,
            rate_limiter=RateLimiter(reserve=0, max_per_second=None),
            retry_policy=retry_policy(2),
            mux_clock=MuxClock(),
        )
        with pytest.raises(NoAnswerError, match="Connection refused") as raised:
            client.get(PATH, {"limit": 7})
    assert url in str(raised.value)
    assert "limit" not in str(raised.value)


def test_data_may_be_an_object(sandbox: Sandbox) -> None:
    client = client_of(sandbox, max_attempts=1)
    assert client.get("/system/v1/whoami", data=dict)["data"]["environment_id"]
    with pytest.raises(UnexpectedAnswerError):
        client.get("/system/v1/whoami")


def test_nesting_without_end_is_no_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(PATH, action=Answer(200, b'{"data":' + b"[" * 100_000))
    with pytest.raises(UnexpectedAnswerError, match="a body that is not JSON"):
        client_of(sandbox, max_attempts=1).get(PATH)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (HTTPError(), NoAnswerError, "HTTPError"),
        (HTTPError("Too slow"), NoAnswerError, "Too slow"),
        (ProtocolError("Aborted", OSError("Reset")), NoAnswerError, "Reset"),
        (ProtocolError("Aborted", OSError()), NoAnswerError, "OSError"),
        (ConnectTimeoutError("No way"), UnreachableError, "No way"),
    ],
)
def test_an_error_of_the_network_is_worded_by_its_cause(
    error: HTTPError, kind: type[NoAnswerError], words: str
) -> None:
    worded = network_error("GET /x got no answer", error)
    assert type(worded) is kind
    assert str(worded) == f"GET /x got no answer: {words}"
