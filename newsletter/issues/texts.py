"""The texts that an editor types into an edition, as they are kept."""

import unicodedata
from dataclasses import dataclass

from newsletter import inputs, markdown
from newsletter.errors import InvalidInput

MAX_LINE = 500
"""Characters of the longest subject and preheader."""

MAX_INTRODUCTION = 100_000
"""Characters of the longest introduction."""


@dataclass(frozen=True)
class Texts:
    """The words of one edition."""

    subject: str
    preheader: str
    introduction: str


def checked(subject: str, preheader: str, introduction: str) -> Texts:
    """Return what was typed in the form to keep; raise InvalidInput at the field that is wrong."""
    return Texts(
        subject=_line(subject, field="subject"),
        preheader=_line(preheader, field="preheader"),
        introduction=prose(introduction, field="introduction"),
    )


def prose(text: str, *, field: str) -> str:
    """Return a text in Markdown in the form to keep; raise InvalidInput."""
    said = inputs.printable(text, field=field, most=MAX_INTRODUCTION)
    markdown.refuse_costly(said, field=field)
    return said


def _line(text: str, *, field: str) -> str:
    # A line end in a header would begin another header (STANDARDS XC01).
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        raise InvalidInput(
            f"The {field} is one line of plain text: take out line ends and other "
            "characters that cannot be seen.",
            field=field,
        )
    return inputs.printable(text, field=field, most=MAX_LINE)
