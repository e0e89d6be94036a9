"""Faults that tests add, and the request log."""

from __future__ import annotations

import base64
import gc
import socket
import threading
import time
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest
import requests

from mux_sandbox import (
    TOKEN_ID,
    TOKEN_SECRET,
    Answer,
    Delay,
    Disconnect,
    ExplicitWorld,
    Sandbox,
    Truncate,
)
from tests.sandbox.api import ASSETS, NOW, VIEWS, explicit, ids, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Fault, RequestRecord
    from tests.sandbox.api import Api


def test_a_fault_replaces_the_answer(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=1))
    answer = Answer(503, {"error": "busy"}, {"Retry-After": "7"})
    fault: Fault = api.sandbox.faults.add(VIEWS, times=2, action=answer)
    for _ in range(2):
        response = api.get(VIEWS)
        assert (response.status_code, response.json()) == (503, {"error": "busy"})
        assert response.headers["Retry-After"] == "7"
        assert response.headers["Content-Type"].startswith("application/json")
    assert api.get(VIEWS).ok
    assert fault.used == 2
    assert [record.status for record in api.sandbox.requests] == [503, 503, 200]


def test_bodies_that_are_not_the_expected_json(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    for action in (Answer.html(), Answer.json_list(), Answer.invalid_json(), Answer(200, "text")):
        api.sandbox.faults.add(VIEWS, action=action)
    html = api.get(VIEWS)
    assert html.ok
    assert html.headers["Content-Type"].startswith("text/html")
    assert isinstance(api.body(VIEWS), list)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.body(VIEWS)
    assert api.get(VIEWS).text == "text"


def test_broken_connections(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=50))
    api.sandbox.faults.add(VIEWS, action=Disconnect())
    with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer"):
        api.get(VIEWS)
    api.sandbox.faults.add(VIEWS, action=Truncate())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.get(VIEWS)
    assert api.get(VIEWS).ok
    assert [record.status for record in api.sandbox.requests] == [None, 200, 200]


def test_delay_and_a_chosen_page(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=50))
    api.sandbox.faults.add(
        lambda record: record.page == 2 and record.param("limit") == "10",
        times=None,
        action=Delay(1),
    )
    assert api.get(VIEWS, page=1, limit=10).ok
    with pytest.raises(requests.exceptions.ReadTimeout):
        api.session.get(api.sandbox.url + VIEWS, params={"page": 2, "limit": 10}, timeout=0.1)
    api.sandbox.faults.clear()
    assert api.get(VIEWS, page=2, limit=10).ok


def test_a_record_is_added_between_two_pages(serve: Callable[..., Api]) -> None:
    world = explicit(views=4)
    api = serve(world)

    def insert(_: RequestRecord) -> None:
        world.view_rows.append(view("new", NOW - 1))

    api.sandbox.faults.add(lambda record: record.page == 2, action=insert)
    pages = [ids(api.data(VIEWS, limit=2, page=page)) for page in (1, 2, 3)]
    assert pages == [["v3", "v2"], ["v2", "v1"], ["v0"]]


def test_a_fault_simulates_a_missing_feature(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld())
    body = {"error": {"type": "not_found", "messages": ["no access"]}}
    api.sandbox.faults.add("/data/v1/incidents", None, action=Answer(404, body))
    assert api.get("/data/v1/incidents").status_code == 404
    assert api.get("/data/v1/incidents/i/related").json() == body
    assert api.get("/data/v1/annotations").status_code == 200
    assert api.get("/data/v1/realtime/metrics").status_code == 404


def test_latency_and_requests_in_flight(serve: Callable[..., Api]) -> None:
    api = serve(explicit(), latency_seconds=0.3)
    threads = [
        threading.Thread(target=requests.get, args=(api.sandbox.url,), kwargs={"timeout": 9})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.in_flight for record in api.sandbox.requests) == [1, 2, 3]
    for record in api.sandbox.requests:
        assert record.finished is not None
        assert record.finished - record.started >= 0.29


def test_request_log(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    headers = {"User-Agent": "tap-mux/1"}
    api.get(VIEWS, headers=headers, timeframe__=[NOW - 9, NOW], page=3, filters__="country:DE")
    api.get(ASSETS, auth=("nobody", "secret-of-nobody"))
    first, second = api.sandbox.requests
    assert (first.method, first.path, first.page, first.status) == ("GET", VIEWS, 3, 200)
    assert first.params("timeframe[]") == [str(NOW - 9), str(NOW)]
    assert ("filters[]", "country:DE") in first.query
    assert first.headers["User-Agent"] == "tap-mux/1"
    assert (first.authorized, second.authorized, second.status) == (True, False, 401)
    log = repr(api.sandbox.requests)
    for secret in (TOKEN_SECRET, base64.b64encode(f"{TOKEN_ID}:{TOKEN_SECRET}".encode()).decode()):
        assert secret not in log
    assert api.sandbox.requests_to(ASSETS) == [second]


def test_stops_while_a_request_is_delayed() -> None:
    with Sandbox(explicit()) as sandbox:
        sandbox.faults.add("/", action=Delay(60))

        def ask() -> None:
            with pytest.raises(requests.exceptions.ConnectionError):
                requests.get(sandbox.url, timeout=30)

        thread = threading.Thread(target=ask)
        thread.start()
        while not sandbox.requests:
            time.sleep(0.01)
        begun = time.perf_counter()
    thread.join()
    assert time.perf_counter() - begun < 5


def test_leaves_no_connection_open_when_it_stops() -> None:
    login = base64.b64encode(f"{TOKEN_ID}:{TOKEN_SECRET}".encode()).decode()
    headers = f"Host: sandbox\r\nAuthorization: Basic {login}\r\n"
    world = ExplicitWorld(assets=[{"id": f"a{n}", "text": "x" * 100_000} for n in range(100)])
    with warnings.catch_warnings(record=True) as caught, ExitStack() as stack:
        warnings.simplefilter("always")
        with Sandbox(world) as sandbox:
            port = int(sandbox.url.rpartition(":")[2])
            idle, half, unread, fresh = (
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                for _ in range(4)
            )
            half.sendall(b"GET /video/v1/assets HTTP/1.1\r\nHost:")
            unread.sendall(f"GET {ASSETS}?limit=100 HTTP/1.1\r\n{headers}\r\n".encode())
            assert unread.recv(12) == b"HTTP/1.1 200"
        for connection in (idle, half, fresh):
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert len(unread.recv(10**8, socket.MSG_WAITALL)) < 10**7
        gc.collect()
    assert [str(one.message) for one in caught] == []


def test_a_port_in_use_raises() -> None:
    with Sandbox(explicit()) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), Sandbox(explicit(), port=port):
            pass
