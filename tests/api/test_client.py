"""One request: which failures are retried, and the text of the error of the others."""

from __future__ import annotations

import base64
import gzip
import logging
import socket
import time
import tracemalloc
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError

from mux_sandbox import Answer, Delay, Disconnect, Environment, Truncate
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
from tap_mux.api.retry import MAX_WAIT_SECONDS
from tap_mux.api.transport import network_error, route_to
from tap_mux.api.workers import WorkerPool, is_cancelled
from tests.support.client import client_of, retry_policy
from tests.support.records import NOW, asset
from tests.support.virtual import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox
    from tests.conftest import Waits

PATH = "/video/v1/assets"
PRESENT = datetime.fromtimestamp(NOW, UTC)
TOO_MANY = {"errors": ["Too many requests, retry later."]}


@pytest.fixture
def client(world: ExplicitWorld, sandbox: Sandbox, waits: Waits) -> MuxClient:
    """A client of an environment with one asset."""
    world.asset_rows = [asset("a", NOW)]
    return client_of(sandbox)


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


class TestWaits:
    """How long the client waits before a retry."""

    def test_doubles_with_jitter_up_to_a_limit(self, sandbox: Sandbox, waits: Waits) -> None:
        sandbox.faults.add(PATH, times=None, action=Answer(503))
        with pytest.raises(MuxError):
            client_of(sandbox, max_attempts=10).get(PATH)
        limits = [min(2.0**number, MAX_WAIT_SECONDS) for number in range(9)]
        for wait, limit in zip(waits, limits, strict=True):
            assert limit / 2 <= wait <= limit
        assert len({wait / limit for wait, limit in zip(waits, limits, strict=True)}) > 1

    def test_obeys_retry_after_in_seconds(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": "17"}))
        client.get(PATH)
        assert 17 <= waits[0] <= 18

    def test_waits_once_for_the_rate_limit(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(429, TOO_MANY, {"Retry-After": "17"}))
        client.get(PATH)
        assert 17 <= waits.for_rate_limit <= 19
        assert waits == []

    def test_obeys_retry_after_as_a_date(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits
    ) -> None:
        date = format_datetime(PRESENT + timedelta(seconds=30), usegmt=True)
        sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": date}))
        client.get(PATH)
        assert 28 <= waits[0] <= 31

    @pytest.mark.parametrize("header", ["86400", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_obeys_retry_after_up_to_an_hour(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits, header: str
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": header}))
        client.get(PATH)
        assert 3600 <= waits[0] <= 3601

    @pytest.mark.parametrize("header", ["soon", "", "-3", "1e9", "Sun, 99 Foo"])
    def test_ignores_an_invalid_retry_after(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits, header: str
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": header}))
        client.get(PATH)
        assert 0.5 <= waits[0] <= 1
        sandbox.faults.add(PATH, action=Answer(429, TOO_MANY, {"Retry-After": header}))
        client.get(PATH)
        assert 0.2 <= waits.for_rate_limit <= 0.8


class TestRequest:
    """What is sent, and what is never logged."""

    def test_sends_credentials_and_user_agent(self, client: MuxClient, sandbox: Sandbox) -> None:
        client.get(PATH, {"a[]": [1, "b c"]})
        (request,) = sandbox.requests
        assert request.authorized
        assert request.headers["User-Agent"] == "tap-mux/test"
        assert request.query == [("a[]", "1"), ("a[]", "b c")]

    def test_keeps_its_connection(
        self, client: MuxClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
        logging.getLogger(
            "urllib3.connectionpool"
        ).disabled = False  # the SDK's logging setup disables it
        for _ in range(5):
            client.get(PATH)
        assert caplog.text.count("Starting new HTTP connection") == 1

    def test_logs_no_secret_at_any_level(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        waits: Waits,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = client_of(sandbox)
        for failure in FAILURES.values():
            sandbox.faults.add(PATH, action=failure)
        for _ in range(6):
            try:
                client.get(PATH)
            except MuxError:
                continue
        assert "Trying again" in caplog.text
        assert len(sandbox.requests) > len(FAILURES)
        pair = f"{sandbox.config['token_id']}:{sandbox.config['token_secret']}"
        for secret in (sandbox.config["token_secret"], base64.b64encode(pair.encode()).decode()):
            assert secret not in caplog.text
        assert "Authorization" not in caplog.text

    def test_does_not_follow_a_redirect_with_its_token(
        self, client: MuxClient, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(302, b"", {"Location": f"{sandbox.url}/elsewhere"}))
        with pytest.raises(APIError, match="302 Found"):
            client.get(PATH)
        assert len(sandbox.requests) == 1


def test_data_may_be_an_object(sandbox: Sandbox) -> None:
    client = client_of(sandbox, max_attempts=1)
    assert client.get("/system/v1/whoami", data=dict)["data"]["environment_id"]
    with pytest.raises(UnexpectedAnswerError):
        client.get("/system/v1/whoami")


def test_goes_through_the_users_proxy(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.asset_rows = [asset("a", NOW)]
    # The sandbox acts as the proxy: a proxy gets the full URL.
    monkeypatch.setenv("http_proxy", sandbox.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = client_of(sandbox, api_url="http://mux.example.com")
    assert client.get(PATH)["data"]
    assert sandbox.requests[-1].headers["Host"] == "mux.example.com"


def test_nesting_without_end_is_no_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(PATH, action=Answer(200, b'{"data":' + b"[" * 100_000))
    with pytest.raises(UnexpectedAnswerError, match="a body that is not JSON"):
        client_of(sandbox, max_attempts=1).get(PATH)


def test_each_thread_keeps_its_connection(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    logging.getLogger("urllib3.connectionpool").disabled = False  # as the SDK's set-up leaves it
    sandbox.options.latency_seconds = 0.01
    client = client_of(sandbox, max_in_flight=4)
    client.get(PATH)
    assert len(list(WorkerPool(4).map(lambda _: client.get(PATH), range(40)))) == 40
    assert caplog.text.count("Starting new HTTP connection") <= 5
    assert "Connection pool is full" not in caplog.text


def test_answers_may_be_compressed(client: MuxClient, sandbox: Sandbox) -> None:
    body = gzip.compress(b'{"data":[{"id":"small"}]}')
    sandbox.faults.add(PATH, action=Answer(200, body, {"Content-Encoding": "gzip"}))
    assert client.get(PATH)["data"] == [{"id": "small"}]
    assert "gzip" in sandbox.requests[-1].headers["Accept-Encoding"]


@pytest.mark.parametrize(
    ("size", "wraps"), [(1, 0), (1, 1), (0, 1), (0, 2)], ids=["plain", "gzip", "fits", "members"]
)
def test_answers_are_bounded(
    client: MuxClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    wraps: int,
) -> None:
    monkeypatch.setattr("tap_mux.api.body.MAX_BYTES", 1 << 20)
    body = b'{"data":[]}'.ljust((1 << 20) + size)
    parts = [body] if wraps < 2 else [body[:9], body[9:]]
    packed = b"".join(map(gzip.compress, parts)) if wraps else body
    headers = {"Content-Encoding": "gzip"} if wraps else {}
    sandbox.faults.add(PATH, action=Answer(200, packed, headers))
    if size:
        with pytest.raises(MuxError, match="was answered with more than 1 MB"):
            client.get(PATH)
    else:
        assert client.get(PATH)["data"] == []
    assert len(sandbox.requests) == 1
    assert [row["id"] for row in client.get(PATH)["data"]] == ["a"]


def test_a_small_answer_does_not_take_all_memory(sandbox: Sandbox) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    sandbox.faults.add(PATH, action=Answer(200, packed, {"Content-Encoding": "gzip"}))
    client = client_of(sandbox)
    tracemalloc.start()
    try:
        with pytest.raises(MuxError, match="was answered with more than 64 MB"):
            client.get(PATH)
        assert tracemalloc.get_traced_memory()[1] < 160 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", [b'{"data":[]}', gzip.compress(b'{"data":[]}')[:-9]], ids=["plain", "cut"]
)
def test_what_is_not_compressed_as_it_says_is_asked_for_again(
    client: MuxClient, sandbox: Sandbox, body: bytes
) -> None:
    sandbox.faults.add(PATH, action=Answer(200, body, {"Content-Encoding": "gzip"}))
    assert [row["id"] for row in client.get(PATH)["data"]] == ["a"]
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("minutes", [-60, 0])
def test_a_retry_after_that_is_over_is_no_wait(
    client: MuxClient, sandbox: Sandbox, waits: Waits, minutes: int
) -> None:
    date = format_datetime(PRESENT + timedelta(minutes=minutes), usegmt=True)
    sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": date}))
    client.get(PATH)
    assert 0 <= waits[0] <= 1


def test_a_retry_after_without_a_zone_is_utc(
    client: MuxClient, sandbox: Sandbox, waits: Waits
) -> None:
    date = (PRESENT + timedelta(seconds=30)).strftime("%a, %d %b %Y %H:%M:%S -0000")
    sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": date}))
    client.get(PATH)
    assert 28 <= waits[0] <= 31


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


def test_a_broken_connection_holds_nobody_up(
    client: MuxClient, sandbox: Sandbox, waits: Waits
) -> None:
    sandbox.faults.add(PATH, times=2, action=Disconnect())
    client.get(PATH)
    assert len(waits) == 2
    assert waits.for_rate_limit < 5


def test_what_waits_for_the_rate_limit_is_not_sent_once_it_is_not_wanted(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("a", NOW)]
    client = client_of(sandbox, rate_limiter=RateLimiter(reserve=0, max_per_second=0.5))
    workers = WorkerPool(1)
    results = workers.map(lambda _: client.get(PATH), range(2), ahead=2)
    assert next(results)["data"]
    results.close()
    assert workers.submit(is_cancelled).result(5) is False
    assert len(sandbox.requests) == 1


def test_a_wait_between_tries_ends_once_the_answer_is_not_wanted(sandbox: Sandbox) -> None:
    sandbox.faults.add(PATH, times=None, action=Answer(503, headers={"Retry-After": "30"}))
    limiter = RateLimiter(reserve=0, max_per_second=None)
    client = client_of(sandbox, rate_limiter=limiter)
    workers = WorkerPool(1, on_cancelled=limiter.wake)
    with closing(workers.map(lambda _: client.get(PATH), [0])):
        deadline = time.monotonic() + 5
        while not sandbox.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # the wait has begun
    assert workers.submit(is_cancelled).result(5) is False
    assert len(sandbox.requests) == 1


def test_a_wait_between_tries_goes_by_the_clock() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(reserve=0, max_per_second=None, clock=clock)
    retries = retry_policy(3, rate_limiter=limiter).retries(is_paced=True)
    error = APIError("GET /", 503, retry_after=30.0)
    assert 30 <= clock.run(lambda: retries.back_off(error)) <= 31


def test_a_token_may_have_any_letters(world: ExplicitWorld, sandbox: Sandbox) -> None:
    sandbox.options.environments = {"naïve": Environment("€uro", world, "one")}
    client = client_of(sandbox, token_id="naïve", token_secret="€uro")
    assert client.get(PATH)["data"] == []
    assert sandbox.requests[-1].authorized


def test_waits_begin_again_after_progress(waits: Waits) -> None:
    retries = retry_policy(3).retries(is_paced=True)
    for _ in range(2):
        for longest in (1, 2):
            retries.back_off(NoAnswerError("No."))
            assert longest / 2 <= waits[-1] <= longest
        retries.reset()
    assert len(waits) == 4


@pytest.mark.parametrize("is_own", [True, False])
def test_certificates_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_own: bool
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "user.pem"
    bundle.write_text("")
    if is_own:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    request = requests.Request("GET", "https://api.mux.com/").prepare()
    pool: Any = route_to(request, max_connections=1).connections
    assert pool.cert_reqs == "CERT_REQUIRED"
    assert (pool.ca_certs == str(bundle)) == is_own
