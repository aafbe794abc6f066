"""What an outcome on the wire means for the row: pure decisions."""

from datetime import datetime

from newsletter.delivery import backoff
from newsletter.delivery.ledger import Answer, Mark
from newsletter.delivery.models import DeliveryState
from newsletter.mail.replies import Kind, Outcome, Phase

TOO_LARGE = "5.3.4"
"""The message is too large for the relay: true of every recipient (STANDARDS 5.4)."""

_STATES = {
    Kind.SENT: DeliveryState.SENT,
    Kind.REFUSED: DeliveryState.FAILED,
    Kind.UNCERTAIN: DeliveryState.UNCERTAIN,
}


def answer_to(outcome: Outcome, mark: Mark, *, is_marked: bool, now: datetime) -> Answer:
    """Return what is to be written about one attempt.

    `is_marked` tells whether the row was in flight; a relay that refuses at
    RCPT answers before that. Deferred rows wait by STANDARDS 5.4, until they
    are given up.
    """
    answer = Answer(
        mark.lease,
        mark.delivery_id,
        _STATES.get(outcome.kind, DeliveryState.WAITING),
        attempt=mark.attempt,
        is_marked=is_marked,
        code=outcome.code,
        status=outcome.status,
        reason=outcome.text,
        date=mark.date,
        values=mark.values,
    )
    if why_it_is_us(outcome):
        # It goes on when a person has mended the cause, so no attempt is charged.
        attempt = mark.attempt if is_marked else 0
        return answer._replace(state=DeliveryState.WAITING, attempt=attempt)
    if outcome.kind is not Kind.DEFERRED:
        return answer
    due_at = backoff.next_attempt(
        mark.attempt, first_attempt_at=mark.date, delivery_id=mark.delivery_id, now=now
    )
    if due_at is None:
        return answer._replace(
            state=DeliveryState.FAILED,
            reason=f"Given up after {mark.attempt} attempts. {outcome.text}",
        )
    return answer._replace(due_at=due_at)


def after_loss(mark: Mark, *, is_marked: bool, now: datetime) -> Answer:
    """Return what is to be written when a connection broke over this message before its dot."""
    answer = Answer(
        mark.lease,
        mark.delivery_id,
        DeliveryState.WAITING,
        attempt=mark.attempt if is_marked else 0,
        is_marked=is_marked,
        is_undone=is_marked,
        date=mark.date,
        values=mark.values,
    )
    due_at = backoff.after_lost_connection(first_attempt_at=mark.date, now=now)
    if due_at is None:
        return answer._replace(
            state=DeliveryState.FAILED,
            is_undone=False,
            reason="Given up: the connection to the relay broke each time.",
        )
    return answer._replace(due_at=due_at)


def taken_back(mark: Mark, *, now: datetime) -> Answer:
    """Return what is to be written when a mark was asked for, and then no dot was written.

    Whether the mark was committed may be unknown: if it was not, the answer meets no row.
    """
    return Answer(
        mark.lease,
        mark.delivery_id,
        DeliveryState.WAITING,
        attempt=mark.attempt,
        is_marked=True,
        is_undone=True,
        due_at=now,
    )


def why_it_is_us(outcome: Outcome) -> str:
    """Return why every recipient would get the same answer, so that the issue must pause.

    Nothing for an answer that is about the recipient.
    """
    if outcome.kind is not Kind.REFUSED:
        return ""
    if outcome.status == TOO_LARGE:
        return f"The relay does not take a message as large as this one: {outcome.text}"
    if outcome.phase is Phase.MAIL:
        said = " ".join(filter(None, (str(outcome.code), outcome.status, outcome.text)))
        return f"The relay does not take mail from this sender: {said}"
    return ""
