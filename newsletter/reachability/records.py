"""Text records of the DNS, asked with a time limit and a limit on how many."""

import time
from collections.abc import Sequence
from typing import Protocol

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

PATIENCE = 3.0
"""Seconds that a name server has for an answer; it is asked twice."""

MOST_SECONDS = 15.0
MOST_QUESTIONS = 40
"""What all questions about one domain may take, so that nobody makes us ask without end (XE07)."""


class Silence(Exception):
    """Nobody answered, or not with an answer: nothing is known."""


class Texts(Protocol):
    """Who can be asked for the text records of a name."""

    def __call__(self, name: str) -> Sequence[str]:
        """Return the records, each in one piece; none if there is no such name."""


class Nameserver:
    """The name servers of this machine; made anew for each domain."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver
        self._end = time.monotonic() + MOST_SECONDS
        self._left = MOST_QUESTIONS

    def __call__(self, name: str) -> Sequence[str]:
        """Return the text records of `name`; raise Silence if that cannot be known."""
        self._left -= 1
        seconds = min(2 * PATIENCE, self._end - time.monotonic())
        if self._left < 0 or seconds <= 0:
            raise Silence
        try:
            resolver = self._resolver or _resolver()
            whole = dns.name.from_text(f"{name}.")
            found = resolver.resolve(whole, dns.rdatatype.TXT, lifetime=seconds)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError, UnicodeError) as exc:
            raise Silence from exc
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver()
    resolver.timeout = PATIENCE
    return resolver
