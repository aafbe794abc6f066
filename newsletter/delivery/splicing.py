"""Bytes of a message with gaps: encoded once, a recipient's own bytes put into each.

A gap stands between two lines of quoted-printable, after a soft break, and what
goes in are whole lines that end in one. So no value can break a rule about
lines, and none is ever encoded together with its surroundings.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from newsletter.issues.merge_fields import MergeField, Part, value
from newsletter.issues.segments import Segments
from newsletter.mail.encoding import LINE, SOFT_BREAK, quoted_lines, quoted_printable

KNOWN = 4096
"""Values whose encoding is kept: countries, roles and given names are those of many readers."""

# Printable ASCII without the blank, & < > = and quotes.
_WORD = "[!#-%(-;?-~]+"
# What stands for itself in HTML, in plain text and in quoted-printable, on one line.
_PLAIN = re.compile(rf"(?!\.|From )(?=.{{1,{LINE - 1}}}\Z){_WORD}(?: {_WORD})*")


class _Gap(NamedTuple):
    """Where the values of one merge field go: places in the row of pieces, by escaping."""

    path: str
    fallback: str
    html: tuple[int, ...]
    text: tuple[int, ...]
    url: tuple[int, ...]


class Pattern:
    """A row of byte pieces, some of them gaps; `Draft.finish` makes it."""

    def __init__(
        self, pieces: Sequence[bytes], gaps: Sequence[_Gap], marked: Mapping[str, Sequence[int]]
    ) -> None:
        self._pieces = list(pieces)
        self._gaps = tuple(gaps)
        self._marked = [(name, tuple(places)) for name, places in marked.items()]

    def fill(self, values: Mapping[str, str], marked: Mapping[str, bytes]) -> bytes:
        """Return the whole, with `values` in the gaps of merge fields, and `marked` as it is.

        `marked` has what goes where `Draft.mark` and the openings left a place,
        by name. A value that is missing or empty gives the field's fallback.
        """
        pieces = self._pieces.copy()
        for name, places in self._marked:
            octets = marked[name]
            for place in places:
                pieces[place] = octets
        for path, fallback, html, text, url in self._gaps:
            given = values.get(path, "")
            in_html, in_text = _lines(given, fallback)
            for place in html:
                pieces[place] = in_html
            for place in text:
                pieces[place] = in_text
            for place in url:
                pieces[place] = _line_for(Part.URL, given, fallback)
        return b"".join(pieces)


@lru_cache(maxsize=KNOWN)
def _lines(given: str, fallback: str) -> tuple[bytes, bytes]:
    """Return the whole lines for one value in HTML and in plain text."""
    if _PLAIN.fullmatch(given):
        octets = given.encode() + SOFT_BREAK
        return octets, octets
    return _line_for(Part.HTML, given, fallback), _line_for(Part.TEXT, given, fallback)


def _line_for(part: Part, given: str, fallback: str) -> bytes:
    return quoted_lines(value(MergeField("given", fallback), {"given": given}, part))


def ascii_line(octets: bytes) -> bytes:
    """Return letters, digits and the like as they go into a marked place of a body part."""
    if len(octets) < LINE:
        return octets + SOFT_BREAK
    return quoted_lines(octets.decode("ascii"))


class Draft:
    """A pattern while it is being made, from its beginning to its end."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._fields: dict[MergeField, dict[Part, list[int]]] = {}
        self._marked: dict[str, list[int]] = {}

    def add(self, octets: bytes) -> None:
        """Add bytes that are everybody's."""
        self._pieces.append(octets)

    def mark(self, name: str) -> None:
        """Leave a place for bytes that are handed in ready, by `name`."""
        self._marked.setdefault(name, []).append(self._gap())

    def add_part(self, segments: Segments, part: Part, openings: Mapping[str, str]) -> None:
        """Add a body part in quoted-printable, its slots as gaps.

        `openings` has the recipient's links by the path of their slots: what
        the link begins with for everybody. The rest of it is a marked place,
        named like the slot.
        """
        text = ""
        for piece in segments:
            if isinstance(piece, str):
                text += piece
                continue
            kind = Part.URL if piece.in_url else part
            path = piece.field.path
            if path in openings:
                text += value(piece.field, openings, kind)
            self.add(quoted_lines(text))
            text = ""
            if path in openings:
                self.mark(path)
            else:
                places = self._fields.setdefault(piece.field, {})
                places.setdefault(kind, []).append(self._gap())
        self.add(quoted_printable(text))

    def finish(self) -> Pattern:
        """Return the pattern."""
        return Pattern(
            self._pieces,
            [_gap(field, places) for field, places in self._fields.items()],
            self._marked,
        )

    def _gap(self) -> int:
        self._pieces.append(b"")
        return len(self._pieces) - 1


def _gap(field: MergeField, places: Mapping[Part, Sequence[int]]) -> _Gap:
    html, text, url = (tuple(places.get(part, ())) for part in (Part.HTML, Part.TEXT, Part.URL))
    return _Gap(field.path, field.fallback, html, text, url)
