"""The connections of the server: taken in one by one, so that all of them can be closed at once.

The event loop's own way to listen may lose a connection that comes in while it stops, and says
nothing of when the sockets of the others are closed.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class Connections:
    """All connections to a socket that listens; to be used in the event loop."""

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
        """Stop to accept connections, and wait until those that came in are open."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await asyncio.gather(*self._opening)

    async def drop(self) -> None:
        """Close all connections, whatever is still to be sent, and wait until that is done."""
        for transport in list(self._open):
            transport.abort()
        # The loop closes the sockets before it comes back here.
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
