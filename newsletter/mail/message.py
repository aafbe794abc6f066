"""From facts to the bytes of a message, by a writer of our own.

CPython's email package rewrites long URLs in headers as encoded-words, which
destroys one-click unsubscribe (STANDARDS section 0, finding 1). Here a value
is encoded only where a person reads it, and everything is 7-bit and within
the line limits of RFC 5322 whatever it says.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from email_validator import EmailNotValidError

from newsletter import addresses
from newsletter.errors import InvalidAddress, InvalidHeader
from newsletter.mail.encoding import (
    ENCODED_WORD,
    LINE,
    can_stand,
    encoded_words,
    fold,
    quoted_printable,
    refuse_unsafe,
)

AUTOMATIC = (
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "OOF, AutoReply"),
)
"""What transactional mail carries, so that nobody's robot answers it (RFC 3834, STANDARDS L14)."""

LONGEST_LIST_ID = 255
"""Octets of the whole value of List-Id (STANDARDS L12)."""

# What the writer itself puts into a message, once, and what only others may put there.
RESERVED = frozenset(
    (
        *("bcc", "cc", "date", "from", "message-id", "mime-version", "received"),
        *("reply-to", "return-path", "sender", "subject", "to"),
    )
)

LOOPBACK = ("http://127.0.0.1:", "http://localhost:")
"""How the addresses of a development installation begin, which has no certificate."""

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,74}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOTTED = r"""[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,"]+"""
_ADDR_SPEC = re.compile(rf"{_DOTTED}@({_DOTTED}|\[[0-9A-Za-z:.]+\])")
_MESSAGE_ID = re.compile(
    r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9.-]+|\[[0-9A-Za-z:.]+\])>"
)
_BOUNDARY = re.compile(r"=_[A-Za-z0-9]{8,66}")


@dataclass(frozen=True)
class Mailbox:
    """A display name, which may be empty, and an address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What follows the @, as an A-label."""
        return addr_spec(self.address).rpartition("@")[2]


@dataclass(frozen=True)
class Message:
    """Everything that one message says; the same message is the same bytes each time."""

    sender: Mailbox
    recipient: Mailbox
    subject: str
    text_part: str
    html_part: str | None
    date: datetime
    message_id: str
    boundary: str
    reply_to: Mailbox | None = None
    headers: tuple[tuple[str, str], ...] = ()


def to_bytes(message: Message) -> bytes:
    """Return the message with CRLF line ends, 7-bit unless an address in it is not.

    Raises InvalidHeader or InvalidAddress, so that nothing that could add a
    header or a recipient is ever sent (STANDARDS XC01, XC02).
    """
    fields = [
        mailbox_field("From", message.sender),
        mailbox_field("To", message.recipient),
        text_field("Subject", message.subject),
        date_field(message.date),
        message_id_field(message.message_id),
    ]
    if message.reply_to is not None:
        fields.append(mailbox_field("Reply-To", message.reply_to))
    fields.append(extra_fields(message.headers))
    fields.append(b"MIME-Version: 1.0\r\n")
    text = quoted_printable(message.text_part)
    html = None if message.html_part is None else quoted_printable(message.html_part)
    return b"".join(fields) + body(text, html, boundary=message.boundary)


def body(text: bytes, html: bytes | None, *, boundary: str) -> bytes:
    """Return the content fields, the empty line and the parts, given in quoted-printable.

    With no HTML it is a single text/plain, else multipart/alternative with the
    text first (RFC 2046 section 5.1.4, STANDARDS M08).
    """
    if html is None:
        return _part("plain", text)
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidHeader("A MIME boundary begins with =_ and has letters and digits after it.")
    mark = boundary.encode()
    return b"".join(
        (
            b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % mark,
            b"--%b\r\n%b\r\n" % (mark, _part("plain", text)),
            b"--%b\r\n%b\r\n" % (mark, _part("html", html)),
            b"--%b--\r\n" % mark,
        )
    )


def _part(subtype: str, content: bytes) -> bytes:
    return (
        b"Content-Type: text/%b; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%b" % (subtype.encode(), content)
    )


def text_field(name: str, text: str) -> bytes:
    """Return a header field of free text, such as Subject, encoded where it must be."""
    refuse_unsafe(name, text)
    if can_stand(text):
        return fold(name, text.split())
    return fold(name, encoded_words(text, first=ENCODED_WORD - len(name) - 1))


def mailbox_field(name: str, mailbox: Mailbox) -> bytes:
    """Return a header field of one mailbox; its address is never encoded (STANDARDS M06, M07)."""
    address = addr_spec(mailbox.address)
    if not mailbox.name:
        return fold(name, [address])
    return fold(name, [*phrase(mailbox.name, field=name), f"<{address}>"])


def phrase(text: str, *, field: str) -> list[str]:
    """Return a display name as the words to fold it by: as it is, quoted, or encoded.

    `field` is the header that it stands in. Raises InvalidHeader for control characters.
    """
    refuse_unsafe(field, text)
    if can_stand(text):
        if _ATOMS.fullmatch(text):
            return text.split(" ")
        quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if max(map(len, quoted.split(" "))) < LINE - len(field):
            return quoted.split(" ")
    return encoded_words(text, first=ENCODED_WORD - len(field) - 1)


def date_field(date: datetime) -> bytes:
    """Return the Date field; the time must say its offset (RFC 5322 section 3.6.1)."""
    if date.tzinfo is None:
        raise InvalidHeader("The date of a message needs an offset.")
    return b"Date: %b\r\n" % format_datetime(date).encode()


def message_id_field(message_id: str) -> bytes:
    """Return the Message-ID field; raise InvalidHeader if it is none (RFC 5322 section 3.6.4)."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise InvalidHeader("This is not a Message-ID.")
    return fold("Message-ID", [message_id])


def extra_fields(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return further header fields, each name once and none that the writer sets itself.

    An ASCII value is written as it is and folded at its spaces only, so a URL
    stays whole; another is free text and encoded (STANDARDS M03, L01, XC01).
    """
    seen: set[str] = set()
    fields = []
    for name, value in headers:
        lower = name.lower()
        if not _FIELD_NAME.fullmatch(name):
            raise InvalidHeader("The name of a header has letters, digits and hyphens only.")
        if lower in RESERVED or lower.startswith("content-") or lower in seen:
            raise InvalidHeader(f"The header {name} is set already and cannot be set again.")
        seen.add(lower)
        refuse_unsafe(name, value)
        if value.isascii():
            fields.append(fold(name, value.split()))
        else:
            fields.append(text_field(name, value))
    return b"".join(fields)


def list_headers(
    *,
    list_id: str,
    list_name: str,
    unsubscribe_url: str,
    unsubscribe_mailto: str | None = None,
) -> tuple[tuple[str, str], ...]:
    """Return what makes a message one of a list, to be left by one click.

    `list_id` is the dotted name that never changes, as in news.lists.example.org
    (RFC 2919); `unsubscribe_url` is absolute and stays unbroken (RFC 2369,
    RFC 8058 section 3.1, STANDARDS L01, L02, L12). The one-click field goes
    with an https address, or with one on this very machine: there a newcomer
    tries it, and the mail never leaves.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", list_id) or len(list_id) > 253:
        raise InvalidHeader("A list id is dotted words, like news.lists.example.org.")
    ways = (
        [unsubscribe_url] if unsubscribe_mailto is None else [unsubscribe_url, unsubscribe_mailto]
    )
    if any(re.search(r"[\s<>,]", way) or not way.isascii() for way in ways):
        raise InvalidHeader("The address to unsubscribe at has spaces or brackets in it.")
    if not unsubscribe_url.startswith(("https://", "http://")):
        raise InvalidHeader("The address to unsubscribe at must begin with https://.")
    headers = (
        ("List-Id", _list_id(list_id, list_name)),
        ("List-Unsubscribe", ", ".join(f"<{way}>" for way in ways)),
    )
    if unsubscribe_url.startswith(("https://", *LOOPBACK)):
        return (*headers, ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _list_id(list_id: str, name: str) -> str:
    """Return the value of List-Id within 255 octets, for which a long name is cut (RFC 2919)."""
    shown = name
    while shown:
        value = " ".join([*phrase(shown, field="List-Id"), f"<{list_id}>"])
        if len(value) <= LONGEST_LIST_ID:
            return value
        name = name[: len(name) * 3 // 4].rstrip()
        shown = name and f"{name}…"
    return f"<{list_id}>"


def message_id(left: str, domain: str) -> str:
    """Return a Message-ID whose domain is ours, never the machine's name (STANDARDS M05)."""
    text = f"<{left}@{domain}>"
    if not _MESSAGE_ID.fullmatch(text):
        raise InvalidHeader("A Message-ID cannot be made of these letters.")
    return text


def new_message_id(domain: str) -> str:
    """Return a Message-ID that nobody had before."""
    return message_id(secrets.token_hex(16), domain)


def boundary_for(nonce: str) -> str:
    """Return the MIME boundary made from `nonce`, which is hexadecimal.

    It holds `=_`, which quoted-printable never does, so no part can contain it
    (RFC 2045 section 6.7, STANDARDS M11).
    """
    return f"=_{nonce}"


@lru_cache(maxsize=256)
def addr_spec(address: str) -> str:
    """Return the address as it goes into headers and SMTP commands, its domain as an A-label.

    Raises InvalidAddress for anything that could end the address and begin
    something else (STANDARDS M13, XC02).
    """
    try:
        spec = addresses.for_transport(address)
    except EmailNotValidError as exc:
        raise InvalidAddress("Mail cannot be addressed to this.") from exc
    if not _ADDR_SPEC.fullmatch(spec):
        raise InvalidAddress("Mail cannot be addressed to this.")
    return spec
