"""What may be asked, and how long it may take: for production said here, for tests by them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from newsletter.errors import FetchFailed
from newsletter.fetching import guard, names
from newsletter.fetching.guard import IpAddress
from newsletter.fetching.troubles import Trouble


@dataclass(frozen=True)
class Rules:
    """The bounds of one call; no request can change them.

    `lookup` is asked once for a name, with the seconds that it may take, and
    what it returns is what is connected to. `authorities` are trusted instead
    of the machine's own, if named.
    """

    seconds: float = 10
    redirects: int = 3
    ports: frozenset[int] = guard.WEB_PORTS
    may_connect: Callable[[IpAddress], bool] = guard.is_public
    lookup: Callable[[str, float], Sequence[IpAddress]] = names.lookup
    authorities: Path | None = None
    # What fails at once fails no sooner than this where a person waits: how long it takes tells
    # nobody what is inside our network.
    least_seconds: float = 1
    user_agent: str = "StayInformed"


def is_on() -> bool:
    """Tell whether this installation asks for pages at all."""
    return current_app.config["FETCH_RULES"] is not None


def of_installation() -> Rules:
    """Return the rules of this installation; raise FetchFailed if it asks for nothing."""
    rules: Rules | None = current_app.config["FETCH_RULES"]
    if rules is None:
        raise FetchFailed(
            "This installation does not look at pages elsewhere (FETCH is off).",
            trouble=Trouble.OFF,
        )
    return rules
