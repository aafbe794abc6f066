"""What a relay's reply means, and how it is written down without anybody's address."""

import enum
import logging
import re
from collections import deque
from functools import lru_cache
from typing import NamedTuple

from newsletter import addresses
from newsletter.errors import ConnectionLost

log = logging.getLogger(__name__)

LONGEST_REPLY = 65_536
"""Bytes of a reply, beyond which the other side is not a relay."""

LONGEST_TEXT = 400
"""Characters of a reply that are kept."""

LONGEST_READ = 1600
"""Characters of a reply that are looked at: searching for addresses takes the square of it."""

AUTHENTICATION_WANTED = frozenset({530, 534, 535, 538})
"""Codes by which a relay says that we, not the recipient, are at fault (RFC 4954 section 6)."""

# An address, also with its @ written as %40 or as =, as return paths and links have it.
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"']+(?:@|%40)[^\s<>()\[\],;:"']+""", re.IGNORECASE)
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_STATUS = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")


class Kind(enum.StrEnum):
    """How handing over one message ended."""

    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    # The dot may have been read, and no answer came: nobody can know (STANDARDS 5.2 clause 4).
    UNCERTAIN = "uncertain"
    # We took it back ourselves before the dot; it was certainly not sent.
    WITHHELD = "withheld"


class Phase(enum.StrEnum):
    """Which part of a transaction was answered; empty when the relay was not asked."""

    NONE = ""
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Step(enum.Enum):
    """What a reply that is owed to us answers."""

    RESET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "dot"
    # The dot after a 354 that nobody is to get mail by: no message, no meaning.
    LONE_DOT = "lone dot"


class Outcome(NamedTuple):
    """How it ended, with the relay's code, its enhanced status code and its words.

    `code` is None where the relay was not asked or did not answer; `status` is
    empty where there is none that agrees with the code; `text` holds no address.
    """

    kind: Kind
    code: int | None = None
    status: str = ""
    text: str = ""
    phase: Phase = Phase.NONE


class Reply(NamedTuple):
    """One complete reply: its code, and its lines without the code."""

    code: int
    lines: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """Whether it is a 2xx; codes nobody knows go by their first digit (RFC 5321 4.2.1)."""
        return self.code // 100 == 2

    @property
    def is_refusal(self) -> bool:
        """Whether it is a 4xx or a 5xx."""
        return self.code // 100 in (4, 5)


class ReplyReader:
    """Cuts what a relay says into replies, whatever packets it came in (STANDARDS S10, XG20)."""

    def __init__(self) -> None:
        # What is not a whole line yet, the lines that nobody took, the reply that is not whole.
        self._rest = b""
        self._unread: deque[bytes] = deque()
        self._lines: list[str] = []
        self._code = b""
        self._size = 0

    @property
    def has_more(self) -> bool:
        """Whether something was said that is no complete reply yet, or was not read."""
        return bool(self._rest or self._unread or self._lines)

    def feed(self, received: bytes) -> None:
        """Take what the connection brought."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        self._unread.extend(lines)

    def forget(self) -> bool:
        """Drop what was not read; tell whether there was anything."""
        had_some = self.has_more
        self._unread.clear()
        self._lines = []
        self._rest, self._code, self._size = b"", b"", 0
        return had_some

    def next(self) -> Reply | None:
        """Return the next complete reply, or None; raise ConnectionLost for what is none."""
        while self._unread:
            line = self._unread.popleft()
            if not self._lines and line[3:4] == b" ":
                return _reply_of(line)
            self._add(line)
            if line[3:4] != b"-":
                reply = Reply(int(self._code), tuple(self._lines))
                self._lines, self._code, self._size = [], b"", 0
                return reply
        if self._size + len(self._rest) > LONGEST_REPLY:
            raise ConnectionLost("The relay's answer could not be understood.")
        return None

    def _add(self, line: bytes) -> None:
        self._size += len(line)
        code, words = _cut(line)
        if (self._code and code != self._code) or self._size > LONGEST_REPLY:
            raise ConnectionLost("The relay's answer could not be understood.")
        self._code = code
        self._lines.append(words)


def _cut(line: bytes) -> tuple[bytes, str]:
    """Return the code and the words of one line."""
    found = _LINE.fullmatch(line.removesuffix(b"\r"))
    if found is None:
        raise ConnectionLost("The relay's answer could not be understood.")
    return found[1], (found[3] or b"").decode("utf-8", "replace")


@lru_cache(maxsize=64)
def _reply_of(line: bytes) -> Reply:
    """Return a reply of one line: a relay has few, and says them for every message."""
    if len(line) > LONGEST_REPLY:
        raise ConnectionLost("The relay's answer could not be understood.")
    code, words = _cut(line)
    return Reply(int(code), (words,))


def outcome_of(reply: Reply, *, recipient: str = "", phase: Phase = Phase.NONE) -> Outcome:
    """Return what a reply to one transaction means: 2xx sent, 4xx deferred, 5xx refused.

    The three digits decide; an enhanced code of another class is dropped
    (RFC 3463, STANDARDS S10, XG11).
    """
    kind = {2: Kind.SENT, 4: Kind.DEFERRED, 5: Kind.REFUSED}.get(reply.code // 100, Kind.UNCERTAIN)
    words = words_of(reply, recipient=recipient)
    return Outcome(kind, reply.code, status_of(reply), words, phase)


def status_of(reply: Reply) -> str:
    """Return the enhanced status code that the reply begins with, or nothing."""
    found = _STATUS.match(reply.lines[0]) if reply.lines else None
    if found is None:
        return ""
    if found[1][0] != str(reply.code)[0]:
        log.warning("a reply says %d and %s at once; the first decides", reply.code, found[1])
        return ""
    return found[1]


def words_of(reply: Reply, *, recipient: str = "") -> str:
    """Return the words of a reply in one line, fit to be stored and shown."""
    return hide_addresses(
        " ".join(_STATUS.sub("", line, count=1) for line in reply.lines), recipient
    )


def hide_addresses(text: str, recipient: str = "") -> str:
    """Return foreign text without control characters and without any address.

    The local part of `recipient` is hidden also where it stands alone, as in
    "ada.lovelace: user unknown".
    """
    if _is_plain(text, recipient):
        return text
    if len(text) > LONGEST_READ:
        # A word cut in two could be half an address.
        text = text[:LONGEST_READ].rpartition(" ")[0] + " …"
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = _ADDRESS.sub(lambda found: addresses.hide(_plain(found[0])), text)
    local = recipient.rpartition("@")[0]
    if len(local) > 2:
        text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "…", text, flags=re.IGNORECASE)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _is_plain(text: str, recipient: str) -> bool:
    """Tell whether there is nothing to hide or tidy: so it is with nearly every acceptance."""
    local = recipient.rpartition("@")[0].lower()
    return (
        len(text) <= LONGEST_TEXT
        and text.isascii()
        and text.isprintable()
        and "@" not in text
        and "%40" not in text
        and "=" not in text
        and "  " not in text
        and text == text.strip()
        and (len(local) <= 2 or local not in text.lower())
    )


def _plain(address: str) -> str:
    return re.sub("%40", "@", address, flags=re.IGNORECASE)
