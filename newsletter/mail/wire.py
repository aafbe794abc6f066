"""The wire to a relay: smtplib opens it, and the replies are read by a reader of our own.

smtplib's reader takes replies of any length and any form, and raises the same
error whatever broke when (STANDARDS section 0, finding 2). Ours is strict and
bounded, has a deadline for the whole reply, and raises ConnectionLost.
"""

import smtplib
import time
from collections.abc import Callable
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from ssl import SSLWantReadError, SSLWantWriteError
from typing import Any

from newsletter.errors import ConnectionLost
from newsletter.mail.replies import Reply, ReplyReader

CHUNK = 65_536
"""Bytes that are written under one timeout."""

PULSE = 5.0
"""Seconds between two calls of `Wire.pulse`."""


class Wire(smtplib.SMTP):
    """A connection as smtplib makes it, with replies read by us."""

    def __init__(self, *args: Any, reply_timeout: float, **kwargs: Any) -> None:
        self._reader = ReplyReader()
        # Seconds until a whole reply has to be there, the greeting included.
        self.reply_timeout = reply_timeout
        # Called every few seconds while the relay makes us wait.
        self.pulse: Callable[[], None] = _rest
        super().__init__(*args, **kwargs)

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Connect and return the greeting; leave no socket behind if that fails."""
        try:
            greeting = super().connect(*args, **kwargs)
            # The final dot is a write of its own: it must not wait for the body's acknowledgement.
            self._stream().setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            return greeting
        except BaseException:
            self.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply in the form that smtplib wants."""
        reply = self._read_reply()
        return reply.code, "\n".join(reply.lines).encode()

    def reply(self, *, timeout: float) -> Reply:
        """Return the next reply, complete within `timeout` seconds, or raise ConnectionLost."""
        self.reply_timeout = timeout
        return self._read_reply()

    def ask(self, command: str, *, timeout: float) -> Reply:
        """Send one command and return its reply, or raise ConnectionLost."""
        if self.has_spoken():
            # An answer that nobody asked for would be taken for the answer to the next
            # command, and in the end for the answer to a message (STANDARDS S05).
            raise ConnectionLost("The relay ended the connection, or spoke out of turn.")
        self.write(f"{command}\r\n".encode(), timeout=timeout)
        return self.reply(timeout=timeout)

    def write(self, data: bytes, *, timeout: float) -> None:
        """Send bytes, each 64 KiB within `timeout` seconds, or raise ConnectionLost."""
        stream = self._stream()
        view = memoryview(data)
        try:
            stream.settimeout(timeout)
            for start in range(0, len(view), CHUNK):
                stream.sendall(view[start : start + CHUNK])
        except OSError as exc:
            raise ConnectionLost(f"The connection to the relay broke: {_cause(exc)}.") from exc

    def has_spoken(self) -> bool:
        """Tell whether the relay said something, or closed, without being asked."""
        stream = self._stream()
        try:
            # Reading, not select(): a TLS session ticket makes a socket readable and says nothing.
            stream.settimeout(0)
            received = stream.recv(CHUNK)
        except (BlockingIOError, SSLWantReadError, SSLWantWriteError):
            return self._reader.has_more
        except OSError:
            return True
        self._reader.feed(received)
        return True

    def allow(self, seconds: float) -> None:
        """Let smtplib's own reading and writing, such as a handshake, take so long at most."""
        self._stream().settimeout(seconds)

    def without_waiting(self) -> tuple[socket, ReplyReader]:
        """Return the socket, from now on non-blocking, and the reader of what it brings."""
        stream = self._stream()
        stream.setblocking(False)
        return stream, self._reader

    def forget_plaintext(self) -> bool:
        """Drop what came before TLS began; tell whether there was anything (RFC 3207 4.2)."""
        return self._reader.forget()

    def _read_reply(self) -> Reply:
        deadline = time.monotonic() + self.reply_timeout
        while (reply := self._reader.next()) is None:
            self._reader.feed(self._receive(deadline))
        return reply

    def _receive(self, deadline: float) -> bytes:
        stream = self._stream()
        while (left := deadline - time.monotonic()) > 0:
            try:
                stream.settimeout(min(left, PULSE))
                received = stream.recv(CHUNK)
            except TimeoutError:
                self.pulse()
            except OSError as exc:
                raise ConnectionLost(f"The connection to the relay broke: {_cause(exc)}.") from exc
            else:
                if not received:
                    raise ConnectionLost("The relay ended the connection.")
                return received
        raise ConnectionLost("The relay did not answer in time.")

    def _stream(self) -> socket:
        if self.sock is None:
            raise ConnectionLost("There is no connection to the relay.")
        return self.sock


class TlsWire(Wire, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte (RFC 8314)."""


def _rest() -> None:
    return


def _cause(exc: OSError) -> str:
    return (exc.strerror or type(exc).__name__).lower()
