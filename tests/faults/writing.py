"""How bytes lie on the wire: answers in odd packets, and what a message must not have."""

import re

from tests.faults.plan import Form

GAPS = {Form.SINGLE_BYTES: 0.002, Form.SLOW_LINES: 0.1}
"""Seconds between the packets of an answer that comes slowly."""

LONGEST_LINE = 998
"""Letters of a line without its CRLF (RFC 5321 section 4.5.3.1.6)."""


def packets_of(answer: str, form: Form) -> list[bytes]:
    """Return an answer cut into what is written at once."""
    line = f"{answer}\r\n".encode()
    if form is Form.SINGLE_BYTES:
        return [line[index : index + 1] for index in range(len(line))]
    if form is Form.BARE_LF:
        return [line.replace(b"\r\n", b"\n")]
    code, words = answer[:3], answer[4:]
    lines = [f"{code}-{words}\r\n".encode(), f"{code}-and more\r\n".encode(), line]
    if form is Form.MULTILINE:
        return [b"".join(lines)]
    return lines if form is Form.SLOW_LINES else [line]


def blames_of(data: bytes) -> list[str]:
    """Return what is wrong with a message as it came, before its final dot (RFC 5321 2.3.8)."""
    blames = []
    if not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"):
        blames.append("a message has a bare CR or LF")
    if max(map(len, data.split(b"\r\n"))) > LONGEST_LINE:
        blames.append("a message has a line that is too long")
    if re.search(rb"(?:\A|\r\n)\.(?!\.)", data):
        blames.append("a dot at the beginning of a line stands alone")
    return blames
