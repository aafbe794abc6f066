"""What must not stand in a log: addresses, and the tokens of links.

Every line of ours hides them where it is written. This catches what slips
through: a database error with its parameters, an address in a relay's words.
"""

import logging
import re

from newsletter import addresses, links

# Generous on purpose: what looks like an address is hidden, be it one or not. Bounded,
# so that a long line without blanks takes no longer than others.
_MARKS = r"\s<>()\[\]{},;:\"'\\|/@%"
_ADDRESS = re.compile(rf"([^{_MARKS}]{{1,64}})(?:@|%40)([^{_MARKS}]{{1,255}})")

_TOKEN_PATHS = [
    re.escape(link.path.partition("{token}")[0])
    for link in (links.CONFIRM, links.UNSUBSCRIBE, links.PREFERENCES, links.SIGN_IN)
]
_TOKEN = re.compile(rf"({'|'.join(_TOKEN_PATHS)})[A-Za-z0-9_.%-]+")


def hide(text: str) -> str:
    """Return a text with its addresses as `a…@e….org` and without the tokens of its links."""
    if "/" in text:
        text = _TOKEN.sub(r"\1…", text)
    if "@" in text or "%40" in text:
        text = _ADDRESS.sub(_hidden, text)
    return text


class Hiding(logging.Filter):
    """Hides in every record of a handler; attach it to handlers, not to loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the hidden sentence in the place of the record's words and arguments."""
        try:
            sentence = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A line with wrong arguments is still a line.
            sentence = f"{record.msg} {record.args}"
        record.msg, record.args = hide(sentence), None
        return True


def _hidden(found: re.Match[str]) -> str:
    return addresses.hide(f"{found[1]}@{found[2]}")
