"""The answering side of one connection: whole answers, dripping ones, and ways to end it."""

import asyncio
import socket
import struct
from collections.abc import Callable

from tests.faults.plan import SILENCE, End, Fault
from tests.faults.writing import GAPS, packets_of


class Speaker(asyncio.Protocol):
    """What writes to one client; while `is_busy` nothing that the client says is taken up."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self.is_busy = False
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        stream = transport.get_extra_info("socket")
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def go_on(self) -> None:
        """Take up what the client said meanwhile."""
        raise NotImplementedError

    def say(self, *lines: str) -> None:
        """Write lines in one packet."""
        if not self.is_over:
            self._transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def carry_out(self, fault: Fault, answer: str) -> None:
        """Say the answer in the form of the fault, and end the connection as it wants."""
        if answer == SILENCE:
            self.end(fault.end)
        else:
            self._drip(packets_of(answer, fault.form), fault)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do `work` after a while, and be busy until then; at once for no time."""
        if not seconds:
            work()
            return
        self.is_busy = True

        def resume() -> None:
            self.is_busy = False
            if not self.is_over:
                work()
                self.go_on()

        asyncio.get_running_loop().call_later(seconds, resume)

    def end(self, end: End) -> None:
        """End the connection in one of the ways there are."""
        if end is End.STAY or self.is_over:
            return
        if end is End.HANG:
            self.hang()
            return
        self.is_over = True
        if end is End.RESET:
            stream = self._transport.get_extra_info("socket")
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()

    def hang(self) -> None:
        """Never say anything again, and keep the connection."""
        self.is_busy = True

    def _drip(self, packets: list[bytes], fault: Fault) -> None:
        self._transport.write(packets[0])
        if packets[1:]:
            self.later(GAPS.get(fault.form, 0), lambda: self._drip(packets[1:], fault))
        else:
            self.end(fault.end)
