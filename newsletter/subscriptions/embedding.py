"""Forms of a list on other sites: to which pages they lead back, and who may ask from there.

Nothing is guessed: a page counts if it was written down letter by letter (STANDARDS XA20, XA22).
"""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from newsletter.errors import InvalidInput
from newsletter.subscriptions.models import MailingList

FIELD = "return_pages"

MOST_PAGES = 20
LONGEST = 300
"""Characters of the address of one page."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts whose pages need no https: they are tried out on one's own machine."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""What may stand in a policy of ours: a star or a semicolon would mean more than one host."""

_NORMAL_PORTS = {"http": 80, "https": 443}


def read_pages(text: str) -> list[str]:
    """Return the addresses that somebody typed, one a line; raise InvalidInput for a wrong one."""
    pages = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(pages) > MOST_PAGES:
        raise InvalidInput(
            f"These are {len(pages)} pages; a list may have {MOST_PAGES}. Take some out.",
            field=FIELD,
        )
    for page in pages:
        if sentence := _what_is_wrong(page):
            raise InvalidInput(f"“{page[:80]}” {sentence}", field=FIELD)
    return pages


def way_back(mailing_list: MailingList, wanted: str) -> str:
    """Return `wanted` if it is exactly one of the list's pages, and nothing otherwise."""
    return wanted if wanted in mailing_list.return_pages else ""


def origins(mailing_lists: Iterable[MailingList]) -> frozenset[str]:
    """Return the origins of the pages of these lists, as browsers name them."""
    return frozenset(origin_of(page) for row in mailing_lists for page in row.return_pages)


def origin_of(page: str) -> str:
    """Return the origin of a page that was checked: scheme, host, and a port that is not usual."""
    parts = urlsplit(page)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    is_usual = port is None or port == _NORMAL_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{shown}" if is_usual else f"{parts.scheme}://{shown}:{port}"


def _what_is_wrong(page: str) -> str:
    """Return what is wrong with the address of a page, as the end of a sentence."""
    if len(page) > LONGEST:
        return f"has {len(page)} characters; an address may have {LONGEST}."
    if not page.isascii() or not page.isprintable() or any(mark in page for mark in ' "<>\\^`{|}'):
        return "has letters that no address has. Copy it from the browser’s address line."
    parts = _parts(page)
    if parts is None or not parts.hostname:
        return "is not a whole address. Begin with https:// and the host."
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return "must begin with https://, or others could read along."
    if parts.username is not None or parts.password is not None:
        return "has a name or a password in it. Leave that out."
    if parts.hostname not in LOOPBACK and not _HOST.fullmatch(parts.hostname):
        return "names a host that cannot be. Copy it from the browser’s address line."
    if "#" in page:
        return "points to a place within a page. Leave out what begins with #."
    return ""


def _parts(page: str) -> SplitResult | None:
    try:
        parts = urlsplit(page)
        _ = parts.port
    except ValueError:
        return None
    return parts
