"""What a reader may see of themselves: what was sent to them, and everything that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from newsletter import clock, traces
from newsletter.delivery.models import CompiledEdition, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues import segments
from newsletter.issues.merge_fields import Part
from newsletter.issues.models import Issue
from newsletter.issues.segments import fill
from newsletter.membership import asking as members
from newsletter.membership.models import Member
from newsletter.subscriptions import evidence
from newsletter.subscriptions.address_change import ReaderAddressChange
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.models import (
    ConsentWording,
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionInterval,
)
from newsletter.tracking.models import TrackedLink

PER_PAGE = 50


@dataclass(frozen=True)
class Mail:
    """One e-mail that was for a reader; `number` leads to the archive, and is None elsewhere."""

    at: datetime
    state: DeliveryState
    list_name: str
    language: str
    subject: str
    number: int | None


def history(
    subscriber: Subscriber, *, page: int = 1, most: int | None = PER_PAGE
) -> tuple[Sequence[Mail], bool]:
    """Return a page of what was sent to a reader, the newest first, and whether there is more."""
    question = (
        sa.select(
            Delivery.first_attempt_at,
            Send.planned_at,
            Delivery.state,
            MailingList.name,
            MailingList.is_public,
            CompiledEdition.language,
            CompiledEdition.content[("edition", "subject")],
            Issue.id,
        )
        .join(Send, Send.id == Delivery.send_id)
        .join(Issue, Issue.id == Send.issue_id)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .join(CompiledEdition, CompiledEdition.id == Delivery.edition_id)
        .where(Delivery.subscriber_id == subscriber.id, Issue.begun_at.is_not(None))
        .order_by(Delivery.id.desc())
    )
    if most is not None:
        question = question.limit(most + 1).offset((page - 1) * most)
    rows: Sequence[Any] = db.session.execute(question).all()
    shown = rows if most is None else rows[:most]
    return [_mail(row) for row in shown], len(shown) < len(rows)


def _mail(row: Any) -> Mail:
    tried_at, planned_at, state, list_name, is_public, language, subject, number = row
    return Mail(
        at=tried_at or planned_at,
        state=state,
        list_name=list_name,
        language=language,
        # As it reads to nobody in particular: names are not kept with what was sent.
        subject=fill(segments.from_json(subject), {}, part=Part.TEXT),
        # Digests have numbers below zero and no page of their own.
        number=number if is_public and number > 0 else None,
    )


def everything(subscriber: Subscriber) -> dict[str, Any]:
    """Return all that is kept about a reader, as JSON can carry it (STANDARDS C17)."""
    mails, _ = history(subscriber, most=None)
    theirs = traces.of(subscriber.canonical, subscriber)
    return {
        "you": {
            "address": subscriber.address,
            "name": subscriber.name,
            "language": subscriber.language,
            "time_zone": subscriber.zone,
            "look": subscriber.format.value,
            "more": subscriber.attributes,
            "known_since": clock.written(subscriber.created_at),
        },
        "lists": [_subscription(row) for row in subscriber.subscriptions],
        "changes_of_address": _address_changes(subscriber),
        "membership": [_membership(row) for row in theirs.applications],
        "comments": [
            {"at": clock.written(row.at), "about": title, "name": row.name, "comment": row.text}
            for row, title in theirs.comments
        ],
        "consent": [evidence.facts(event) for event in evidence.evidence_of(subscriber.id)],
        "e-mails": [
            {
                "at": clock.written(mail.at),
                "list": mail.list_name,
                "subject": mail.subject,
                "language": mail.language,
                "state": mail.state.value,
                "issue": mail.number,
            }
            for mail in mails
        ],
    }


def applications(subscriber: Subscriber) -> Sequence[tuple[Member, ConsentWording]]:
    """Return what a reader asked for to become a member, each with the words they agreed to."""
    theirs = traces.of(subscriber.canonical, subscriber).applications
    return [(one, members.words_of(one)) for one in theirs]


def _membership(row: Member) -> dict[str, Any]:
    return {
        "as": row.kind.value,
        "name": row.name,
        "country": row.country,
        "address": row.address,
        "website": row.website,
        "brings": row.brings,
        "words": members.words_of(row).text,
        "state": row.state.value,
        "asked_at": clock.written(row.asked_at),
        "confirmed_at": clock.written(row.confirmed_at),
        "decided_at": clock.written(row.decided_at),
        "ended_at": clock.written(row.ended_at),
        "reason": row.reason,
    }


def _subscription(row: Subscription) -> dict[str, Any]:
    intervals: Sequence[SubscriptionInterval] = row.intervals
    return {
        "list": row.mailing_list.name,
        "state": row.state.value,
        "how_often": row.frequency.value,
        "topics": [topic.name for topic in row.topics],
        "asked_at": clock.written(row.requested_at),
        "paused_until": clock.written(row.paused_until),
        "summary_of_what_was_missed": row.wants_summary,
        "next_digest_at": clock.written(row.digest_due_at),
        "agreed_to_be_recorded": row.agreed_to_tracking,
        "last_opened_on": str(row.last_open_on) if row.last_open_on else None,
        "links_followed": [{"on": str(day), "address": address} for day, address in _followed(row)],
        "intervals": [
            {
                "from": clock.written(one.started_at),
                "to": clock.written(one.ended_at),
                "came_by": one.source.value,
                "ended_by": one.ended_reason.value if one.ended_reason else None,
            }
            for one in intervals
        ],
    }


def _followed(row: Subscription) -> Sequence[tuple[date, str]]:
    found = db.session.execute(
        sa.select(ReaderClick.day, TrackedLink.address)
        .join(TrackedLink, TrackedLink.key == ReaderClick.link_key)
        .where(ReaderClick.subscription_id == row.id)
        .order_by(ReaderClick.day, TrackedLink.address)
    )
    return [(day, address) for day, address in found]


def _address_changes(subscriber: Subscriber) -> Sequence[dict[str, Any]]:
    rows = db.session.scalars(
        sa.select(ReaderAddressChange)
        .where(ReaderAddressChange.subscriber_id == subscriber.id)
        .order_by(ReaderAddressChange.id)
    )
    return [
        {
            "from": row.old_address,
            "to": row.new_address,
            "asked_at": clock.written(row.asked_at),
            "confirmed_at": clock.written(row.confirmed_at),
            "objected_at": clock.written(row.objected_at),
        }
        for row in rows
    ]
