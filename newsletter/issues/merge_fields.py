"""The closed language of merge fields, as in `{{ name | friend }}` and `{{ attributes.country }}`.

Nothing in it can be computed, called or nested, and a value is never read as
a template again (STANDARDS XC04, XC05).
"""

import enum
import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

LONGEST_VALUE = 500
"""Characters of a subscriber's value that are used; more would only bloat one person's mail."""

NAME_FIELD = "{{ name | friend }}"
EXAMPLES = (NAME_FIELD, "{{ attributes.country | your country }}")
"""How merge fields are written, for a person to take over."""

_FIELD = re.compile(
    r"\{\{[ \t\u00a0]{0,20}"
    r"(?P<path>name|attributes\.[A-Za-z][A-Za-z0-9_-]{0,59})[ \t\u00a0]{0,20}"
    r"(?:\|(?P<fallback>[^{}|\r\n]{0,200}))?\}\}"
)
_SNIPPET = re.compile(r"\{\{[^{}\r\n]{0,60}(?:\}\})?")
# They would turn the direction of the text around them.
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Those, and all that _visible exchanges: categories Cc, Zl, Zp and Cs. Few values have any.
_STRANGE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


# Not their kin: True is no number here.
_NUMBERS = (int, float)


class Part(enum.StrEnum):
    """Where a value lands, which decides how it is escaped."""

    HTML = "html"
    TEXT = "text"
    HEADER = "header"
    URL = "url"


@dataclass(frozen=True)
class MergeField:
    """One `{{ path | fallback }}`; `source` is how the editor wrote it."""

    path: str
    fallback: str = ""
    source: str = field(default="", compare=False)


def parse(text: str) -> tuple[str | MergeField, ...]:
    """Return `text` cut at its merge fields; what is not a known field stays text."""
    pieces: list[str | MergeField] = []
    end = 0
    for match in _FIELD.finditer(text):
        if match.start() > end:
            pieces.append(text[end : match.start()])
        fallback = (match["fallback"] or "").strip()
        pieces.append(MergeField(match["path"], fallback, match[0]))
        end = match.end()
    if end < len(text):
        pieces.append(text[end:])
    return tuple(pieces)


def fields(text: str) -> tuple[MergeField, ...]:
    """Return the merge fields of `text` in their order."""
    return tuple(piece for piece in parse(text) if isinstance(piece, MergeField))


def unknown(text: str) -> tuple[str, ...]:
    """Return the beginning of everything in `text` that opens with `{{` and is no known field."""
    rest = [piece for piece in parse(text) if isinstance(piece, str)]
    return tuple(match[0].strip() for piece in rest for match in _SNIPPET.finditer(piece))


def values_of(name: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return a subscriber's values by path: the name and the flat attributes.

    A list or an object among the attributes counts as missing, so that one
    strange row cannot stop an issue (STANDARDS XC07).
    """
    values = {"name": name[:LONGEST_VALUE]}
    for key, value in attributes.items():
        if type(value) is not str:
            if type(value) not in _NUMBERS:
                continue
            value = str(value)
        values[_path_of(key)] = value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE]
    return values


@lru_cache(maxsize=256)
def _path_of(key: str) -> str:
    # Thousands of readers a second have the same few attributes.
    return f"attributes.{key}"


def value(merge_field: MergeField, values: Mapping[str, str], part: Part) -> str:
    """Return what stands for a merge field in `part`: its value, its fallback or nothing."""
    text = _one_line(values.get(merge_field.path, "")) or _one_line(merge_field.fallback)
    if part is Part.HTML:
        return html.escape(text)
    if part is Part.URL:
        # Percent-encoded whole, a value can be no scheme, no host and no second parameter.
        return quote(text, safe="")
    return text


def neutral(line: str) -> str:
    """Return a line of text as it reads to nobody in particular."""
    return filled(line, {})


def filled(line: str, values: Mapping[str, str]) -> str:
    """Return a line of text as it reads to who has these values."""
    return "".join(
        piece if isinstance(piece, str) else value(piece, values, Part.TEXT)
        for piece in parse(line)
    )


def _one_line(text: str) -> str:
    """Return `text` without line ends, control characters and what cannot be encoded."""
    if not _STRANGE.search(text):
        return text.strip()
    return "".join(_visible(letter) for letter in text.translate(_BIDI_CONTROLS)).strip()


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "\ufffd" if category == "Cs" else letter
