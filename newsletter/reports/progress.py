"""How an issue gets on: how far, how fast, how much longer, and who takes nothing for now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery import drafting, waiting
from newsletter.delivery.models import DeliveryState, Provider, Send
from newsletter.extensions import db
from newsletter.issues.models import IssueState
from newsletter.reports import settled
from newsletter.reports.numbers import Report, find_send, get_issue, tally

RECENT = timedelta(seconds=30)
"""The time over which the rate is measured: long enough to be calm, short enough to be true."""

LARGE = 200_000
"""Recipients from which on only what is new is counted for who looks every two seconds."""

ENDED = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SUPPRESSED)
"""The ends that bring an issue nearer to its own."""


@dataclass(frozen=True)
class Progress:
    """How far an issue is; `rate` is messages a second, `deferred` wait for a later try.

    While its audience is being frozen, `gathered` is how many readers it has so far.
    """

    numbers: Report
    rate: float = 0.0
    deferred: int = 0
    gathered: int | None = None

    @property
    def share(self) -> float:
        """The part that is final, from 0 to 1."""
        return self.numbers.final / self.numbers.planned if self.numbers.planned else 0.0

    @property
    def left(self) -> timedelta | None:
        """How much longer at this rate, for all that does not wait for a later try."""
        open_now = self.numbers.planned - self.numbers.final - self.deferred
        if not self.rate or open_now <= 0:
            return None
        return timedelta(seconds=open_now / self.rate)


def progress_of(issue_id: int, *, now: datetime, is_watched: bool = False) -> Progress:
    """Return how an issue gets on; raise NotFound.

    `is_watched` is for who asks again and again: a large run is not counted anew each time.
    """
    issue = get_issue(issue_id)
    send = find_send(issue_id)
    if send is None:
        may_be_planned = issue.state is IssueState.SCHEDULED
        gathered = drafting.gathered(issue_id, now=now) if may_be_planned else None
        return Progress(Report(), gathered=gathered)
    counts_new = is_watched and send.planned >= LARGE
    return Progress(
        numbers=settled.tally(send, now=now) if counts_new else tally(send.id),
        rate=rate(send, ENDED, over=RECENT, now=now),
        deferred=waiting.deferred(send, now=now),
    )


def rate(send: Send, states: Sequence[DeliveryState], *, over: timedelta, now: datetime) -> float:
    """Return how many rows a second came to one of these ends, over the last time or less.

    It is less for a run that began, or was let go on, only just.
    """
    began = max(waiting.waits_since(send), now - over)
    seconds = max((now - began).total_seconds(), 1.0)
    return waiting.ended_since(send, now - timedelta(seconds=seconds), *states) / seconds


def in_words(left: timedelta) -> str:
    """Return a rest of time as a person would say it: “about 12 minutes”."""
    seconds = left.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = round(seconds / length)
        if seconds >= 1.5 * length or (count and unit == "minute"):
            return f"about {count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def held_providers(*, now: datetime, most: int = 10) -> Sequence[Provider]:
    """Return the providers that nothing is sent to for a while, the latest trouble first."""
    return db.session.scalars(
        sa.select(Provider)
        .where(Provider.held_until > now)
        .order_by(Provider.last_trouble_at.desc(), Provider.name)
        .limit(most)
    ).all()
