"""The addresses that a name has in the DNS, asked with a time limit.

Not the system's own resolver: that one cannot be told when to stop, and
knows names of this machine and of its house.
"""

from collections.abc import Sequence
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.resolver

from newsletter.errors import FetchFailed
from newsletter.fetching.guard import IpAddress
from newsletter.fetching.troubles import Trouble

UNAVAILABLE = (
    "This page cannot be read from here. Open the address in a browser to see whether it is right."
)


def lookup(
    name: str, seconds: float, *, resolver: dns.resolver.Resolver | None = None
) -> Sequence[IpAddress]:
    """Return all addresses of `name`; raise FetchFailed if it has none, or nobody answers."""
    try:
        resolver = resolver or dns.resolver.Resolver()
        # An absolute name: no search list makes one of this house of it.
        whole = dns.name.from_text(f"{name}.")
        found = resolver.resolve_name(whole, lifetime=seconds)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong) as exc:
        raise FetchFailed(UNAVAILABLE, trouble=Trouble.NO_PUBLIC_HOST) from exc
    except (dns.exception.DNSException, OSError) as exc:
        raise FetchFailed(UNAVAILABLE, trouble=Trouble.NO_NAMES) from exc
    return [ip_address(text) for text in found.addresses()]
