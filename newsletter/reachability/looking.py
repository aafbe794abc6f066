"""The clock's work: ask what is due, a few seconds at a time, and no host twice in a second."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from newsletter.reachability import asking, claims, domains
from newsletter.reachability.records import Texts

BOX = 5.0
"""Seconds of one run; what is being asked then is asked to its end."""

PAUSE = 1.0
"""Seconds in which one host is asked once."""

BREATH = 0.1
"""Seconds to wait where every link that is due is of a host that rests."""


def look(*, rules: Rules, texts: Callable[[], Texts], now: datetime) -> int:
    """Ask the domains and links that are due, until the time is used up; return how many.

    It commits around every question, so that no transaction waits for the network. `texts`
    makes what asks the DNS, once for each domain.
    """
    started = time.monotonic()
    asked = 0
    rest_until: dict[str, float] = {}
    db.session.commit()
    while (passed := time.monotonic() - started) < BOX:
        moment = now + timedelta(seconds=passed)
        if domains.look_at_next(texts(), now=moment):
            asked += 1
            continue
        resting = [host for host, until in rest_until.items() if until > time.monotonic()]
        host = _look_at_link(rules, resting, now=moment)
        if host:
            rest_until[host] = time.monotonic() + PAUSE
            asked += 1
        elif resting and claims.due(now=moment) is not None:
            time.sleep(BREATH)
        else:
            break
    return asked


def _look_at_link(rules: Rules, resting: list[str], *, now: datetime) -> str:
    """Ask the next link that is due, and return its host; nothing if there is none."""
    link_id = claims.due(now=now, resting=resting)
    claim = claims.take(link_id, now=now) if link_id is not None else None
    if claim is None:
        return ""
    begun = time.monotonic()
    outcome = asking.ask(claim.url, rules=rules)
    claims.note_outcome(claim, outcome, now=now + timedelta(seconds=time.monotonic() - begun))
    return claim.host
