"""Telling the editors, through the outbox, what they would not notice by themselves."""

import logging
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter import accounts, links
from newsletter.accounts import Action
from newsletter.delivery import backoff, waiting
from newsletter.delivery.models import DeliveryState, PaceRule, PaceScope, Provider, Send
from newsletter.errors import Refused
from newsletter.extensions import db, rows_changed
from newsletter.issues import naming, workflow
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import lists

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(minutes=15)
"""How long a message that is due may wait before the editors are told."""

QUARTERS = backoff.LIFETIME // LONGEST_WAIT
"""An issue that would take more of them than this, two days, moves too slowly to call it moving."""


def pause_and_tell(issue: Issue, reason: str, *, now: datetime) -> bool:
    """Pause an issue for a reason that needs a person, and mail those who may send it.

    False if it was not being sent or scheduled any more: of several couriers
    that meet the same fault one pauses, so the editors are told once.
    """
    try:
        workflow.pause(issue, reason, now=now)
    except Refused:
        return False
    _tell("pause-alarm", issue, reason, now=now)
    return True


def note_held(issue: Issue, *, now: datetime) -> None:
    """Note since when an issue waits for the relay, and mail the editors.

    Who got a mail about the issue less than LONGEST_WAIT ago is told by `watch`, if it
    waits still. The mail waits for the relay, too, unless others than the clock cannot reach it.
    """
    send = _send_of(issue)
    send.held_at = now
    db.session.flush()
    _tell_held(send, now=now)


def tell_going_on(issue: Issue, *, now: datetime) -> None:
    """Mail the editors that an issue goes on, if they were told that it waits for the relay."""
    send = _send_of(issue)
    if send.held_at is not None and send.alarmed_at is not None and send.alarmed_at >= send.held_at:
        since = send.held_at.astimezone(UTC)
        _tell(
            "goes-on",
            issue,
            f"The relay answers again. The issue waited since {since:%H:%M} UTC; it goes on "
            "where it stopped, and nothing is lost.",
            now=now,
        )


def tell_nobody_reached(issue: Issue, *, now: datetime) -> None:
    """Mail the editors that an issue ended without a single recipient."""
    _tell(
        "nobody-reached",
        issue,
        "Nobody was left to send it to: no confirmed reader of this list and its topics. "
        "The issue counts as sent to nobody.",
        now=now,
    )


def watch(*, now: datetime) -> None:
    """Mail the editors when a message that is due has waited too long; once until it recovers.

    Once each time, too, of an issue that waits for the relay, if that is not told yet.
    While the issue moves, what is left of it waits for its turn, and nobody is told.
    Two processes may watch at once: one of them tells.
    """
    for send in waiting.sends_being_sent():
        waited = waiting.oldest_wait(send, now=now)
        if waited is None or waited <= LONGEST_WAIT or _moves(send, now=now):
            _forget(send, now=now)
        elif send.alarmed_at is None and _note(send, now=now):
            log.error("issue %s: a message has waited for %s", send.issue_id, waited)
            _tell("waiting-alarm", send.issue, _what_is_wrong(send, waited, now=now), now=now)
    for send in waiting.sends_held():
        _tell_held(send, now=now)


def _tell_held(send: Send, *, now: datetime) -> None:
    """Mail the editors that an issue waits for the relay; once, and not of every short wait."""
    is_untold = (Send.alarmed_at < Send.held_at) & (Send.alarmed_at <= now - LONGEST_WAIT)
    if _write(send, now, Send.alarmed_at.is_(None) | is_untold):
        reason = f"{send.issue.pause_reason} Nobody has to do anything then."
        _tell("relay-alarm", send.issue, reason, now=now)


def _send_of(issue: Issue) -> Send:
    return db.session.scalars(
        sa.select(Send).where(Send.issue_id == issue.id).execution_options(populate_existing=True)
    ).one()


def _moves(send: Send, *, now: datetime) -> bool:
    """Tell whether something was sent of late: so much as to end in time, if nobody set a pace."""
    sent = _sent_lately(send, now=now)
    return bool(sent) and (sent * QUARTERS >= send.planned or _has_pace(send))


def _has_pace(send: Send) -> bool:
    """Tell whether somebody set a pace for everything or for the list of this issue."""
    slug = send.issue.mailing_list.slug
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    (PaceRule.scope == PaceScope.INSTALLATION)
                    | (PaceRule.scope == PaceScope.MAILING_LIST) & (PaceRule.key == slug)
                )
            )
        )
    )


def _sent_lately(send: Send, *, now: datetime) -> int:
    return waiting.ended_since(send, now - LONGEST_WAIT, DeliveryState.SENT)


def _note(send: Send, *, now: datetime) -> bool:
    """Write that the editors are told now; False if somebody else just did."""
    return _write(send, now, Send.alarmed_at.is_(None))


def _forget(send: Send, *, now: datetime) -> None:
    """Let the editors be told again, but not of what comes and goes every few minutes."""
    _write(send, None, Send.alarmed_at <= now - LONGEST_WAIT)


def _write(send: Send, alarmed_at: datetime | None, condition: sa.ColumnElement[bool]) -> bool:
    noted = db.session.execute(
        sa.update(Send)
        .where(Send.id == send.id, condition)
        .values(alarmed_at=alarmed_at)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(noted) == 1


def _what_is_wrong(send: Send, waited: timedelta, *, now: datetime) -> str:
    minutes = int(waited / timedelta(minutes=1))
    sentences = [f"Its oldest message has waited for {minutes} minutes."]
    sent = _sent_lately(send, now=now)
    if sent:
        sentences.append(f"{sent:,} went out in the last quarter of an hour, so it moves slowly.")
    else:
        sentences.append(
            "Nothing of it went out in the last quarter of an hour. The relay may be out of "
            "reach, or what sends may not be running; the log of the clock says more."
        )
    if _has_pace(send):
        sentences.append("A pace is set, which may be the reason (flask pace show).")
    held = db.session.scalars(
        sa.select(Provider.name).where(Provider.held_until > now).order_by(Provider.name).limit(5)
    ).all()
    if held:
        sentences.append(f"Nothing is sent to {', '.join(held)} for now, which refused our mail.")
    sentences.append("Nothing is lost: everybody who has not got it waits.")
    return " ".join(sentences)


def _tell(kind: str, issue: Issue, reason: str, *, now: datetime) -> None:
    mailing_list = issue.mailing_list
    facts = {
        "issue_number": str(issue.id),
        "issue_name": naming.titled(issue.id),
        "subject": issue.editions[0].subject,
        "reason": reason,
        "desk_url": links.public_url(naming.desk_path(issue.id)),
        "postal_address": mailing_list.postal_address,
        "public_url": links.public_url("/"),
    }
    for editor in accounts.all_editors():
        if accounts.may(editor, Action.SEND) and accounts.may_use_list(editor, mailing_list.id):
            outbox.enqueue(
                kind,
                to=editor.email,
                language=mailing_list.default_language,
                sender=Mailbox(lists.sender_name(mailing_list), lists.sender_address(mailing_list)),
                facts=facts,
                now=now,
            )
