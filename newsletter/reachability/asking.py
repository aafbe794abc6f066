"""Asking one link, with as little as possible: HEAD, and GET where that is not understood."""

from dataclasses import replace

from newsletter.errors import FetchFailed
from newsletter.fetching.fetch import fetch
from newsletter.fetching.rules import Rules
from newsletter.fetching.troubles import Trouble
from newsletter.reachability.judging import Outcome

HEAD_SECONDS = 5.0
"""How long HEAD may take: what it does not tell in that time, GET does."""

# What a second call would not change.
_CERTAIN = frozenset({Trouble.NO_PUBLIC_HOST, Trouble.NO_NAMES, Trouble.ADDRESS, Trouble.OFF})


def ask(url: str, *, rules: Rules) -> Outcome:
    """Return what a link says; never raises for what the network does.

    Only a good answer to HEAD is believed: many sites refuse it, or answer it
    with a page that is not there. Of the page itself nothing is read.
    """
    hasty = replace(rules, seconds=min(HEAD_SECONDS, rules.seconds))
    outcome = _ask(url, "HEAD", hasty)
    is_good = outcome.status is not None and 200 <= outcome.status < 300
    if is_good or outcome.trouble in _CERTAIN:
        return outcome
    return _ask(url, "GET", rules)


def _ask(url: str, method: str, rules: Rules) -> Outcome:
    try:
        return Outcome(status=fetch(url, rules=rules, method=method, most_bytes=0).status)
    except FetchFailed as exc:
        return Outcome(trouble=exc.trouble)
