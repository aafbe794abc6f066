"""A line to a relay that is far away: python -m benchmarks.slow_line PORT DELAY.

Passes bytes on after DELAY seconds in either direction and limits nothing else. Prints its own
port; ends with its input.
"""

import asyncio
import json
import sys
from collections import deque
from functools import partial


class End(asyncio.Protocol):
    """One end of a line; what arrives here leaves at the other end a while later."""

    def __init__(self, delay: float) -> None:
        self.other: End | None = None
        self._delay = delay
        self._under_way: deque[bytes] = deque()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way."""
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._delay, self._arrive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the other end know, after all that was under way."""
        self._under_way.append(b"")
        asyncio.get_running_loop().call_later(self._delay, self._arrive)

    def _arrive(self) -> None:
        # The oldest first, whichever timer runs first.
        data = self._under_way.popleft()
        assert self.other is not None and self.other._transport is not None
        if data:
            self.other._transport.write(data)
        else:
            self.other._transport.close()


class NearEnd(End):
    """The end that somebody connects to; it calls the relay before it listens to them."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(delay)
        self._port = port
        self._calling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Call the relay."""
        super().connection_made(transport)
        assert self._transport is not None
        self._transport.pause_reading()
        self._calling = asyncio.get_running_loop().create_task(self._call())

    async def _call(self) -> None:
        far = End(self._delay)
        far.other, self.other = self, far
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: far, "127.0.0.1", self._port)
        assert self._transport is not None
        self._transport.resume_reading()


async def main(port: int, delay: float) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(NearEnd, port, delay), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
