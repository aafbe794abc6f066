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

SOFT_BREAK = b"=\r\n"
"""The end of an encoded line inside a line of text (RFC 2045 section 6.7)."""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# The letters of the Q encoding that may stand for themselves in a display name, too.
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
# Beyond what quoted-printable must encode: a blank after a blank and one at a line's end, so that
# the bytes are their own relaxed canonical form (RFC 6376 section 3.4.4), and tabs for the same.
_QP_ENCODED = re.compile(rb"[^ !-<>-~]+|(?<= ) +| \Z")
# SMTP doubles the one, and programs that keep mail in one file mark the other.
_NO_BEGINNINGS = (b".", b"From ")
_EQUALS = ord("=")
_KEPT = 4096
_STANDING = re.compile(rf"[^ ]{{1,{LINE - 13}}}(?: [^ ]{{1,{LINE - 13}}})*")


def quoted_printable(text: str) -> bytes:
    """Return `text` as quoted-printable lines of at most 76 characters that end in CRLF.

    Any line end counts as one, and the last line gets one if it has none
    (RFC 2045 section 6.7, STANDARDS M09). No line begins with a dot or with
    "From ", no two blanks stand together and none before a line end, so that
    no program on the way has a reason to touch the bytes.
    """
    return quoted_lines(text if text.endswith(("\n", "\r")) else text + "\n")


def quoted_lines(text: str) -> bytes:
    """Return a piece of a text as whole quoted-printable lines; nothing for no text.

    A last line that the text leaves open ends in a soft break. So pieces that
    were encoded apart decode, in a row, to their texts in a row.
    """
    *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines:
        return _quoted_line(rest) + SOFT_BREAK if rest else b""
    ended = b"".join([_quoted_line(line) + b"\r\n" for line in lines])
    return ended + _quoted_line(rest) + SOFT_BREAK if rest else ended


def _quoted_line(line: str) -> bytes:
    """Return one line of text without its end, soft-broken where it is too long."""
    octets = _QP_ENCODED.sub(_as_hex, line.encode("utf-8", "replace"))
    if len(octets) < LINE and not octets.startswith(_NO_BEGINNINGS):
        return octets
    pieces = []
    start = 0
    while start < len(octets):
        first = b""
        if octets.startswith(_NO_BEGINNINGS, start):
            first = _in_hex(octets[start : start + 1])
            start += 1
        # The last of 76 is the soft break's own; what is written =XX stays together.
        end = start + LINE - 1 - len(first)
        if end < len(octets):
            end -= 1 if octets[end - 1] == _EQUALS else 2 if octets[end - 2] == _EQUALS else 0
        pieces.append(first + octets[start:end])
        start = end
    return SOFT_BREAK.join(pieces)


def _as_hex(match: re.Match[bytes]) -> bytes:
    return _in_hex(match[0])


def _in_hex(octets: bytes) -> bytes:
    return b"=" + octets.hex("=").upper().encode()


def encoded_words(text: str, *, first: int = ENCODED_WORD) -> list[str]:
    """Return `text` as RFC 2047 encoded-words of at most 75 characters.

    The first has at most `first`. Each word decodes by itself: no character is
    split over two (STANDARDS M07).
    """
    octets = text.encode()
    spelled = text.translate(_Q_SPELLED)
    # Mostly Latin text stays nearly readable; the rest takes the shorter way.
    if len(spelled) > len(octets) * 2:
        return _in_base64(text, room=first - len("=?utf-8?b??="))
    if len(spelled) <= first - len("=?utf-8?q??="):
        return [f"=?utf-8?q?{spelled}?="] if text else []
    return _in_q(text, room=first - len("=?utf-8?q??="))


def _in_q(text: str, *, room: int) -> list[str]:
    words = []
    chunk = ""
    for letter in text:
        spelled = _Q_SPELLED[ord(letter)]
        if chunk and len(chunk) + len(spelled) > room:
            words.append(f"=?utf-8?q?{chunk}?=")
            room, chunk = ENCODED_WORD - len("=?utf-8?q??="), ""
        chunk += spelled
    return [*words, f"=?utf-8?q?{chunk}?="]


def _in_base64(text: str, *, room: int) -> list[str]:
    words = []
    chunk = b""
    for letter in text:
        octets = letter.encode()
        if chunk and (len(chunk) + len(octets) + 2) // 3 * 4 > room:
            words.append(_base64_word(chunk))
            room, chunk = ENCODED_WORD - len("=?utf-8?b??="), b""
        chunk += octets
    return [*words, _base64_word(chunk)]


def _base64_word(octets: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?="


class _QSpelling(dict[int, str]):
    """How each character is written in the Q encoding, by its number; the first ones are kept."""

    def __missing__(self, number: int) -> str:
        octets = chr(number).encode()
        spelled = "".join(chr(byte) if byte in _Q_SAFE else f"={byte:02X}" for byte in octets)
        if len(self) < _KEPT:
            self[number] = spelled
        return spelled


_Q_SPELLED = _QSpelling({ord(" "): "_"})


def can_stand(text: str) -> bool:
    """Tell whether a text survives as it is: ASCII, single spaces, and words that fit a line."""
    if not text.isascii() or "=?" in text:
        return False
    return text == "" or _STANDING.fullmatch(text) is not None


def fold(name: str, words: list[str]) -> bytes:
    """Return the header field folded between words; a word longer than a line stays whole.

    Raises InvalidHeader for what no message can carry: a line of over 998 characters.
    """
    whole = " ".join((f"{name}:", *words))
    if len(whole) <= LINE:
        return whole.encode() + b"\r\n"
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
