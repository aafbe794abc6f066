"""A web site on loopback whose every byte is scripted, and a DNS of our own that leads to it.

    def script(visit: Visit) -> None:
        visit.say("HTTP/1.1 302 Found\\r\\nLocation: /there\\r\\n\\r\\n")

    with Website(script) as site:
        fetch(site.url("/here"), rules=site.rules())

Each connection runs the script in a thread of its own; when it returns, the
connection is closed. What was asked for is in `site.asked`. The site is called
`www.site.example`, and its address counts as public; no other does.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

from newsletter.errors import FetchFailed
from newsletter.fetching.guard import IpAddress
from newsletter.fetching.names import UNAVAILABLE
from newsletter.fetching.rules import Rules
from newsletter.fetching.troubles import Trouble
from tests.scripted_relay import authority_file, server_context

PUBLIC = "127.0.0.1"
PRIVATE = "127.0.0.2"
HOST = "www.site.example"


@dataclass
class Names:
    """A DNS that knows what it is told, and remembers what it was asked."""

    known: Mapping[str, tuple[str, ...]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, seconds: float) -> list[IpAddress]:
        self.asked.append(name)
        if name not in self.known:
            raise FetchFailed(UNAVAILABLE, trouble=Trouble.NO_PUBLIC_HOST)
        return [ip_address(text) for text in self.known[name]]


class Visit:
    """The server's end of one connection."""

    def __init__(self, stream: socket.socket, stop: threading.Event) -> None:
        self._stream = stream
        self._stop = stop
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            piece = stream.recv(65_536)
            if not piece:
                raise ConnectionError
            self.head += piece

    @property
    def line(self) -> str:
        """The first line without the protocol, as in `GET /path`."""
        return self.head.partition(b" HTTP/")[0].decode()

    @property
    def path(self) -> str:
        """What is asked for."""
        return self.line.partition(" ")[2]

    def say(self, *parts: str | bytes) -> None:
        """Send these bytes."""
        for part in parts:
            self._stream.sendall(part.encode() if isinstance(part, str) else part)

    def answer(self, body: str | bytes = "", *, status: str = "200 OK", **headers: str) -> None:
        """Send a whole answer, HTML unless told otherwise."""
        content = body.encode() if isinstance(body, str) else body
        fields = {"Content-Type": "text/html; charset=utf-8"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
        self.say("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]), content)

    def drip(self, piece: bytes) -> None:
        """Send the same few bytes again and again until the other side has had enough."""
        while not self._stop.wait(0.01):
            self._stream.sendall(piece)

    def hold(self, seconds: float | None = None) -> None:
        """Say nothing for a while, or until the test is over."""
        self._stop.wait(seconds)


def page(body: str | bytes = "<title>A page</title>", **headers: str) -> Callable[[Visit], None]:
    """A script that answers everything with one page."""
    return lambda visit: visit.answer(body, **headers)


class Website:
    """A server on a free port of one loopback address."""

    def __init__(
        self, script: Callable[[Visit], None], *, address: str = PUBLIC, certificate: str = ""
    ) -> None:
        self._script = script
        self._certificate = certificate
        self._socket = socket.create_server((address, 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port: int = self._socket.getsockname()[1]
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.names = Names({HOST: (address,)})

    def url(self, path: str = "/", *, host: str = HOST) -> str:
        """The address of a page of it."""
        return f"{'https' if self._certificate else 'http'}://{host}:{self.port}{path}"

    def rules(self, **changes: Any) -> Rules:
        """Rules by which this site is public and nothing else, with little patience."""
        usual = Rules(
            seconds=5,
            ports=frozenset({self.port}),
            may_connect=lambda ip: str(ip) == PUBLIC,
            lookup=self.names,
            authorities=authority_file(),
            least_seconds=0,
        )
        return replace(usual, **changes)

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        # Closing does not wake who waits in accept; a call does.
        with contextlib.suppress(OSError):
            socket.create_connection(self._socket.getsockname(), timeout=1).close()
        for thread in self._threads:
            thread.join(10)
        self._socket.close()
        assert not any(thread.is_alive() for thread in self._threads)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            stream, _ = self._socket.accept()
            if self._stop.is_set():
                stream.close()
                return
            self._start(self._serve, stream)

    def _serve(self, stream: socket.socket) -> None:
        # A client that has had enough, or does not trust us, is no failure of the test.
        with stream, contextlib.suppress(OSError):
            stream.settimeout(10)
            if self._certificate:
                context = server_context(self._certificate)
                with context.wrap_socket(stream, server_side=True) as encrypted:
                    self._attend(encrypted)
            else:
                self._attend(stream)

    def _attend(self, stream: socket.socket) -> None:
        visit = Visit(stream, self._stop)
        self.asked.append(visit.line)
        self.heads.append(visit.head)
        self._script(visit)
