"""Rendered text with open slots: literals, and the places where a recipient's values go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.issues.merge_fields import MergeField, Part, value


@dataclass(frozen=True)
class Slot:
    """A place for one recipient's value: a merge field or a link such as `unsubscribe_url`.

    `in_url` marks a merge field inside the address of a link.
    """

    field: MergeField
    in_url: bool = False

    def text(self, values: Mapping[str, str], part: Part) -> str:
        """Return what stands here for the recipient with `values`, escaped for `part`."""
        return value(self.field, values, Part.URL if self.in_url else part)


Segments = tuple[str | Slot, ...]
"""Literals, finished for their part, and slots; joined in order they are the text."""


def fill(segments: Segments, values: Mapping[str, str], *, part: Part) -> str:
    """Return the whole text for one recipient; a missing value gives the fallback or nothing."""
    return "".join(
        piece if isinstance(piece, str) else piece.text(values, part) for piece in segments
    )


def merged(pieces: Sequence[str | Slot]) -> Segments:
    """Return `pieces` with neighbouring literals joined and empty ones left out."""
    result: list[str | Slot] = []
    for piece in pieces:
        if isinstance(piece, str) and result and isinstance(result[-1], str):
            result[-1] += piece
        elif piece != "":
            result.append(piece)
    return tuple(result)


def to_json(segments: Segments) -> list[Any]:
    """Return `segments` as plain values: a literal is a string, a slot is an object."""
    return [
        piece
        if isinstance(piece, str)
        else {"slot": piece.field.path, "fallback": piece.field.fallback, "in_url": piece.in_url}
        for piece in segments
    ]


def from_json(plain: Sequence[Any]) -> Segments:
    """Return the segments that `to_json` made `plain` from."""
    return tuple(
        piece
        if isinstance(piece, str)
        else Slot(MergeField(piece["slot"], piece["fallback"]), in_url=piece["in_url"])
        for piece in plain
    )
