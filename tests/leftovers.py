"""Whatever may be left of a person, in whatever way it may be written, in any file."""

import base64
import quopri
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus


def left_in_files(folder: Path, words: Iterable[str]) -> list[str]:
    """Return which file below `folder` still has which word, and how it is written there."""
    wanted = [(word, how, octets) for word in words for how, octets in _ways(word)]
    return [
        f"{path.relative_to(folder)} has {word!r} in {how}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for word, how, octets in wanted
        if octets in _as_compared(path.read_bytes(), how)
    ]


def left_in_text(text: str, words: Iterable[str]) -> list[str]:
    """Return which word still stands in a text, and how."""
    data = text.encode()
    return [
        f"{word!r} in {how}"
        for word in words
        for how, octets in _ways(word)
        if octets in _as_compared(data, how)
    ]


def _as_compared(data: bytes, how: str) -> bytes:
    return data if how.startswith("base64") else data.lower()


def _ways(word: str) -> Iterator[tuple[str, bytes]]:
    octets = word.encode()
    yield "plain text", octets.lower()
    yield "an address of the web", quote(word, safe="").lower().encode()
    yield "a form", quote_plus(word).lower().encode()
    yield "quoted-printable", quopri.encodestring(octets).lower()
    yield "a header", quopri.encodestring(octets, header=True).lower()
    yield "JSON", word.encode("unicode_escape").lower()
    yield "UTF-16", word.lower().encode("utf-16-le")
    for spelling in {word, word.lower()}:
        for shift in range(3):
            yield f"base64, {shift} after its beginning", _in_base64(spelling.encode(), shift)


def _in_base64(octets: bytes, shift: int) -> bytes:
    """Return the letters that do not depend on what stands around."""
    code = base64.b64encode(b"\0" * shift + octets)
    first = -(-shift * 8 // 6)
    last = (shift + len(octets)) * 8 // 6
    return code[first:last]
