"""A body as it came over the wire, unpacked in pieces, and no further than it may grow."""

import zlib

from newsletter.fetching.wire import TooMuch

MOST_GROWTH = 100
"""How many times as large an unpacked body may be; text seldom grows twentyfold."""

FREE_GROWTH = 256 * 1024
"""Bytes that may come of anything: a small page of blanks is no bomb."""

_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class UnknownEncoding(Exception):
    """The body is packed in a way that was not asked for."""


class Unpacker:
    """Unpacks one body; made for the value of its Content-Encoding."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise UnknownEncoding
        self._stream = zlib.decompressobj(_ZLIB if self._encoding == "deflate" else _GZIP)
        self._taken = self._given = 0

    def unpack(self, piece: bytes, *, most: int) -> bytes:
        """Return what comes of the next piece, `most` bytes of it; raise TooMuch for a bomb."""
        if self._encoding in ("", "identity"):
            return piece[:most]
        first = self._taken == 0
        try:
            unpacked = self._stream.decompress(piece, most)
        except zlib.error:
            if not (first and self._encoding == "deflate"):
                raise
            # Half of the world took "deflate" for the bare algorithm (RFC 9110 section 8.4.1.2).
            self._stream = zlib.decompressobj(_BARE)
            unpacked = self._stream.decompress(piece, most)
        # What was not looked at for want of room did not grow.
        self._taken += len(piece) - len(self._stream.unconsumed_tail)
        self._given += len(unpacked)
        if self._given > max(FREE_GROWTH, MOST_GROWTH * self._taken):
            raise TooMuch
        return unpacked
