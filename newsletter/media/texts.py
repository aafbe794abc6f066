"""The words about an image, checked: what it shows, and what editors call it.

Pure functions: text in, the value to keep out, or InvalidInput that names the field.
"""

import re
import unicodedata
from dataclasses import dataclass

from newsletter import inputs
from newsletter.errors import InvalidInput

LONGEST_ALT = 300
LONGEST_NAME = 120
"""Characters of the longest alternative text and the longest name."""

_NAME_OF_A_FILE = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|heic|svg|tiff?)", re.IGNORECASE)


@dataclass(frozen=True)
class ImageTexts:
    """The words about one image; `alt` is empty where it is only decoration."""

    name: str
    alt: str
    is_decorative: bool


def check(name: str, alt: str, *, is_decorative: bool, file_name: str = "") -> ImageTexts:
    """Return the words in one form; without a name the file's own is taken."""
    says = inputs.one_line(alt, field="alt", most=LONGEST_ALT)
    if is_decorative and says:
        raise InvalidInput(
            "What is only decoration has no alternative text. Empty the field, or take the tick "
            "away.",
            field="alt",
        )
    if not is_decorative and not says:
        raise InvalidInput(
            "Say what the image shows, for readers who do not see it, or tick that it is only "
            "decoration.",
            field="alt",
        )
    if _NAME_OF_A_FILE.fullmatch(says):
        raise InvalidInput(
            f"“{says[:40]}” is the name of a file. Say what the image shows.", field="alt"
        )
    line = inputs.one_line(name, field="name", most=LONGEST_NAME)
    called = line or _readable(file_name) or says[:LONGEST_NAME].strip() or "Image"
    return ImageTexts(called, says, is_decorative)


def _readable(file_name: str) -> str:
    """Return the name of a file as words, whatever system it comes from and whatever is in it."""
    last = re.split(r"[/\\]", file_name)[-1]
    stem = unicodedata.normalize("NFC", last.rpartition(".")[0] or last)
    shown = "".join(letter for letter in stem if letter.isprintable())
    return " ".join(shown.split()).strip(".")[:LONGEST_NAME].strip()
