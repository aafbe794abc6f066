"""Which addresses may be asked: public ones only, over HTTP, on the two ports of the web.

Pure functions. A host is checked twice: its name here, before anything is
looked up, and each address that the name has, before anything is connected
(STANDARDS XE01).
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NoReturn
from urllib.parse import SplitResult, quote, urlsplit

import idna

from newsletter.errors import FetchFailed
from newsletter.fetching.troubles import Trouble

LONGEST_URL = 2_000
LONGEST_HOST = 253
WEB_PORTS = frozenset({80, 443})

IpAddress = IPv4Address | IPv6Address

_CLOSED = tuple(
    ip_network(text)
    for text in (
        # What Python calls global differs between its versions, so the registries are said here:
        # "this" network, private, shared, this machine, link-local, protocols, documentation.
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24"),
        # The relays of 6to4; multicast; reserved, with the broadcast address.
        *("192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Protocols, Teredo among them; documentation; 6to4, which has an IPv4 address inside.
        *("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16"),
    )
)
# Outside of it there is no host of the web: ::1, fc00::/7 and fe80::/10 are there, and so are the
# IPv4 addresses in the clothes of IPv6: ::ffff:0:0/96, 64:ff9b::/96 and 64:ff9b:1::/48.
_GLOBAL_IPV6 = ip_network("2000::/3")

# Names that mean something on one machine or in one house only (RFC 6761, 6762, 8375, 9476, and
# those that ICANN keeps out of the public DNS).
_PRIVATE_ENDINGS = frozenset(
    {
        *("alt", "corp", "home", "home.arpa", "internal", "intranet", "invalid", "lan", "local"),
        *("localdomain", "localhost", "onion", "private"),
    }
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What other readers of numbers take for the end of an IPv4 address: 2130706433, 0x7f.1, 0177.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")

# What stands for itself in the path and the query (RFC 3986); a % is kept, for what is quoted.
_PATH = "%/:@!$&'()*+,;=~"
_QUERY = _PATH + "?"


@dataclass(frozen=True)
class Target:
    """A checked address: what to look up, where to connect, what to ask for."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_encrypted(self) -> bool:
        """Whether it is asked over TLS."""
        return self.scheme == "https"

    @property
    def ip(self) -> IpAddress | None:
        """The IP address that the host is, if it is no name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """The host as the Host header and the address have it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.is_encrypted else 80)
        return host if is_usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, in ASCII, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"


def is_public(ip: IpAddress) -> bool:
    """Tell whether an address belongs to a host that everybody can reach."""
    if isinstance(ip, IPv6Address) and (ip.scope_id or ip not in _GLOBAL_IPV6):
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _CLOSED)


def target(url: str, *, ports: Container[int] = WEB_PORTS) -> Target:
    """Return what `url` asks for; raise FetchFailed if nobody may ask for that.

    Whether its host is public is not known before the name is looked up.
    """
    text = url.strip(" \t\r\n")
    if len(text) > LONGEST_URL or _UNFIT.search(text):
        _refuse("The address is too long, or has characters in it that no address has.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        _refuse("This is not an address of a page.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        _refuse("The address must begin with https:// or http:// and the name of a site.")
    if "@" in parts.netloc:
        _refuse("The address has a name or a password before an @. Take it out.")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    if port not in ports:
        _refuse("The address names a port. Only the usual ports of the web, 80 and 443, are asked.")
    return Target(parts.scheme, _host(parts), port, _path(parts))


def _host(parts: SplitResult) -> str:
    """Return the host in its one form: a name as A-labels, or an IP address as Python writes it."""
    host = parts.hostname or ""
    if "[" in parts.netloc:
        return _literal(host)
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        _refuse_host()
    labels = name.lower().split(".")
    # A last label that is a number makes the whole an IPv4 address, in whatever form.
    if _NUMBER.fullmatch(labels[-1]):
        return _literal(name)
    is_whole = len(name) <= LONGEST_HOST and all(map(_LABEL.fullmatch, labels))
    is_private = any(".".join(labels[-count:]) in _PRIVATE_ENDINGS for count in (1, 2))
    if not is_whole or len(labels) < 2 or is_private:
        _refuse_host()
    return ".".join(labels)


def _literal(text: str) -> str:
    """Return an IP address, which is taken in its usual form only: four decimal numbers."""
    try:
        ip = ip_address(text)
    except ValueError:
        _refuse_host()
    return str(ip)


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_PATH)
    if not path.startswith("/"):
        _refuse("This is not an address of a page.")
    return f"{path}?{quote(parts.query, safe=_QUERY)}" if parts.query else path


def _refuse_host() -> NoReturn:
    _refuse("The address must have the name of a site that everybody can reach.")


def _refuse(sentence: str) -> NoReturn:
    raise FetchFailed(sentence, trouble=Trouble.ADDRESS)
