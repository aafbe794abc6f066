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
from newsletter.extensions import db, reading
from newsletter.issues import composing
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

    Looks at one run, or at all. It counts in a transaction that locks nobody
    out, so whatever the caller did before must be committed. Doing it twice,
    or in two processes, is harmless.
    """
    with reading():
        held = {
            name: standing.held_for
            for name, standing in standings.troubled(now=now).items()
            if standing.is_held(now=now)
        }
        reasons = {
            send.issue_id: standings.why_two(held) or _why_pause(send)
            for send in waiting.sends_being_sent()
            if send_id in (None, send.id)
        }
    return [
        number
        for number, reason in reasons.items()
        if reason and alarms.pause_and_tell(composing.find_issue(number), reason, now=now)
    ]


def _why_pause(send: Send) -> str:
    """Return why this run must pause, or nothing; counts no further than it has to."""
    bounces, faults = _count_failed(send)
    for breaker, met in (
        (BOUNCES, bounces),
        (FAULTS, faults),
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


def _count_failed(send: Send) -> tuple[int, int]:
    """Return how many addresses do not exist, and how many messages could not be made."""
    does_not_exist = (
        Delivery.reply_status.startswith("5.1.")
        | (Delivery.reply_status == "5.4.4")
        | (Delivery.reply_status == "") & Delivery.reply_code.in_(NO_SUCH_MAILBOX)
    )
    row = db.session.execute(
        sa.select(_count(does_not_exist), _count(Delivery.reason.startswith(NOT_MADE))).where(
            *_ended(send), Delivery.state == DeliveryState.FAILED
        )
    ).one()
    return int(row[0]), int(row[1])


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _count_complaints(send: Send) -> int:
    got_it = sa.exists().where(
        Delivery.send_id == send.id,
        Delivery.subscriber_id == Subscriber.id,
        Delivery.state == DeliveryState.SENT,
    )
    question = (
        sa.select(sa.func.count())
        .select_from(Suppression)
        .join(Subscriber, Subscriber.address_hmac == Suppression.address_hmac)
        .where(
            Suppression.reason == SuppressionReason.COMPLAINT,
            Suppression.since >= (send.resumed_at or send.planned_at),
            got_it,
        )
    )
    return db.session.scalar(question) or 0
