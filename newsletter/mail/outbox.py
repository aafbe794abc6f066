"""The outbox: transactional mail that waits in the database until the relay has it.

A mail is queued in the transaction of what caused it, and leaves within
seconds. An acknowledgement that was missed means one more attempt: a second
confirmation mail is harmless, none is not (STANDARDS 5.2 clause 5).
"""

import base64
import hashlib
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from jinja2 import TemplateError

from newsletter import addresses
from newsletter.errors import ConnectionLost, InvalidInput, SenderFault
from newsletter.extensions import db
from newsletter.limits import NEVER
from newsletter.mail import claims, dkim, retrying, texts
from newsletter.mail.claims import Claim
from newsletter.mail.message import Mailbox, boundary_for, message_id, to_bytes
from newsletter.mail.models import OutboxMessage, OutboxState
from newsletter.mail.smtp import Connection, Kind, Outcome, relay_settings
from newsletter.statements import Statement, run

log = logging.getLogger(__name__)

MESSAGE = "message"
"""The kind of a mail that is queued as bytes and has no templates."""

MOST_ATTEMPTS = 60
"""How often one mail is tried, whatever the reason (STANDARDS 5.4)."""


def enqueue(
    kind: str,
    *,
    to: str,
    language: str,
    sender: Mailbox,
    facts: Mapping[str, Any],
    now: datetime,
    due_at: datetime | None = None,
) -> int:
    """Queue one mail as part of the caller's transaction, to leave at `due_at`; return its number.

    `kind` names its templates, `facts` are what they need: strings, numbers
    and lists. A fact `expires_at`, an ISO time, is when the mail's link is
    dead: after that it is not sent any more. Another, `happened_at`, is when its cause
    happened, if that was before `now`.
    """
    row = run(
        _ENQUEUE,
        kind=kind,
        recipient=to,
        language=language,
        sender_name=sender.name,
        sender_address=sender.address,
        facts=json.dumps(dict(facts)),
        now=now,
        due=due_at or now,
    )
    number: int = row.one()[0]
    return number


_ENQUEUE = Statement(
    """INSERT INTO outbox_message
        (state, kind, recipient, language, sender_name, sender_address, facts, created_at, due_at,
         attempts, reason)
    VALUES ('waiting', :kind, :recipient, :language, :sender_name, :sender_address, :facts, :now,
        :due, 0, '')
    RETURNING id""",
    times=("now", "due"),
)


def enqueue_message(data: bytes, *, to: str, sender: Mailbox, now: datetime) -> int:
    """Queue a whole message as it stands, as part of the caller's transaction.

    For mail that has no templates of its own: the test of an issue, which is
    signed already as an issue is.
    """
    facts = {"message": base64.b64encode(data).decode("ascii")}
    return enqueue(MESSAGE, to=to, language="", sender=sender, facts=facts, now=now)


def withdraw(recipients: Collection[str]) -> None:
    """Delete, unsent, what waits for these addresses; part of the caller's transaction."""
    db.session.execute(
        sa.delete(OutboxMessage)
        .where(OutboxMessage.state == OutboxState.WAITING, OutboxMessage.recipient.in_(recipients))
        .execution_options(synchronize_session=False)
    )


def forget(canonicals: Collection[str], *, kinds: Collection[str] | None = None) -> None:
    """Delete every mail to these people, or those of some kinds, however addresses are spelled.

    Part of the caller's transaction. What left already has no address any more.
    """
    named = sa.select(OutboxMessage.id, OutboxMessage.recipient).where(
        OutboxMessage.recipient != ""
    )
    if kinds is not None:
        named = named.where(OutboxMessage.kind.in_(kinds))
    theirs = [
        number
        for number, recipient in db.session.execute(named)
        if addresses.is_one_of(recipient, canonicals)
    ]
    db.session.execute(
        sa.delete(OutboxMessage)
        .where(OutboxMessage.id.in_(theirs))
        .execution_options(synchronize_session=False)
    )


def withdraw_about(kind: str, fact: str, number: int) -> None:
    """Delete what has not left of one kind and is about one thing, by the fact that names it."""
    db.session.execute(
        sa.delete(OutboxMessage)
        .where(OutboxMessage.kind == kind, OutboxMessage.facts[fact].as_integer() == number)
        .execution_options(synchronize_session=False)
    )


def oldest_waiting(*, now: datetime) -> timedelta | None:
    """Return for how long the mail that should have left first is overdue; None if none is."""
    due_at = db.session.scalar(
        sa.select(sa.func.min(OutboxMessage.due_at)).where(
            OutboxMessage.state == OutboxState.WAITING, OutboxMessage.due_at <= now
        )
    )
    return None if due_at is None else now - due_at


def send_due(*, now: datetime) -> int:
    """Send what is due over one connection, and return how many mails the relay took.

    Commits around each mail; call it with nothing uncommitted. Two processes
    may call it at once. While the relay is out of reach or refuses us, it is
    left alone for a growing time, and the mails wait.
    """
    time_is = _clock_from(now)
    rest = _rest()
    if now < rest.until:
        return 0
    claims.recover(now=now)
    connection = Connection(relay_settings())
    sent = 0
    try:
        while (due := claims.next_due(now=time_is())) is not None:
            if not connection.is_open:
                connection.open()
            claim = claims.take(due, now=time_is())
            if claim is not None:
                sent += _send_one(claim, connection, time_is)
                rest.faults = 0
    except (ConnectionLost, SenderFault) as exc:
        rest.faults += 1
        wait = retrying.after_fault(exc, faults=rest.faults)
        rest.until = time_is() + wait
        log.warning("outbox rests for %d s: %s", wait.total_seconds(), exc)
    finally:
        connection.close()
    return sent


def _clock_from(now: datetime) -> Callable[[], datetime]:
    """Return a clock that starts at `now` and goes on while the relay takes its time."""
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)


@dataclass
class _Rest:
    """For how long the relay is left alone; a new process tries at once."""

    faults: int = 0
    until: datetime = NEVER


def _rest() -> _Rest:
    rest = current_app.extensions.setdefault("mail.rest", _Rest())
    assert isinstance(rest, _Rest)
    return rest


def _send_one(claim: Claim, connection: Connection, time_is: Callable[[], datetime]) -> bool:
    """Send one mail and write down how it ended; True if the relay took it.

    Raises SenderFault when the relay refuses us; the mail then just waits.
    """
    data = _prepared(claim, now=time_is())
    if data is None:
        return False
    try:
        outcome = connection.send(
            claim.sender.address,
            claim.recipient,
            data,
            before_dot=lambda: claim.mark(now=time_is()),
            pulse=lambda: claim.renew(now=time_is()),
        )
    except ConnectionLost as exc:
        # Charged to this mail, unlike a relay out of reach: one that makes the
        # relay hang up must not keep the others from leaving.
        wait = retrying.after_loss(attempts=claim.attempts + 1)
        _try_again(claim, wait, str(exc), now=time_is())
        return False
    except SenderFault as exc:
        claim.release(reason=str(exc))
        raise
    _record(claim, outcome, now=time_is())
    return outcome.kind is Kind.SENT


def _prepared(claim: Claim, *, now: datetime) -> bytes | None:
    """Return the message; None if it is not to be sent any more, which is written down."""
    try:
        reason = "" if _is_alive(claim.facts, now=now) else "Its link was dead already."
        data = _bytes_of(claim)
    except (TemplateError, InvalidInput, TypeError, ValueError) as exc:
        log.exception("outbox mail %d cannot be made", claim.id)
        reason = f"It could not be made: {type(exc).__name__}."
    if not reason:
        return data
    claim.finish(OutboxState.FAILED, reason=reason, now=now)
    return None


def _is_alive(facts: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether the link in the mail still works."""
    expires_at = facts.get("expires_at")
    return expires_at is None or now < datetime.fromisoformat(expires_at)


def _bytes_of(claim: Claim) -> bytes:
    """Return the message: the same bytes on every attempt (STANDARDS 5.2 clause 8)."""
    if claim.kind == MESSAGE:
        return base64.b64decode(claim.facts["message"])
    seed = f"{claim.id}\n{claim.created_at.isoformat()}\n{claim.sender.address}"
    nonce = hashlib.sha256(seed.encode()).hexdigest()[:32]
    data = to_bytes(
        texts.compose(
            claim.kind,
            claim.facts,
            language=claim.language,
            sender=claim.sender,
            recipient=Mailbox("", claim.recipient),
            asked_at=claim.created_at,
            date=claim.first_attempt_at,
            message_id=message_id(nonce, claim.sender.domain),
            boundary=boundary_for(nonce),
        )
    )
    return dkim.signed(data, current_app.config["DKIM_KEYS"])


def _record(claim: Claim, outcome: Outcome, *, now: datetime) -> None:
    said = " ".join(filter(None, (str(outcome.code or ""), outcome.status, outcome.text)))
    log.info("outbox mail %d (%s) %s: %s", claim.id, claim.kind, outcome.kind, said)
    if outcome.kind is Kind.SENT:
        claim.finish(OutboxState.SENT, now=now)
    elif outcome.kind is Kind.REFUSED:
        claim.finish(OutboxState.FAILED, reason=said, now=now)
    elif outcome.kind is Kind.DEFERRED:
        wait = retrying.after_deferral(claim.id, attempts=claim.attempts + 1)
        _try_again(claim, wait, said, now=now)
    elif outcome.kind is Kind.UNCERTAIN and claim.uncertain_at is not None:
        claim.finish(OutboxState.FAILED, reason=claims.UNACKNOWLEDGED, now=now)
    elif outcome.kind is Kind.UNCERTAIN:
        _try_again(claim, retrying.UNACKNOWLEDGED, said, now=now, uncertain_at=now)
    # Withheld: another sender has the mail, and writes down what becomes of it.


def _try_again(
    claim: Claim,
    wait: timedelta,
    reason: str,
    *,
    now: datetime,
    uncertain_at: datetime | None = None,
) -> None:
    attempts = claim.attempts + 1
    if attempts >= MOST_ATTEMPTS or now + wait >= claim.created_at + claims.LIFETIME:
        claim.finish(OutboxState.FAILED, reason=f"It was given up. {reason}", now=now)
    else:
        claim.postpone(
            until=now + wait, attempts=attempts, reason=reason, uncertain_at=uncertain_at
        )
