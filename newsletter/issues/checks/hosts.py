"""What is wrong with an address, by looking at it alone."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from newsletter.errors import FetchFailed
from newsletter.fetching import guard

PERSONAL = frozenset(
    {
        *("mc_eid", "mc_cid", "mkt_tok", "_hsenc", "_hsmi", "fbclid", "gclid", "dclid", "msclkid"),
        *("vero_id", "ml_subscriber", "ml_subscriber_hash", "ck_subscriber_id", "oly_enc_id"),
        *("oly_anon_id", "sc_eh", "wickedid", "yclid", "igshid", "twclid", "email", "subscriber"),
    }
)
"""Parameters by which a site knows the one person who copied the address from a mail of theirs."""

EXAMPLES = frozenset({"example.com", "example.net"})
"""Names that lead nowhere on purpose (RFC 2606); the sample library has the third one's."""

# Letters of other scripts that look like Latin ones, so that a whole name may.
_LOOK_LATIN = frozenset("аеорсухіјѕһԁԛԝӏвкмнтгʏαορνικυτ")
_MIXED_UP = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_MAIL_ADDRESS = re.compile(r"[^\s@/?&=]+@[^\s@/?&=]+\.[a-z]{2,}", re.I)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; the sentence goes on after what the link is called."""

    code: str
    sentence: str
    why: str


def split(address: str) -> SplitResult | None:
    """Return the parts of an address, or None if it has none."""
    try:
        parts = urlsplit(address)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts


def faults(address: str) -> Iterator[Fault]:
    """Yield what is wrong with the address of a link in a mail."""
    parts = split(address)
    if parts is None or (parts.scheme in ("", "http", "https") and not parts.hostname):
        yield Fault(
            "link-address",
            "has no whole address.",
            "A mail has no page to start from: write the address with https:// and the host.",
        )
    elif parts.scheme in ("http", "https"):
        host = (parts.hostname or "").rstrip(".")
        yield from _of_host(host)
        yield from _of_query(parts)


def _of_host(host: str) -> Iterator[Fault]:
    ip = _ip(host)
    if host == "localhost" or host.endswith(".localhost") or (ip is not None and ip.is_loopback):
        yield Fault(
            "link-address",
            "leads to the reader's own machine.",
            f"Nobody else can open {host}.",
        )
    elif ip is not None and guard.is_public(ip):
        yield Fault(
            "ip-link",
            "leads to a number instead of a name.",
            "Filters and careful readers take such addresses for fraud.",
        )
    elif ip is not None or not _is_public_name(host):
        yield Fault(
            "link-address",
            f"leads to {host}, which not everybody can reach.",
            "Such names and numbers mean something in one house only.",
        )
    elif any(host == name or host.endswith(f".{name}") for name in EXAMPLES):
        yield Fault(
            "example-link",
            f"leads to {host}.",
            "That name is for examples and shows nothing: the right address is still to come.",
        )
    elif is_lookalike(host):
        yield Fault(
            "lookalike-link",
            "leads to a name with letters that look like others.",
            "Names of that sort are made for fraud. Look at the address letter by letter.",
        )


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public_name(host: str) -> bool:
    try:
        guard.target(f"https://{host}/")
    except FetchFailed:
        return False
    return True


def is_lookalike(host: str) -> bool:
    """Tell whether a part of a name mixes scripts, or has only letters that look Latin."""
    return any(_is_disguised(_decoded(label)) for label in host.lower().split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except ValueError:
        return label


def _is_disguised(label: str) -> bool:
    letters = [letter for letter in label if letter.isalpha()]
    foreign = [letter for letter in letters if _script(letter) in _MIXED_UP]
    if not foreign:
        return False
    return len(foreign) < len(letters) or all(letter in _LOOK_LATIN for letter in foreign)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _of_query(parts: SplitResult) -> Iterator[Fault]:
    try:
        fields = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        fields = []
    marks = [name for name, said in fields if name.lower() in PERSONAL and said]
    if marks or _MAIL_ADDRESS.search(unquote(parts.query)):
        what = f"“{marks[0]}”" if marks else "an e-mail address"
        yield Fault(
            "personal-link",
            f"carries a mark of one person: {what}.",
            "Whoever copied it from a mail of their own would be taken for all readers. "
            "Take out what follows the question mark, and try whether it still works.",
        )
