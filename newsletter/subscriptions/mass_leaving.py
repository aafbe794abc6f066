"""Very many who leave a list at once by the button of their mail program, and telling editors.

All of it counts, at once. But so many people do not press within minutes: somebody may have got
hold of many mailboxes, or of a copy of them (STANDARDS XB19).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import accounts, links
from newsletter.accounts import Action
from newsletter.extensions import db
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import growth, senders
from newsletter.subscriptions.models import ConsentEvent, ConsentKind, EndedReason, MailingList
from newsletter.subscriptions.undoing import Undo

WINDOW = timedelta(minutes=10)
"""The time in which so many leave."""

TOO_MANY = 0.01
"""The part of a list that is too many."""

FEWEST = 20
"""So many at least: of a short list, a few people are a large part."""

TOLD_AGAIN = timedelta(days=1)
"""How long nobody is told again, and how long the first page of the desk says it."""


@dataclass(frozen=True)
class Leaving:
    """How many left a list by one click in the window, and from how many internet addresses."""

    mailing_list_id: int
    number: int
    sources: int


def found(*, now: datetime) -> list[Leaving]:
    """Return the lists that too many are leaving just now; on most days by one short look."""
    since = now - WINDOW
    is_recent = Undo.made_at > since
    left = db.session.scalar(sa.select(sa.func.count()).select_from(Undo).where(is_recent)) or 0
    if left < FEWEST:
        return []
    return [one for one in _by_list(since) if one.number >= FEWEST and _is_too_many(one)]


def tell(leaving: Leaving, *, now: datetime) -> None:
    """Note it with the list, and mail those who may send to it; once a day."""
    mailing_list = db.session.get_one(
        MailingList, leaving.mailing_list_id, with_for_update=True, populate_existing=True
    )
    told_at = mailing_list.many_left_at
    if told_at is not None and told_at > now - TOLD_AGAIN:
        return
    mailing_list.many_left_at, mailing_list.many_left = now, leaving.number
    for editor in accounts.who_may(Action.SEND, mailing_list.id):
        outbox.enqueue(
            "mass-leaving",
            to=editor.email,
            language="en",
            sender=Mailbox("Stay Informed", senders.desk_address()),
            facts={
                "list_name": mailing_list.name,
                "number": leaving.number,
                "sources": leaving.sources,
                "minutes": int(WINDOW / timedelta(minutes=1)),
                "desk_url": links.public_url(f"/desk/lists/{mailing_list.slug}/answers"),
            },
            now=now,
        )
    db.session.flush()


def of_late(*, lists: frozenset[int] | None, now: datetime) -> Sequence[MailingList]:
    """Return the lists of which it was told in the last day; with `lists`, of these only."""
    question = sa.select(MailingList).where(*is_of_late(lists=lists, now=now))
    return db.session.scalars(question.order_by(MailingList.id)).all()


def is_of_late(*, lists: frozenset[int] | None, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a list to be one of these."""
    conditions = [MailingList.many_left_at > now - TOLD_AGAIN]
    if lists is not None:
        conditions.append(MailingList.id.in_(lists))
    return conditions


def _by_list(since: datetime) -> list[Leaving]:
    """Count them from the few who left lately, whose evidence says how."""
    rows = db.session.execute(
        sa.select(
            ConsentEvent.mailing_list_id,
            sa.func.count(ConsentEvent.subscriber_id.distinct()),
            sa.func.count(ConsentEvent.ip.distinct()),
        )
        .join(Undo, Undo.subscriber_id == ConsentEvent.subscriber_id)
        .where(
            Undo.made_at > since,
            ConsentEvent.at > since,
            ConsentEvent.kind == ConsentKind.UNSUBSCRIBED,
            ConsentEvent.detail.startswith(EndedReason.ONE_CLICK.value),
        )
        .group_by(ConsentEvent.mailing_list_id)
    )
    # Every list that was left has one: only what names no list at all has none.
    return [Leaving(number, *counts) for number, *counts in rows if number is not None]


def _is_too_many(leaving: Leaving) -> bool:
    stayed = growth.subscribers_now([leaving.mailing_list_id])[leaving.mailing_list_id]
    return leaving.number > TOO_MANY * (stayed + leaving.number)
