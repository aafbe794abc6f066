"""An uploaded image made anew: turned upright, scaled down, its colours plain, nothing else in it.

Pure functions: bytes in, other bytes out, or InvalidInput with what to do. What comes out was
written by our encoder from pixels alone, so no place, name, script or second file is left in it.
"""

import hashlib
import math
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageFile

from newsletter.errors import InvalidInput
from newsletter.media import animation, formats, stripping
from newsletter.media.formats import FIELD, ImageFormat, Source
from newsletter.media.stripping import Stripped

LARGEST_UPLOAD = 10 * 1024 * 1024
"""Bytes of the largest file that is taken."""

MOST_PIXELS = 24_000_000
"""Pixels of the largest image that is decoded: a hundred megabytes, and half as much beside."""

MOST_PIXELS_OF_A_PHOTO = 40_000_000
"""The same of a JPEG, which is decoded at a half, a quarter or an eighth of its size."""

MOST_WORK = 1_000_000_000
"""Pixels times passes over them, of a JPEG that is built of many; encoders write about ten."""

BOX = (1200, 3400)
"""Pixels that an image may be wide and high afterwards.

A mail is 600 wide and a good screen has two pixels for one. Outlook cuts off what is shown higher
than 1,728.
"""

LARGEST = 1_000_000
"""Bytes of the largest image that goes out (STANDARDS H16)."""

JPEG_QUALITIES = (85, 75, 65, 55)
"""Tried in this order until the image is small enough."""

LARGEST_PROFILE = 3 * 1024 * 1024
"""Bytes of the largest colour profile that is looked at."""

# One at a time in a process: a large one takes as much memory as the rest of the process.
_turn = threading.Lock()

_SRGB = ImageCms.createProfile("sRGB")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns an image upright, by the orientation that its EXIF notes tell."""

# What decoders raise on bytes that are not what they should be.
_UNREADABLE = (
    ArithmeticError,
    # Pillow takes for granted that who counts colours has some.
    AssertionError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_TOO_MUCH = (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True)
class CleanImage:
    """An image that may be stored and sent; `was_stilled` if it moved and does not any more."""

    data: bytes
    format: ImageFormat
    width: int
    height: int
    was_stilled: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes: who has not seen the image cannot guess it."""
        return hashlib.sha256(self.data).hexdigest()


def clean(data: bytes) -> CleanImage:
    """Return the image made anew; raise InvalidInput if it cannot be taken, with what to do."""
    if len(data) > LARGEST_UPLOAD:
        raise _refusal(
            f"The file has {math.ceil(len(data) * 10 / 1024 / 1024) / 10} MB; it may have "
            f"{LARGEST_UPLOAD // 1024 // 1024}. Make the image smaller, or save it as JPEG."
        )
    source = formats.recognise(data)
    try:
        with _turn:
            return _made_anew(stripping.strip(data, source), source)
    except _TOO_MUCH as exc:
        raise _too_many_pixels(source) from exc
    except _UNREADABLE as exc:
        raise _refusal(
            "The file is damaged, or not what it seems. Open the image in a program, save it "
            "again as JPEG or PNG, and add the new file."
        ) from exc


def _made_anew(stripped: Stripped, source: Source) -> CleanImage:
    with Image.open(BytesIO(stripped.data), formats=[source.value]) as image:
        _check_size(image, stripped.scans)
        if source is Source.GIF and stripped.frames > 1:
            moving = _moving(image, stripped.frames)
            if moving:
                return moving
        still = _scaled(image, stripped.orientation)
        was_stilled = stripped.frames > 1 or getattr(image, "is_animated", False)
    for form, written in _attempts(still, source):
        if len(written) <= LARGEST:
            return CleanImage(written, form, *still.size, was_stilled=was_stilled)
    raise _refusal(
        "The image is larger than 1 MB even after everything that makes it smaller. "
        "Save it as JPEG, or with fewer details, and add that."
    )


def _check_size(image: ImageFile.ImageFile, scans: int) -> None:
    """Refuse what would cost too much, before a pixel is decoded (STANDARDS XE10)."""
    pixels = image.width * image.height
    if not 0 < pixels <= _most_pixels(image.format):
        raise _too_many_pixels(image.format)
    if pixels * scans > MOST_WORK:
        raise stripping.Damaged("It is built of too many passes.")


def _moving(image: ImageFile.ImageFile, frames: int) -> CleanImage | None:
    """Return an animation as one, or None if it is too large for a mail."""
    if (
        frames > stripping.MOST_FRAMES
        or frames * image.width * image.height > animation.MOST_PIXELS
    ):
        return None
    written, size = animation.rewrite(image)
    if len(written) > LARGEST:
        image.seek(0)
        return None
    return CleanImage(written, ImageFormat.GIF, *size)


def _scaled(image: ImageFile.ImageFile, orientation: int) -> Image.Image:
    """Return the pixels as L, RGB or RGBA: upright, no larger than BOX, in plain colours."""
    profile = image.info.get("icc_profile")
    box = BOX if orientation < 5 else BOX[::-1]
    whole = _with_plain_values(image)
    whole.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
    # What was small enough has not been decoded yet.
    whole.load()
    coloured = _in_srgb(whole, profile)
    if orientation in _UPRIGHT:
        coloured = coloured.transpose(_UPRIGHT[orientation])
    # Encoders write into the new file what stands here.
    coloured.info = {}
    return coloured


def _with_plain_values(image: ImageFile.ImageFile) -> Image.Image:
    """Return the image with a byte for each value: grey, coloured, see-through, or for printing."""
    if image.mode.startswith("I"):
        # Sixteen bits of grey would be cut off, not divided.
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in the colours that a mail program assumes, as no profile goes along."""
    seen_through = image.getchannel("A") if image.mode == "RGBA" else None
    plain = image if image.mode == "L" else _converted(image, profile)
    if seen_through is not None and seen_through.getextrema() != (255, 255):
        plain.putalpha(seen_through)
    return plain


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    without_alpha = image.convert("RGB") if image.mode == "RGBA" else image
    if profile and len(profile) <= LARGEST_PROFILE:
        try:
            known = ImageCms.ImageCmsProfile(BytesIO(profile))
            changed = ImageCms.profileToProfile(without_alpha, known, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, *_UNREADABLE):
            # A profile that cannot be read, or is not one of this kind of image, changes nothing.
            changed = None
        if changed is not None:
            return changed
    return without_alpha.convert("RGB")


def _attempts(image: Image.Image, source: Source) -> Iterator[tuple[ImageFormat, bytes]]:
    """Give the image as files, the best first; what is drawn stays without loss if it can."""
    if image.mode == "RGBA" or source in (Source.PNG, Source.GIF):
        yield ImageFormat.PNG, _written(image, "PNG")
    if image.mode == "RGBA":
        few = image.quantize(256, method=Image.Quantize.FASTOCTREE)
        yield ImageFormat.PNG, _written(few, "PNG")
        return
    for quality in JPEG_QUALITIES:
        yield (
            ImageFormat.JPEG,
            _written(image, "JPEG", quality=quality, optimize=True, progressive=True),
        )


def _written(image: Image.Image, form: str, **how: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def _most_pixels(source: str | None) -> int:
    return MOST_PIXELS_OF_A_PHOTO if source == Source.JPEG else MOST_PIXELS


def _too_many_pixels(source: str | None) -> InvalidInput:
    return _refusal(
        f"The image has more than {_most_pixels(source) // 1_000_000} million pixels, or none. "
        f"Make it smaller: {BOX[0]} pixels wide is enough for a mail."
    )


def _refusal(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=FIELD)
