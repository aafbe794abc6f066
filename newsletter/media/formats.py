"""Which kinds of image come in and which go out, told by their first bytes alone.

Neither the name of a file nor what a browser says about it is looked at.
"""

import enum
from collections.abc import Mapping

from newsletter.errors import InvalidInput

FIELD = "image"
"""The field of a form that an image comes in; what is wrong with one is said beside it."""


class ImageFormat(enum.StrEnum):
    """What is stored and sent; the value is the ending of the file's name.

    Outlook shows no WebP and Gmail no SVG (STANDARDS H16).
    """

    JPEG = "jpg"
    PNG = "png"
    GIF = "gif"


CONTENT_TYPES: Mapping[ImageFormat, str] = {
    ImageFormat.JPEG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.GIF: "image/gif",
}


class Source(enum.StrEnum):
    """What is taken; the value is the decoder's name for it."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WEBP"


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_APPLE_AND_AV1 = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"avif", b"avis")

_LOOKED_AT = 1000
"""Bytes in which an SVG says what it is, after a declaration and a comment perhaps."""


def recognise(data: bytes) -> Source:
    """Return what kind of image the bytes begin like; raise InvalidInput with what to do."""
    if data.startswith(b"\xff\xd8\xff"):
        return Source.JPEG
    if data.startswith(PNG_SIGNATURE):
        return Source.PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Source.GIF
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Source.WEBP
    raise InvalidInput(_what_to_do(data), field=FIELD)


def _what_to_do(data: bytes) -> str:
    if not data:
        return "The file is empty. Choose another one."
    if b"<svg" in data[:_LOOKED_AT].replace(b"\0", b"").lower():
        return (
            "SVG images are not taken: most mail programs do not show them. "
            "Save it as PNG and add that."
        )
    if data[4:8] == b"ftyp" and data[8:12] in _APPLE_AND_AV1:
        return (
            "HEIC and AVIF images are not taken: most mail programs do not show them. "
            "Save it as JPEG and add that."
        )
    if data.startswith(b"%PDF"):
        return "This is a PDF document. Save the page as PNG or JPEG and add that."
    return "This is not an image that mail programs show. Choose a JPEG, PNG, GIF or WebP file."
