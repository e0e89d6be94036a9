"""The HTTP server: takes a request through log, faults, credentials and limits to its handler.

Endpoints know nothing of HTTP. Each is a function of a call; `endpoints` lists them by path.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
import struct
from email.utils import formatdate
from typing import TYPE_CHECKING, cast

from aiohttp import BasicAuth, web

from mux_sandbox import downloads, faults
from mux_sandbox.endpoints import ROUTES
from mux_sandbox.endpoints.call import Call, Handler, encode
from mux_sandbox.errors import (
    ApiError,
    method_not_allowed,
    no_permission,
    not_found,
    too_many_requests,
    unauthorized,
)
from mux_sandbox.families import family_of
from mux_sandbox.listings import Listings
from mux_sandbox.options import RateLimit
from mux_sandbox.parameters import Parameters
from mux_sandbox.rate_limits import RateLimiter
from mux_sandbox.request_log import RequestLog, RequestRecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mux_sandbox.options import Environment, SandboxOptions

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_WHOAMI = "/system/v1/whoami"
"""Every access token may read this."""

_CALL = web.RequestKey("call", Call)


class Server:
    """Answers requests for the environments of the options."""

    def __init__(
        self,
        options: SandboxOptions,
        environment_of: Callable[[str], Environment | None],
        trouble: faults.Faults,
    ) -> None:
        """Keep what to serve; `environment_of` finds what a token opens."""
        self._options = options
        self._environment_of = environment_of
        self._faults = trouble
        self._limiter = RateLimiter()
        self._listings = Listings()
        self._downloads = downloads.Downloads(options)
        self.log = RequestLog()

    def application(self) -> web.Application:
        """Build the web application."""
        app = web.Application(middlewares=[self._gate])
        for path, handler in ROUTES.items():
            app.router.add_get(path, _endpoint(handler), allow_head=False)
        return app

    @web.middleware
    async def _gate(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        environment = self._environment(request)
        record = self.log.begin(
            (request.method, request.path),
            list(request.query.items()),
            dict(request.headers),
            environment and environment.environment_id,
        )
        status = None
        try:
            if self._options.latency_seconds:
                await asyncio.sleep(self._options.latency_seconds)
            ending = await self._suffer(record)
            if isinstance(ending, faults.Disconnect):
                return _reset(request)
            if isinstance(ending, faults.Answer):
                response = web.Response(
                    status=ending.status, body=ending.content(), headers=_JSON | ending.headers
                )
            else:
                response = await self._answer(request, environment, handler)
            status = response.status
            response.headers.setdefault("Date", formatdate(self._options.clock(), usegmt=True))
        finally:
            self.log.end(record, status)
        if isinstance(ending, faults.Truncate):
            return await _send_half(request, response)
        return response

    def _environment(self, request: web.Request) -> Environment | None:
        try:
            login = BasicAuth.decode(request.headers.get("Authorization", ""), "utf-8")
        except ValueError:
            return None
        environment = self._environment_of(login.login)
        if environment is None:
            return None
        right = hmac.compare_digest(environment.secret.encode(), login.password.encode())
        return environment if right else None

    async def _suffer(
        self, record: RequestRecord
    ) -> faults.Answer | faults.Disconnect | faults.Truncate | None:
        for action in self._faults.take(record):
            if isinstance(action, faults.Delay):
                await asyncio.sleep(action.seconds)
            elif isinstance(action, faults.Answer | faults.Disconnect | faults.Truncate):
                return action
            else:
                action(record)
        return None

    async def _answer(
        self,
        request: web.Request,
        environment: Environment | None,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.Response:
        if request.path.startswith(downloads.PREFIX):
            return self._downloads.answer(request)
        headers = dict(_JSON)
        try:
            if environment is None:
                raise unauthorized()
            self._limit(request, environment, headers)
            family = family_of(request.path)
            if family in self._options.denied and request.path != _WHOAMI:
                raise no_permission(family)
            request[_CALL] = Call(
                environment=environment,
                options=self._options,
                now=self._options.clock(),
                parameters=Parameters(request.query, self._options),
                path=request.match_info,
                listings=self._listings,
                downloads=self._downloads,
                origin=f"{request.scheme}://{request.host}",
            )
            response = cast("web.Response", await handler(request))
        except ApiError as error:
            response = web.Response(status=error.status, body=encode(error.body))
        except web.HTTPMethodNotAllowed:
            response = web.Response(status=405, body=encode(method_not_allowed().body))
        except web.HTTPNotFound:
            response = web.Response(status=404, body=encode(not_found().body))
        response.headers.update(headers)
        return response

    def _limit(
        self, request: web.Request, environment: Environment, headers: dict[str, str]
    ) -> None:
        family = family_of(request.path)
        rate = self._options.rate_limits[family]
        allowance = self._limiter.take(environment.environment_id, family, RateLimit(*rate))
        if self._options.announce_rate_limits:
            headers["X-RateLimit-Limit"] = str(allowance.limit)
            headers["X-RateLimit-Remaining"] = str(allowance.remaining)
        if not allowance.granted:
            raise too_many_requests()


def _endpoint(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def endpoint(request: web.Request) -> web.Response:
        body = handler(request[_CALL])
        return web.Response(body=body if isinstance(body, bytes) else encode(body))

    return endpoint


def _reset(request: web.Request) -> web.Response:
    transport = request.transport
    if transport is not None:
        # Without lingering, close() sends a reset.
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()
    return web.Response()


async def _send_half(request: web.Request, whole: web.Response) -> web.StreamResponse:
    body = cast("bytes", whole.body)
    half = web.StreamResponse(status=whole.status, headers=whole.headers)
    half.content_length = len(body)
    half.force_close()
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    return half
