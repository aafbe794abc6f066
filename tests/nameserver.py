"""A name server on loopback that knows what it is told, and one that needs no network."""

import contextlib
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

from newsletter.reachability.records import Silence


class NameServer:
    """Answers over UDP from `records`, like {("example.org.", "A"): ["192.0.2.1"]}.

    A record that is a Rcode is answered with that; None is not answered at all.
    What it does not know does not exist.
    """

    def __init__(self, records: dict[tuple[str, str], list[str] | dns.rcode.Rcode | None]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def resolver(self) -> dns.resolver.Resolver:
        """A resolver that asks this server, with little patience."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        resolver.timeout = 0.1
        return resolver

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An empty datagram ends it.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            octets, sender = self._socket.recvfrom(4096)
            if not octets:
                return
            reply = self._reply(dns.message.from_wire(octets))
            if reply is not None:
                with contextlib.suppress(OSError):
                    self._socket.sendto(reply.to_wire(), sender)

    def _reply(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        key = (question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype))
        self.asked.append(key)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        known = self.records.get(key, [])
        if known is None:
            return None
        if isinstance(known, dns.rcode.Rcode):
            reply.set_rcode(known)
        elif known:
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", key[1], known))
        elif not any(name == key[0] for name, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


class Zone:
    """A DNS that knows these text records; None is not answered."""

    def __init__(self, records: dict[str, list[str] | None]) -> None:
        self._records = records
        self.asked: list[str] = []

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        found = self._records.get(name, [])
        if found is None:
            raise Silence
        return found
