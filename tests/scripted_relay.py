"""A relay whose every byte is scripted, for what no well-behaved server would do.

    def script(peer: Peer) -> None:
        peer.greet()                               # 220, EHLO, 250 with what is offered
        peer.transact(until="DATA")                # MAIL and RCPT are answered, DATA is heard
        peer.say("354 go on")
        peer.hear_message()
        peer.say("250-two\n", "250 lines\n")

    with ScriptedRelay(script) as relay:
        Connection(relay.settings()).open()

Each connection runs the script in a thread of its own. When it returns, the
connection is closed; what it heard is in `relay.heard`.
"""

import atexit
import functools
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme

from newsletter.mail.smtp import RelaySettings

THIS_HOST = ("127.0.0.1", "localhost")


@functools.cache
def authority() -> trustme.CA:
    """The authority that the tests' installations are told to trust, made anew in each run."""
    return trustme.CA()


@functools.cache
def authority_file() -> Path:
    """Where its certificate lies."""
    path = Path(tempfile.mkdtemp(prefix="authority-")) / "authority.pem"
    authority().cert_pem.write_to_path(str(path))
    atexit.register(shutil.rmtree, path.parent)
    return path


@functools.cache
def server_context(certificate: str) -> ssl.SSLContext:
    """The server's side of TLS, by a certificate: `relay` and `site` are good, three are not."""
    if certificate == "relay":
        made = authority().issue_cert(*THIS_HOST)
    elif certificate == "site":
        made = authority().issue_cert("www.site.example")
    elif certificate == "other-name":
        made = authority().issue_cert("somewhere-else.test")
    elif certificate == "expired":
        made = authority().issue_cert(
            *THIS_HOST,
            not_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_after=datetime(2020, 2, 1, tzinfo=UTC),
        )
    else:
        assert certificate == "unknown-authority"
        made = trustme.CA().issue_cert(*THIS_HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.configure_cert(context)
    return context


class Gone(Exception):
    """The client closed the connection."""


class Peer:
    """The relay's end of one connection."""

    def __init__(self, stream: socket.socket, heard: list[str]) -> None:
        self._stream = stream
        self._buffer = b""
        self._pause = threading.Event()
        self.heard = heard

    def say(self, *pieces: str | bytes) -> None:
        """Send each piece in a packet of its own; a text without a line end gets CRLF."""
        for piece in pieces:
            if isinstance(piece, str):
                piece = (piece if piece.endswith("\n") else piece + "\r\n").encode()
            self._stream.sendall(piece)

    def hear(self) -> str:
        """Wait for one line from the client and return it; raise Gone at the end."""
        while b"\n" not in self._buffer:
            received = self._stream.recv(65_536)
            if not received:
                raise Gone
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        self.heard.append(line.decode().rstrip("\r"))
        return self.heard[-1]

    def hear_message(self) -> list[str]:
        """Wait for the lines of a message until its final dot."""
        lines = []
        while (line := self.hear()) != ".":
            lines.append(line)
        return lines

    def greet(self, *offers: str) -> None:
        """Say hello and answer EHLO with what is offered."""
        self.say("220 relay.test")
        self.answer_ehlo(*offers)

    def answer_ehlo(self, *offers: str) -> None:
        """Hear EHLO and say what is offered."""
        self.hear()
        lines = ["relay.test", *offers]
        for number, line in enumerate(lines, 1):
            self.say(f"250{' ' if number == len(lines) else '-'}{line}")

    def transact(self, *, until: str = "DOT") -> None:
        """Answer MAIL, RCPT and DATA as usual, up to the command `until`, which is only heard."""
        for command, answer in (("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go on")):
            line = self.hear()
            assert line.upper().startswith(command), line
            if command == until:
                return
            self.say(answer)
        self.hear_message()

    def start_tls(self, certificate: str = "relay") -> None:
        """Hear STARTTLS, agree and go on encrypted."""
        self.hear()
        self.say("220 go on")
        self.encrypt(certificate)

    def encrypt(self, certificate: str = "relay") -> None:
        """Go on encrypted."""
        self._stream = server_context(certificate).wrap_socket(self._stream, server_side=True)

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, as a slow relay does."""
        self._pause.wait(seconds)

    def close(self, *, rudely: bool = False) -> None:
        """Close; rudely means with a reset, which throws away what is under way."""
        if rudely:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._stream.close()


class ScriptedRelay:
    """Listens on loopback and runs `script` for each connection; use it in a `with`."""

    def __init__(self, script: Callable[[Peer], None]) -> None:
        self._script = script
        self.heard: list[str] = []
        self.connections = 0
        # What went wrong in a script; raised when the `with` ends.
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone would not wake a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(timeout=5)
        for thread in self._threads:
            thread.join(timeout=5)
            assert not thread.is_alive(), "a script did not end"
        if self._errors and error is None:
            raise self._errors[0]

    def settings(self, **changes: Any) -> RelaySettings:
        """The settings by which to reach it, with changes; it trusts the tests' authority."""
        values = {
            "server": "127.0.0.1",
            "port": self.port,
            "local_hostname": "news.example.org",
            "authorities": authority_file(),
            "connect_timeout": 5,
            "reply_timeout": 5,
            "write_timeout": 5,
            "final_timeout": 5,
        }
        return RelaySettings(**(values | changes))

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(stream,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, stream: socket.socket) -> None:
        stream.settimeout(5)
        peer = Peer(stream, self.heard)
        try:
            self._script(peer)
        except (Gone, OSError):
            pass  # The client went away, as many of these tests make it do.
        except BaseException as exc:
            self._errors.append(exc)
        finally:
            peer.close()
            stream.close()
