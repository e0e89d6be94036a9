"""The connections of the server.

The server of asyncio may lose a connection that comes in while the server stops, and does not tell
when all sockets are closed. So this module accepts connections itself.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class Connections:
    """All connections to a listening socket; for use in the event loop."""

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        """Accept connections from now on."""
        self._listener = listener
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._open: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()
        listener.settimeout(0)
        self._loop.add_reader(listener, self._accept)

    async def accept_no_more(self) -> None:
        """Stop accepting, and wait until all accepted connections are open."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await asyncio.gather(*self._opening)

    async def drop(self) -> None:
        """Close all connections at once, also those that still have something to send."""
        for transport in list(self._open):
            transport.abort()
        # The event loop closes the sockets before it continues here.
        await asyncio.sleep(0)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        task = self._loop.create_task(self._open_up(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_up(self, connection: socket.socket) -> None:
        transport, _ = await self._loop.connect_accepted_socket(self._make_protocol, connection)
        self._open.add(transport)
