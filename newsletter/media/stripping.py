"""What in a file makes the image; all else is left out before a decoder sees it.

A decoder looks into cameras' notes as soon as it opens a file: nine megabytes of EXIF
can cost it gigabytes, and ten of comments minutes. What is not there costs nothing.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from newsletter.media.formats import PNG_SIGNATURE, Source

MOST_PARTS = 20_000
"""Segments of a JPEG, chunks of a PNG: an encoder that writes small ones needs some thousands."""

MOST_FRAMES = 150
"""Frames of a GIF that moves; of one with more, the first is taken."""

LONGEST_NOTES = 65_536
"""Bytes of a PNG's EXIF in which its orientation is looked for."""

_ORIENTATION = 0x0112
_START_OF_SCAN = 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
_NOTES = frozenset({*range(0xE0, 0xF0), 0xFE})

# What an application segment begins with that changes how the pixels are read.
_TELLING = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}

_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"sRGB", b"IDAT", b"IEND"})


class Damaged(ValueError):
    """The file is not built as its kind is."""


@dataclass(frozen=True)
class Stripped:
    """A file with its image only; `orientation` is how a camera was held (EXIF, 1 is upright).

    `frames` counts those of a GIF, as far as they matter; of a PNG that moves it says 2, and
    only the first one is in it.
    `scans` counts the passes over its pixels that a JPEG is built of.
    """

    data: bytes
    orientation: int = 1
    frames: int = 1
    scans: int = 1


def strip(data: bytes, source: Source) -> Stripped:
    """Return the file without what is not its image; raise Damaged if it is not built right."""
    try:
        return _WALKS[source](data)
    except (IndexError, struct.error) as exc:
        raise Damaged("It ends too early.") from exc


def orientation(exif: bytes) -> int:
    """Return the orientation that EXIF notes tell, and 1 (upright) where they tell none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        [start] = struct.unpack_from(f"{order}I", exif, 4)
        [entries] = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _jpeg(data: bytes) -> Stripped:
    kept, exif, at = [data[:2]], b"", 2
    for _ in range(MOST_PARTS):
        start, marker, length = struct.unpack_from(">BBH", data, at)
        if start != 0xFF:
            raise Damaged("There is no segment where one should be.")
        if marker == _START_OF_SCAN:
            kept.append(data[at:])
            # Inside of a scan, 0xFF is always followed by another byte.
            scans = data.count(bytes([0xFF, _START_OF_SCAN]), at)
            return Stripped(b"".join(kept), orientation=orientation(exif), scans=scans)
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        body = data[at + 4 : at + 2 + length]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body[6:]
        if marker not in _NOTES or _is_telling(marker, body):
            kept.append(data[at : at + 2 + length])
        at += 2 + max(length, 2)
    raise Damaged("It has too many segments.")


def _is_telling(marker: int, body: bytes) -> bool:
    return marker in _TELLING and body.startswith(_TELLING[marker])


def _png(data: bytes) -> Stripped:
    kept, exif, frames, at = [PNG_SIGNATURE], b"", 1, len(PNG_SIGNATURE)
    for _ in range(MOST_PARTS):
        length, name = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        if len(chunk) < 12 + length:
            raise Damaged("It ends too early.")
        if name in _PNG_CHUNKS:
            kept.append(chunk)
        if name == b"eXIf" and length <= LONGEST_NOTES:
            exif = chunk[8:-4]
        if name == b"acTL":
            frames = 2
        if name == b"IEND":
            return Stripped(b"".join(kept), orientation=orientation(exif), frames=frames)
        at += 12 + length
    raise Damaged("It has too many chunks.")


def _gif(data: bytes) -> Stripped:
    at = 13 + _length_of_colours(data[10])
    kept, frames, with_first = [data[:at]], 0, 0
    while data[at : at + 1] not in (b";", b""):
        is_extension = data[at] == 0x21
        end = _end_of_blocks(data, at + 2) if is_extension else _end_of_frame(data, at)
        if not is_extension or _says_how_to_move(data[at:end]):
            kept.append(data[at:end])
        if not is_extension:
            frames += 1
            with_first = with_first or len(kept)
        if frames > MOST_FRAMES:
            return Stripped(b"".join([*kept[:with_first], b";"]), frames=frames)
        if len(kept) > MOST_PARTS:
            raise Damaged("It has too much beside its frames.")
        at = end
    if not frames:
        raise Damaged("There is no frame in it.")
    return Stripped(b"".join([*kept, b";"]), frames=frames)


def _length_of_colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_frame(data: bytes, at: int) -> int:
    mark, left, top, width, height, flags = struct.unpack_from("<BHHHHB", data, at)
    if mark != 0x2C:
        raise Damaged("There is no frame where one should be.")
    screen = struct.unpack_from("<HH", data, 6)
    # A decoder would make the whole image as large as its largest frame.
    if left + width > screen[0] or top + height > screen[1]:
        raise Damaged("A frame lies outside of the image.")
    return _end_of_blocks(data, at + 11 + _length_of_colours(flags))


def _end_of_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


def _says_how_to_move(extension: bytes) -> bool:
    """Tell whether it is a frame's delay and transparency, or how often all is shown."""
    is_delay = len(extension) == 8 and extension[1:3] == b"\xf9\x04"
    return is_delay or len(extension) == 19 and extension[1:14] == b"\xff\x0bNETSCAPE2.0"


def _webp(data: bytes) -> Stripped:
    # Its decoder reads no notes; the orientation is in one of the last chunks, if anywhere.
    at = 12
    for _ in range(MOST_PARTS):
        if len(data) < at + 8:
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF" and length <= LONGEST_NOTES:
            exif = data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0")
            return Stripped(data, orientation=orientation(exif))
        at += 8 + length + length % 2
    return Stripped(data)


_WALKS: Mapping[Source, Callable[[bytes], Stripped]] = {
    Source.JPEG: _jpeg,
    Source.PNG: _png,
    Source.GIF: _gif,
    Source.WEBP: _webp,
}
