"""What must not stand in a log: addresses, and the tokens of links.

Every line of ours hides them where it is written. This catches what slips
through: a database error with its parameters, an address in a relay's words.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from newsletter import addresses, links

# Generous on purpose: what looks like an address is hidden, be it one or not; a path before
# it goes with it, because a local part may have slashes. Bounded, so that a long line
# without blanks takes no longer than others.
_ENDS = r"\s<>()\[\],;:\"\\@%"
# Marks that a local part may have as well (RFC 5322 section 3.2.3). Around an address they are
# quotes and brackets more often, so it begins with one only if it has nothing else.
_RARE = r"{}'|"
_AT = r"(?:@|%(?:25)*40)"
_PERCENT = r"%(?!(?:25)*40)"
_LOCAL = rf"(?:[^{_ENDS}{_RARE}]|{_PERCENT})(?:[^{_ENDS}]|{_PERCENT}){{0,63}}+|[{_RARE}]{{1,64}}+"
_ADDRESS = re.compile(rf"({_LOCAL}){_AT}([^/{_ENDS}{_RARE}]{{1,255}})")

_SLASH = r"(?:/|%(?:25)*2[fF])"
_BEFORE_TOKENS = {
    link.path.partition("{token}")[0]
    for link in vars(links).values()
    if isinstance(link, links.Link) and "{token}" in link.path
}
_TOKEN_PATHS = "|".join(
    _SLASH.join(re.escape(part) for part in path.split("/"))
    # The longer one of two that begin alike stands first.
    for path in sorted(_BEFORE_TOKENS, key=len, reverse=True)
)
_TOKEN = re.compile(rf"({_TOKEN_PATHS})[A-Za-z0-9_.%-]+")
# Without its signature no token opens anything, wherever it stands and whatever was added.
_SIGNATURE = re.compile(r"\.[A-Za-z0-9_-]{43,}")


def hide(text: str) -> str:
    """Return a text with its addresses as `a…@e….org` and without the tokens of its links."""
    if "/" in text or "%" in text:
        text = _TOKEN.sub(r"\1…", text)
    if "." in text:
        text = _SIGNATURE.sub(".…", text)
    if "@" in text or "%" in text:
        text = _ADDRESS.sub(_hidden, text)
    return text


def hide_all(value: Any) -> Any:
    """Return a fact of a line with every text in it hidden, however deep it lies."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(str(name)): hide_all(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hide_all(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return hide(str(value))


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
