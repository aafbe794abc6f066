"""Stand-ins of letters and digits for what must pass Markdown and MJML untouched."""

import html
import re
import secrets
from dataclasses import replace

from newsletter.issues import merge_fields, segments
from newsletter.issues.merge_fields import MergeField
from newsletter.issues.segments import Segments, Slot


class Tokens:
    """The tokens of one rendering and what each stands for.

    `isolates` keeps values from reordering the words around them, as a Latin
    name in an Arabic sentence would (STANDARDS H10).
    """

    def __init__(self, *, isolates: bool) -> None:
        # Random, so that nobody can write one into a text.
        self._nonce = f"t{secrets.token_hex(8)}n"
        self._pattern = re.compile(f"{self._nonce}([0-9]+)e")
        self._meanings: list[Segments] = []
        self._isolates = isolates

    def put(self, *meaning: str | Slot) -> str:
        """Return a token that stands for finished text and slots."""
        self._meanings.append(meaning)
        return f"{self._nonce}{len(self._meanings) - 1}e"

    def text(self, text: str) -> str:
        """Return a token that stands for plain text, escaped for HTML."""
        return self.put(html.escape(text))

    def lift(self, text: str) -> str:
        """Return `text` with its merge fields replaced by tokens."""
        return "".join(
            piece if isinstance(piece, str) else self._field(piece)
            for piece in merge_fields.parse(text)
        )

    def line(self, text: str) -> str:
        """Return a token for a line with merge fields, escaped for HTML."""
        return self.put(*self.cut(html.escape(self.lift(text))))

    def in_url(self, address: str) -> str:
        """Return `address` with its tokens exchanged for ones that fill in percent-encoded."""
        return self._pattern.sub(lambda match: self.put(*self._url_slots(match)), address)

    def cut(self, text: str) -> Segments:
        """Return `text` with every token replaced by what it stands for."""
        pieces: list[str | Slot] = []
        for index, piece in enumerate(self._pattern.split(text)):
            if index % 2:
                pieces.extend(self._meanings[int(piece)])
            else:
                pieces.append(piece)
        return segments.merged(pieces)

    def _field(self, field: MergeField) -> str:
        if self._isolates:
            return self.put("\u2068", Slot(field), "\u2069")
        return self.put(Slot(field))

    def _url_slots(self, match: re.Match[str]) -> list[Slot]:
        meaning = self._meanings[int(match[1])]
        return [replace(piece, in_url=True) for piece in meaning if isinstance(piece, Slot)]
