"""One page, asked by its address: checked, looked up once, connected to what was checked.

A redirect begins anew with all of it. Everything together has one time limit
(STANDARDS XE01, XE02, XE05).
"""

import http.client
import socket
import ssl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import cast
from urllib.parse import urljoin

from newsletter.errors import FetchFailed
from newsletter.fetching import guard, wire
from newsletter.fetching.decoding import UnknownEncoding, Unpacker
from newsletter.fetching.guard import IpAddress, Target
from newsletter.fetching.names import UNAVAILABLE
from newsletter.fetching.rules import Rules
from newsletter.fetching.troubles import Trouble
from newsletter.fetching.wire import Deadline, Incoming, TooMuch

MOST_BYTES = 5 * 1024 * 1024
"""The largest body that is read, unpacked."""

MOST_HEAD = 64 * 1024
"""Bytes of status line and headers."""

LONGEST_LOOKUP = 5.0
"""Seconds for the DNS, so that there is time left for the site."""

PIECE = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Answer:
    """What a site said; `url` is where it was said, after redirects.

    `is_whole` is False for a body that was cut at the largest size.
    """

    status: int
    url: str
    content_type: str
    body: bytes
    is_whole: bool


@dataclass(frozen=True)
class _Elsewhere:
    """The site sent us on."""

    location: str


def fetch(
    url: str,
    *,
    rules: Rules,
    method: str = "GET",
    most_bytes: int = MOST_BYTES,
    may_be_cut: bool = False,
) -> Answer:
    """Return what `url` answers, whatever its status; raise FetchFailed if it does not answer.

    A body larger than `most_bytes` is a failure, unless it may be cut there;
    with 0 none is read.
    """
    deadline = Deadline(rules.seconds)
    there = guard.target(url, ports=rules.ports)
    for _ in range(rules.redirects + 1):
        with _explained():
            answer = _ask(there, method, rules, deadline, most_bytes, may_be_cut=may_be_cut)
        if isinstance(answer, Answer):
            return answer
        there = _next(there, answer.location, rules)
    raise FetchFailed(UNAVAILABLE, trouble=Trouble.REDIRECTS)


def _next(there: Target, location: str, rules: Rules) -> Target:
    """Return where a redirect leads, checked like an address that somebody typed."""
    try:
        return guard.target(urljoin(there.url, location), ports=rules.ports)
    except (FetchFailed, ValueError) as exc:
        # Its own sentence would be about an address that nobody wrote.
        raise FetchFailed(UNAVAILABLE, trouble=Trouble.REDIRECTS) from exc


def _ask(
    there: Target,
    method: str,
    rules: Rules,
    deadline: Deadline,
    most_bytes: int,
    *,
    may_be_cut: bool,
) -> Answer | _Elsewhere:
    ips = _checked_ips(there, rules, deadline)
    with wire.connect(there, ips, deadline=deadline, authorities=rules.authorities) as stream:
        stream.settimeout(deadline.left())
        stream.sendall(_request(there, method, rules.user_agent))
        incoming = Incoming(stream, deadline, allowance=MOST_HEAD)
        # It needs no more of a socket than that.
        response = http.client.HTTPResponse(cast(socket.socket, incoming), method=method)
        with closing(response):
            response.begin()
            location = response.headers.get("location")
            if response.status in REDIRECTS and location:
                return _Elsewhere(_as_utf8(location))
            # What frames the pieces of a body may be as much as the body, and no more.
            incoming.allowance = 2 * most_bytes + MOST_HEAD
            body, is_whole = _body(response, most_bytes, may_be_cut=may_be_cut)
            kind = response.headers.get("content-type", "")
            return Answer(response.status, there.url, _as_utf8(kind)[:200], body, is_whole)


def _checked_ips(there: Target, rules: Rules, deadline: Deadline) -> Sequence[IpAddress]:
    """Return where to connect; one address that is not public spoils the others.

    A name that leads to our own network, too, is no mistake of its owner.
    """
    if there.ip is not None:
        ips: Sequence[IpAddress] = [there.ip]
    else:
        ips = rules.lookup(there.host, min(deadline.left(), LONGEST_LOOKUP))
    if not ips or not all(map(rules.may_connect, ips)):
        raise FetchFailed(UNAVAILABLE, trouble=Trouble.NO_PUBLIC_HOST)
    return ips


def _request(there: Target, method: str, user_agent: str) -> bytes:
    """Return what is said: no cookie, nobody's name, and who asks."""
    lines = (
        f"{method} {there.path} HTTP/1.1",
        f"Host: {there.authority}",
        f"User-Agent: {user_agent}",
        "Accept: text/html, application/xhtml+xml, */*;q=0.5",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _body(response: http.client.HTTPResponse, most: int, *, may_be_cut: bool) -> tuple[bytes, bool]:
    """Return the body unpacked, `most` bytes at most, and whether that is all of it."""
    if most == 0:
        return b"", True
    unpacker = Unpacker(response.headers.get("content-encoding", ""))
    body = bytearray()
    while piece := response.read1(PIECE):
        body += unpacker.unpack(piece, most=most + 1 - len(body))
        if len(body) > most:
            if not may_be_cut:
                raise TooMuch
            return bytes(body[:most]), False
    return bytes(body), True


def _as_utf8(header: str) -> str:
    """Return a header as it was meant: bytes beyond ASCII are nearly always UTF-8."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn whatever goes wrong on the way into one sentence, and a kind for programs."""
    try:
        yield
    except TimeoutError as exc:
        raise _failed(Trouble.SILENT) from exc
    except ssl.SSLCertVerificationError as exc:
        raise _failed(Trouble.NOT_TRUSTED) from exc
    except ssl.SSLError as exc:
        raise _failed(Trouble.UNREACHABLE) from exc
    except TooMuch as exc:
        raise _failed(Trouble.TOO_LARGE) from exc
    except (http.client.HTTPException, UnknownEncoding, zlib.error, ValueError) as exc:
        raise _failed(Trouble.UNREADABLE) from exc
    except OSError as exc:
        raise _failed(Trouble.UNREACHABLE) from exc


def _failed(trouble: Trouble) -> FetchFailed:
    return FetchFailed(UNAVAILABLE, trouble=trouble)
