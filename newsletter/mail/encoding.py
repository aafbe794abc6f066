"""Text as the bytes of a message: 7-bit, in short lines, decoding to what was written."""

import binascii
import re

from newsletter.errors import InvalidHeader

LINE = 76
"""Characters of a folded header line, CRLF not counted (RFC 2047 section 2, RFC 5322 2.1.1)."""

HARD_LINE = 998
"""Characters that no line may exceed (RFC 5322 section 2.1.1)."""

ENCODED_WORD = 75
"""Characters of the longest encoded-word (RFC 2047 section 2)."""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# The letters of the Q encoding that may stand for themselves in a display name, too.
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def quoted_printable(text: str) -> bytes:
    """Return `text` as quoted-printable lines of at most 76 characters that end in CRLF.

    Any line end counts as one, and the last line gets one if it has none
    (RFC 2045 section 6.7, STANDARDS M09).
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.endswith("\n"):
        text += "\n"
    encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    return encoded.replace(b"\n", b"\r\n")


def encoded_words(text: str, *, first: int = ENCODED_WORD) -> list[str]:
    """Return `text` as RFC 2047 encoded-words of at most 75 characters.

    The first has at most `first`. Each word decodes by itself: no character is
    split over two (STANDARDS M07).
    """
    # Mostly Latin text stays nearly readable; the rest takes the shorter way.
    uses_q = sum(map(_q_length, text)) <= len(text.encode()) * 2
    kind = "q" if uses_q else "b"
    words: list[str] = []
    room = first - len("=?utf-8?q??=")
    chunk = ""
    size = 0
    for letter in text:
        cost = _q_length(letter) if uses_q else len(letter.encode())
        if chunk and (size + cost if uses_q else (size + cost + 2) // 3 * 4) > room:
            words.append(_encoded_word(chunk, kind))
            room, chunk, size = ENCODED_WORD - len("=?utf-8?q??="), "", 0
        chunk += letter
        size += cost
    return [*words, _encoded_word(chunk, kind)] if chunk else words


def _q_length(letter: str) -> int:
    return sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in letter.encode())


def _encoded_word(chunk: str, kind: str) -> str:
    octets = chunk.encode()
    if kind == "b":
        return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?="
    spelled = "".join(
        "_" if byte == 32 else chr(byte) if byte in _Q_SAFE else f"={byte:02X}" for byte in octets
    )
    return f"=?utf-8?q?{spelled}?="


def can_stand(text: str) -> bool:
    """Tell whether a text survives as it is: ASCII, single spaces, and words that fit a line."""
    if not text.isascii() or "=?" in text:
        return False
    return text == "" or all(0 < len(word) < LINE - 12 for word in text.split(" "))


def fold(name: str, words: list[str]) -> bytes:
    """Return the header field folded between words; a word longer than a line stays whole.

    Raises InvalidHeader for what no message can carry: a line of over 998 characters.
    """
    lines = [f"{name}:"]
    for word in words:
        # The first word stays beside the name: some programs read no further.
        if len(lines[-1]) + 1 + len(word) > LINE and lines != [f"{name}:"]:
            lines.append("")
        lines[-1] += f" {word}"
    if max(map(len, lines)) > HARD_LINE:
        raise InvalidHeader(f"The header {name} has a part that is too long for a message.")
    return "\r\n".join(lines).encode() + b"\r\n"


def refuse_unsafe(name: str, text: str) -> None:
    """Raise InvalidHeader for control characters and line ends of any script (STANDARDS XC01)."""
    if _UNSAFE.search(text):
        raise InvalidHeader(
            f"{name} contains a line end or another character that cannot be seen. "
            "Type it again by hand.",
            field=name.lower(),
        )
