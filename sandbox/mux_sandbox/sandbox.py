"""The sandbox in a process: a server on loopback in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, cast

from aiohttp import web

from mux_sandbox.connections import Connections
from mux_sandbox.faults import Faults
from mux_sandbox.options import Environment, SandboxOptions
from mux_sandbox.server import Server
from mux_sandbox.world import GeneratedWorld

if TYPE_CHECKING:
    from typing import Self

    from mux_sandbox.request_log import RequestRecord
    from mux_sandbox.world.interface import World

TOKEN_ID = "sandbox-token-id"  # noqa: S105 - it opens nothing but the sandbox
TOKEN_SECRET = "sandbox-token-secret"  # noqa: S105
_HOST = "127.0.0.1"
_BACKLOG = 128
_SHUTDOWN_SECONDS = 0.2
"""How long a server that stops waits for the requests that it is answering, at most twice."""


class Sandbox:
    """A small Mux API, for use in a `with` statement.

    Serves `world` to the token TOKEN_ID, besides the environments of the options. Without either,
    it serves a generated world.
    """

    def __init__(
        self,
        world: World | None = None,
        options: SandboxOptions | None = None,
        port: int = 0,
    ) -> None:
        """Prepare the server; port 0 takes a free one."""
        self.options = options or SandboxOptions()
        self.faults = Faults()
        if world is None and not self.options.environments:
            world = GeneratedWorld()
        self._world = world
        self._server = Server(self.options, self.environment_of, self.faults)
        self._port = port
        self._started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, name="mux-sandbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def __enter__(self) -> Self:
        """Start the server and wait until it listens."""
        self._thread.start()
        self._port = self._started.result()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server, dropping requests that are not answered yet."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{_HOST}:{self._port}"

    @property
    def config(self) -> dict[str, str]:
        """Settings of a tap, for `world` if there is one and else the first environment."""
        if self._world is not None:
            return self.config_for(TOKEN_ID)
        return self.config_for(next(iter(self.options.environments)))

    def config_for(self, token_id: str) -> dict[str, str]:
        """Give the settings of a tap for the environment of a token."""
        environment = self.environment_of(token_id)
        if environment is None:
            raise KeyError(token_id)
        return {"api_url": self.url, "token_id": token_id, "token_secret": environment.secret}

    def environment_of(self, token_id: str) -> Environment | None:
        """Find what a token opens."""
        if token_id == TOKEN_ID and self._world is not None:
            return Environment(TOKEN_SECRET, self._world, self.options.environment_id)
        entry = self.options.environments.get(token_id)
        return Environment(*entry) if entry else None

    @property
    def environ(self) -> dict[str, str]:
        """The same settings as environment variables."""
        return {f"TAP_MUX_{name.upper()}": value for name, value in self.config.items()}

    @property
    def requests(self) -> list[RequestRecord]:
        """All requests so far."""
        return self._server.log.records

    def requests_to(self, path: str) -> list[RequestRecord]:
        """Give the requests to exactly this path."""
        return [record for record in list(self.requests) if record.path == path]

    def _run(self) -> None:
        try:
            # On Windows, the default event loop cannot watch a listening socket.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        runner = web.AppRunner(
            self._server.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        with socket.create_server((_HOST, self._port), backlog=_BACKLOG) as listener:
            connections = Connections(listener, cast("web.Server", runner.server))
            self._started.set_result(listener.getsockname()[1])
            await self._stop.wait()
            await connections.accept_no_more()
        await runner.cleanup()
        await connections.drop()
