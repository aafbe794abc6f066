"""What a person wants to see of a raw message; nothing that a message holds makes it fail."""

import re
from contextlib import suppress
from dataclasses import dataclass
from email import errors, message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser

from selectolax.lexbor import LexborHTMLParser

SHOWN = 200_000
"""Characters of a part that a page shows; the raw message has the rest."""


@dataclass(frozen=True)
class Link:
    """One link of the HTML part, with the words that carry it."""

    url: str
    words: str


@dataclass(frozen=True)
class Reading:
    """A message taken apart: None stands for a part that it does not have."""

    headers: list[tuple[str, str]]
    text_part: str | None
    html_part: str | None
    links: list[Link]

    @property
    def subject(self) -> str:
        """The subject line, empty where there is none."""
        return _first(self.headers, "subject")


def read(raw: bytes) -> Reading:
    """Take a message apart."""
    try:
        message = message_from_bytes(raw)
        parts = [part for part in message.walk() if not part.is_multipart()]
    except RecursionError:
        # Hundreds of parts inside each other: the headers and the raw message are still shown.
        message = BytesHeaderParser().parsebytes(raw)
        parts = []
    html_part = _part(parts, "text/html")
    return Reading(
        headers=_headers(message),
        text_part=_part(parts, "text/plain"),
        html_part=html_part,
        links=_links(html_part or ""),
    )


def subject(beginning: bytes) -> str:
    """Return the subject line of a message whose first bytes are given."""
    return _first(_headers(BytesHeaderParser().parsebytes(beginning)), "subject")


def _headers(message: Message) -> list[tuple[str, str]]:
    return [(name, _decode(value)) for name, value in message.raw_items()]


def _first(headers: list[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _decode(value: str) -> str:
    """Return a header's value on one line, its encoded words (RFC 2047) as characters."""
    value = re.sub(r"\r?\n(?=[ \t])", "", value)
    # A wrong header is shown as it came: it may be what somebody is looking for.
    with suppress(errors.HeaderParseError, LookupError, ValueError):
        value = str(make_header(decode_header(value)))
    # The parser keeps bytes outside of ASCII as surrogates; raw UTF-8 (RFC 6532) is read as such.
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(parts: list[Message], kind: str) -> str | None:
    for part in parts:
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            return _characters(part)
    return None


def _characters(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _links(html: str) -> list[Link]:
    """Return the web links of the HTML part in their order, each address once."""
    found: dict[str, str] = {}
    for anchor in LexborHTMLParser(html).css("a[href]"):
        url = (anchor.attributes["href"] or "").strip()
        words = " ".join(anchor.text(separator=" ").split())
        if url.lower().startswith(("http://", "https://")) and not found.get(url):
            found[url] = words
    return [Link(url, words or url) for url, words in found.items()]
