"""One connection to a checked address, with one time limit over everything that it says."""

import io
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from newsletter.fetching.guard import IpAddress, Target

LONGEST_CONNECT = 4.0
"""Seconds for one of several addresses of a host, so that a dead one leaves time for the next."""

MOST_ADDRESSES = 4


class TooMuch(Exception):
    """The other side said more than it may."""


class Deadline:
    """The moment at which everything has to be over, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Incoming(io.RawIOBase):
    """What the other side says, until the deadline, and as many bytes as it is allowed.

    The time limit of a socket begins anew with every byte; this one does not, so
    that a server that drips is not waited for (STANDARDS XE05).
    """

    def __init__(self, stream: socket.socket, deadline: Deadline, *, allowance: int) -> None:
        super().__init__()
        self._stream = stream
        self._deadline = deadline
        self.allowance = allowance

    def readable(self) -> bool:
        """Say what a reader around this asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read once from the socket."""
        if self.allowance <= 0:
            raise TooMuch
        self._stream.settimeout(self._deadline.left())
        count = self._stream.recv_into(memoryview(buffer)[: self.allowance])
        self.allowance -= count
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the reader that http.client wants of a socket."""
        return io.BufferedReader(self)


def connect(
    target: Target, ips: Sequence[IpAddress], *, deadline: Deadline, authorities: Path | None
) -> socket.socket:
    """Return a connection to one of the addresses, encrypted if the target is.

    The name is not looked up again: what was checked is what is connected to.
    """
    stream = _reach(ips[:MOST_ADDRESSES], target.port, deadline)
    if not target.is_encrypted:
        return stream
    try:
        stream.settimeout(deadline.left())
        return _context(authorities).wrap_socket(stream, server_hostname=target.host)
    except BaseException:
        stream.close()
        raise


def _reach(ips: Sequence[IpAddress], port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; the last one's error is raised."""
    *others, last = ips
    for ip in others:
        with suppress(OSError):
            return _call(ip, port, min(deadline.left() / 2, LONGEST_CONNECT))
    return _call(last, port, deadline.left())


def _call(ip: IpAddress, port: int, seconds: float) -> socket.socket:
    stream = socket.socket(socket.AF_INET if ip.version == 4 else socket.AF_INET6)
    try:
        stream.settimeout(seconds)
        stream.connect((str(ip), port))
    except BaseException:
        stream.close()
        raise
    return stream


@lru_cache(maxsize=4)
def _context(authorities: Path | None) -> ssl.SSLContext:
    """Return what verifies a server; reading the machine's authorities takes 50 milliseconds."""
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
