"""When an issue has to stop and ask a person: judged by what its recipients' servers said.

Only what came since the issue began, or since a person resumed it, is judged,
so that nobody has to resume twice for the same numbers (STANDARDS P06, P07, XC07).
"""

import math
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import alarms, waiting
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.delivery.pacing import standings
from newsletter.extensions import db
from newsletter.subscriptions.models import Subscriber, Suppression, SuppressionReason

LEAST = 500
"""Outcomes before which percentages mean nothing (DESIGN section 4)."""

OUTCOMES = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN)
"""The states in which a message was tried and came to an end."""

NO_SUCH_MAILBOX = (550, 551, 553)
"""Codes that say so where a server gives no enhanced status (RFC 5321 section 4.2.3)."""


NOT_MADE = "The message could not be made"
"""How the reason begins when a person's values could not be put into the message."""


@dataclass(frozen=True)
class Breaker:
    """The share of the outcomes, in percent, beyond which an issue pauses, and its sentence."""

    percent: float
    sentence: str

    def judge(self, met: int, outcomes: int) -> str:
        """Return why the issue must pause, with the numbers; nothing if it need not."""
        if outcomes < LEAST or met * 100 <= self.percent * outcomes:
            return ""
        limit = f"{met * 100 / outcomes:.1f} %, and the limit is {self.percent:g} %"
        return self.sentence.format(met=met, outcomes=outcomes, limit=limit)

    def enough(self, met: int) -> int:
        """Return a number of outcomes at which `met` is too few to pause for."""
        return max(LEAST, math.ceil(met * 100 / self.percent))


BOUNCES = Breaker(
    5,
    "{met} of {outcomes} messages went to addresses that do not exist: {limit}. "
    "Find out where these readers came from before you resume.",
)
COMPLAINTS = Breaker(
    0.2,
    "{met} of {outcomes} readers reported the issue as unwanted: {limit}. "
    "Find out why before you resume.",
)
FAULTS = Breaker(
    1,
    "{met} of {outcomes} messages could not be made: {limit}. "
    "Look at the merge fields and at the reasons in the report before you resume.",
)


def examine(send_id: int | None = None, *, now: datetime) -> list[int]:
    """Pause the issues being sent that met too much, and tell the editors; return their numbers.

    Looks at one run, or at all. Part of the caller's transaction; doing it
    twice, or in two processes, is harmless.
    """
    held = {
        name: standing.held_for
        for name, standing in standings.troubled(now=now).items()
        if standing.is_held(now=now)
    }
    paused: list[int] = []
    for send in waiting.sends_being_sent():
        if send_id not in (None, send.id):
            continue
        reason = standings.why_two(held) or _why_pause(send)
        if reason and alarms.pause_and_tell(send.issue, reason, now=now):
            paused.append(send.issue_id)
    return paused


def _why_pause(send: Send) -> str:
    """Return why this run must pause, or nothing; counts no further than it has to."""
    for breaker, met in (
        (BOUNCES, _count_bounces(send)),
        (FAULTS, _count_faults(send)),
        (COMPLAINTS, _count_complaints(send)),
    ):
        if met * 100 <= breaker.percent * LEAST:
            continue
        reason = breaker.judge(met, _count_outcomes(send, most=breaker.enough(met)))
        if reason:
            return reason
    return ""


def _ended(send: Send) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for what ended since the run began or was resumed."""
    # What is final has no due time: so it is one range of an index.
    conditions = [Delivery.send_id == send.id, Delivery.due_at.is_(None)]
    if send.resumed_at is None:
        return [*conditions, Delivery.finished_at.is_not(None)]
    return [*conditions, Delivery.finished_at > send.resumed_at]


def _count_outcomes(send: Send, *, most: int) -> int:
    counted = (
        sa.select(Delivery.state).where(*_ended(send), Delivery.state.in_(OUTCOMES)).limit(most)
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted.subquery())) or 0


def _count_bounces(send: Send) -> int:
    """Count the addresses that do not exist: 5.1.x and 5.4.4, or a bare code that says so."""
    is_bare = (Delivery.reply_status == "") & Delivery.reply_code.in_(NO_SUCH_MAILBOX)
    return _count_failed(
        send,
        Delivery.reply_status.startswith("5.1.") | (Delivery.reply_status == "5.4.4") | is_bare,
    )


def _count_faults(send: Send) -> int:
    return _count_failed(send, Delivery.reason.startswith(NOT_MADE))


def _count_failed(send: Send, which: sa.ColumnElement[bool]) -> int:
    question = (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(*_ended(send), Delivery.state == DeliveryState.FAILED, which)
    )
    return db.session.scalar(question) or 0


def _count_complaints(send: Send) -> int:
    question = (
        sa.select(sa.func.count())
        .select_from(Suppression)
        .join(Subscriber, Subscriber.address_hmac == Suppression.address_hmac)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(
            Suppression.reason == SuppressionReason.COMPLAINT,
            Suppression.since >= (send.resumed_at or send.planned_at),
            Delivery.send_id == send.id,
            Delivery.state == DeliveryState.SENT,
        )
    )
    return db.session.scalar(question) or 0
