"""Which windows of this browser the server took words of: what these kept for themselves can go."""

from flask import session

KEY = "taken"
"""Where the cookie has their names, until a page of the composer tells its script."""

MOST = 10
"""Names that are remembered; a window that is forgotten offers its words once more."""


def note_taken(window: str) -> None:
    """Note that everything a window sent is saved."""
    if window:
        session[KEY] = [*session.get(KEY, []), window][-MOST:]


def tell() -> list[str]:
    """Return the names of these windows, each once."""
    taken: list[str] = session.pop(KEY, [])
    return taken
