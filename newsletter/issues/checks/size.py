"""How large an issue is for the reader with the longest values (STANDARDS P08, H20).

A large one is never stopped: programs that cut it off show a link to the rest, and the way
out stands at its beginning, too. What relays refuse is.
"""

from collections.abc import Iterator

from newsletter.issues.checks.facts import Facts, Message
from newsletter.issues.checks.findings import Finding, Level

LARGE_HTML = 90_000
"""Bytes of HTML at which a mail comes near being cut off, which is done after 102,400 or less."""

LARGE_ENCODED = 100_000
"""The same on the wire, where letters beyond ASCII are longer: some programs count there."""

HEAVY = 150_000
"""Bytes of a whole message that are slow on a poor line."""

REFUSED = 10_000_000
"""Bytes of a whole message that many relays refuse."""

STEP = 10_000
"""A waiver holds until the mail has grown by so many bytes more."""


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the size of each edition."""
    for message in facts.messages:
        yield from _html(message)
        yield from _all(message)


def _html(message: Message) -> Iterator[Finding]:
    octets = len(message.html.encode())
    if octets > LARGE_HTML or message.html_bytes > LARGE_ENCODED:
        most = max(octets, message.html_bytes)
        yield _finding(
            Level.WARN,
            "large",
            f"The HTML part has {most:,} bytes.",
            "Some programs cut off a mail after about 100,000 bytes, and show a link to the rest. "
            "Leave something out.",
            message,
            most,
        )


def _all(message: Message) -> Iterator[Finding]:
    if message.all_bytes > REFUSED:
        yield _finding(
            Level.STOP,
            "too-large",
            f"The message has {message.all_bytes:,} bytes.",
            f"Relays refuse more than about {REFUSED:,}. Leave something out.",
            message,
            message.all_bytes,
        )
    elif message.all_bytes > HEAVY:
        yield _finding(
            Level.WARN,
            "heavy",
            f"The message has {message.all_bytes:,} bytes with both parts.",
            f"More than {HEAVY:,} are slow on a poor line. Leave something out.",
            message,
            message.all_bytes,
        )


def _finding(
    level: Level, code: str, sentence: str, why: str, message: Message, octets: int
) -> Finding:
    about = str(octets // STEP * STEP)
    return Finding(level, code, sentence, why, "blocks", message.language, about)
