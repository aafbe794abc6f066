"""Image files for tests, made on the spot: harmless ones, and those of somebody who means ill."""

import os
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from PIL import Image

SECRET = b"48.2082N 16.3738E <script>alert(1)</script>"
"""What must not be in an image that goes out: a place, a script."""


def picture(width: int = 300, height: int = 200, colour: str = "teal") -> Image.Image:
    """A plain image whose upper left corner is white."""
    image = Image.new("RGB", (width, height), colour)
    image.paste("white", (0, 0, max(1, width // 2), max(1, height // 2)))
    return image


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """An image that no encoder makes small."""
    return Image.frombytes(mode, (width, height), os.urandom(width * height * len(mode)))


def saved(image: Image.Image, form: str, **how: Any) -> bytes:
    """The image as a file."""
    file = BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def jpeg(**how: Any) -> bytes:
    """A small JPEG."""
    return saved(picture(), "JPEG", **how)


def png(**how: Any) -> bytes:
    """A small PNG."""
    return saved(picture(), "PNG", **how)


def moving_gif(
    frames: int = 3, *, width: int = 60, height: int = 40, is_noise: bool = False
) -> bytes:
    """A GIF that moves."""
    drawn = [
        noise(width, height) if is_noise else picture(width, height, f"#{number * 9 % 256:02x}2040")
        for number in range(frames)
    ]
    return saved(
        drawn[0], "GIF", save_all=True, append_images=drawn[1:], duration=80, loop=0, comment=SECRET
    )


def exif(orientation: int = 1, *, order: str = "<") -> bytes:
    """Notes of a camera: how it was held, and where it was."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = [
        struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0),
        struct.pack(f"{order}HHII", 0x010E, 2, len(SECRET), 100),
    ]
    start = mark + struct.pack(f"{order}IH", 8, len(entries))
    return b"Exif\0\0" + (start + b"".join(entries) + bytes(4)).ljust(100, b"\0") + SECRET


def with_segment(data: bytes, marker: int, body: bytes, *, times: int = 1) -> bytes:
    """A JPEG with another segment before all others."""
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return data[:2] + segment * times + data[2:]


def without_jfif(data: bytes) -> bytes:
    """A JPEG without its first segment: a decoder then looks for its density in the notes."""
    [length] = struct.unpack_from(">H", data, 4)
    return data[:2] + data[4 + length :]


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(data: bytes, name: bytes, body: bytes, *, times: int = 1) -> bytes:
    """A PNG with another chunk behind its header."""
    header = 8 + 12 + 13
    return data[:header] + chunk(name, body) * times + data[header:]


def png_bomb(width: int = 65_535, height: int = 65_535) -> bytes:
    """A PNG of a few thousand bytes that would take gigabytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*part) for part in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def notes_bomb() -> bytes:
    """A JPEG whose notes refer to themselves, 60,000 times five megabytes each."""
    entries, blob = 60_000, 9_000_000
    ifd = b"II*\0" + struct.pack("<IH", 8, entries)
    ifd += b"".join(
        struct.pack("<HHII", 1000 + number, 7, blob // 2, 900_000) for number in range(entries)
    )
    notes = ifd.ljust(blob, b"x")
    data = without_jfif(jpeg())
    for start in reversed(range(0, blob, 65_000)):
        data = with_segment(data, 0xE1, b"Exif\0\0" + notes[start : start + 65_000])
    return data


def segments(data: bytes) -> Iterator[int]:
    """The markers of a JPEG, up to the first scan."""
    at = 2
    while True:
        yield data[at + 1]
        if data[at + 1] == 0xDA:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def chunks(data: bytes) -> Iterator[bytes]:
    """The names of a PNG's chunks."""
    at = 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name
        at += 12 + length


def opened(data: bytes) -> Image.Image:
    """The image in a file."""
    image = Image.open(BytesIO(data))
    image.load()
    return image
