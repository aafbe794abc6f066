"""Taking back what was pressed: for half an hour on the page, for three days by the good-bye mail.

A change is kept with how things stood before and after it. It is taken back only while
they stand as it left them: the newest decision wins.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter import links
from newsletter.errors import DeadLink
from newsletter.extensions import Base, BigId, db
from newsletter.library.models import Topic
from newsletter.statements import Statement, run
from newsletter.subscriptions import consent, digest_windows
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    Frequency,
    MailingList,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)

NOTHING = "0"
"""What a token names where nothing was changed: the page must not tell."""


class Undo(Base):
    """What a reader changed, for as long as it can be taken back; it holds no address."""

    __tablename__ = "undo"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    # Who writes the good-bye.
    mailing_list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"))
    made_at: Mapped[datetime] = mapped_column(index=True)
    # By the number of each subscription: how it stood before, and after.
    changes: Mapped[dict[str, Any]]
    # The good-bye mail has yet to be written.
    says_goodbye: Mapped[bool] = mapped_column(default=False)
    # When it was written, or is to be tried again.
    goodbye_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


def standing(subscription: Subscription, *, has_topics: bool = False) -> dict[str, Any]:
    """Return how a subscription stands, as JSON can keep it."""
    facts = facts_of(
        state=subscription.state,
        frequency=subscription.frequency,
        paused_until=subscription.paused_until,
        wants_summary=subscription.wants_summary,
        digest_due_at=subscription.digest_due_at,
        issues_begun=subscription.mailing_list.issues_begun,
    )
    return facts | topics_of(subscription.id) if has_topics else facts


def facts_of(
    *,
    state: str,
    frequency: str,
    paused_until: datetime | None,
    wants_summary: bool,
    digest_due_at: datetime | None,
    issues_begun: int,
) -> dict[str, Any]:
    """Return these facts of a subscription, as JSON can keep them."""
    return {
        "state": str(state),
        "frequency": str(frequency),
        "paused_until": _text(paused_until),
        "wants_summary": wants_summary,
        "digest_due_at": _text(digest_due_at),
        "issues_begun": issues_begun,
    }


def topics_of(number: int) -> dict[str, Any]:
    """Return the same of the topics that were chosen for the subscription with this number."""
    return {"topics": sorted(topic for (topic,) in run(_TOPICS, id=number).rows)}


_TOPICS = Statement("SELECT topic_id FROM subscription_topic WHERE subscription_id = :id")


def keep(
    changed: Sequence[tuple[Subscription, dict[str, Any]]],
    *,
    now: datetime,
    says_goodbye: bool = False,
) -> Undo | None:
    """Keep how these subscriptions stood, each with its standing before; None if none moved."""
    changes = {}
    for subscription, before in changed:
        # Leaving touches no topics; a stranger's sign-up may, before it is taken back.
        has_topics = "topics" in before and subscription.state is not SubscriptionState.UNSUBSCRIBED
        after = standing(subscription, has_topics=has_topics)
        if after != before:
            changes[str(subscription.id)] = {"before": before, "after": after}
    if not changes:
        return None
    first = changed[0][0]
    row = Undo(
        subscriber_id=first.subscriber_id,
        mailing_list_id=first.mailing_list_id,
        made_at=now,
        changes=changes,
        says_goodbye=says_goodbye,
    )
    db.session.add(row)
    db.session.flush()
    return row


def keep_ends(
    ended: Mapping[int, dict[str, Any]], *, subscriber_id: int, mailing_list_id: int, now: datetime
) -> None:
    """Keep how subscriptions stood that just ended, by number; a good-bye tells how to go back.

    The same as `keep` for who has no row of them as an object.
    """
    changes = {}
    for number, before in ended.items():
        after = {name: value for name, value in before.items() if name != "topics"}
        changes[str(number)] = {"before": before, "after": after | _ENDED}
    run(
        _KEEP,
        subscriber=subscriber_id,
        list=mailing_list_id,
        now=now,
        changes=json.dumps(changes),
        yes=True,
    )


_ENDED = {
    "state": SubscriptionState.UNSUBSCRIBED.value,
    "paused_until": None,
    "wants_summary": False,
    "digest_due_at": None,
}
"""How each stands that ended, whatever it was before."""

_KEEP = Statement(
    """INSERT INTO undo (subscriber_id, mailing_list_id, made_at, changes, says_goodbye)
    VALUES (:subscriber, :list, :now, :changes, :yes)""",
    times=("now",),
)


def token(row: Undo | None, *, now: datetime) -> str:
    """Return the token for the button on the page; also where there is nothing to take back."""
    return links.UNDO.token(str(row.id) if row else NOTHING, now=now)


def payload(rows: Sequence[Undo]) -> str:
    """Return what the token of a mail carries that takes back several changes."""
    return "-".join(str(row.id) for row in rows)


def read(link: links.Link, text: str, *, now: datetime) -> Sequence[Undo]:
    """Return what a token takes back, the newest first; raise DeadLink for one that is dead."""
    numbers = link.read(text, now=now).split("-")
    if not all(number.isdecimal() for number in numbers):
        raise DeadLink
    return db.session.scalars(
        sa.select(Undo).where(Undo.id.in_(map(int, numbers))).order_by(Undo.id.desc())
    ).all()


def lists_left(rows: Sequence[Undo]) -> Sequence[MailingList]:
    """Return the lists whose e-mails were stopped by these changes."""
    left = [
        int(number)
        for row in rows
        for number, change in row.changes.items()
        if change["after"]["state"] == SubscriptionState.UNSUBSCRIBED
    ]
    return db.session.scalars(
        sa.select(MailingList)
        .join(Subscription, Subscription.mailing_list_id == MailingList.id)
        .where(Subscription.id.in_(left))
    ).all()


def undo(row: Undo | None, *, origin: Origin, now: datetime) -> None:
    """Let things stand as they did before; again is harmless, and so is coming too late."""
    if row is None:
        return
    db.session.refresh(row, with_for_update=True)
    if row.undone_at is not None:
        return
    row.undone_at = now
    row.says_goodbye = False
    for number, change in row.changes.items():
        subscription = db.session.get(Subscription, int(number), with_for_update=True)
        if subscription is not None:
            _restore(subscription, row, change, origin=origin, now=now)
    db.session.flush()


def _restore(
    subscription: Subscription, row: Undo, change: dict[str, Any], *, origin: Origin, now: datetime
) -> None:
    before, after = change["before"], change["after"]
    here = standing(subscription, has_topics="topics" in after)
    if _was_decided_since(here, after):
        return
    if "topics" in before:
        subscription.topics = list(
            db.session.scalars(sa.select(Topic).where(Topic.id.in_(before["topics"])))
        )
    subscription.state = SubscriptionState(before["state"])
    subscription.frequency = Frequency(before["frequency"])
    subscription.paused_until = _time(before["paused_until"])
    subscription.wants_summary = before["wants_summary"]
    subscription.digest_due_at = _time(before["digest_due_at"])
    if before["issues_begun"] != here["issues_begun"] or after["state"] != before["state"]:
        _catch_up(subscription, before, now=now)
    if after["state"] == SubscriptionState.UNSUBSCRIBED:
        _reopen(subscription, ended_at=row.made_at)
    # The event of the change stays: the evidence tells both (STANDARDS C01).
    consent.record(
        ConsentKind.CHANGED,
        subscription,
        origin=origin,
        now=now,
        detail=f"took back the change of {row.made_at:%Y-%m-%d %H:%M:%S}Z",
    )


def _was_decided_since(here: dict[str, Any], after: dict[str, Any]) -> bool:
    """Tell whether the reader changed anything after that; a sign-up alone may be anybody's."""
    was_left = after["state"] == SubscriptionState.UNSUBSCRIBED
    if was_left and here["state"] == SubscriptionState.PENDING:
        return False
    moving = {"digest_due_at", "issues_begun"}
    return any(here[name] != value for name, value in after.items() if name not in moving)


def _catch_up(subscription: Subscription, before: dict[str, Any], *, now: datetime) -> None:
    """Have what was kept back meanwhile come as one summary for who had every issue by itself."""
    is_each = subscription.frequency is Frequency.EVERY and before["digest_due_at"] is None
    after = before["issues_begun"] if is_each else None
    digest_windows.go_on(subscription, after=after, now=now)


def _reopen(subscription: Subscription, *, ended_at: datetime) -> None:
    db.session.execute(
        sa.update(SubscriptionInterval)
        .where(
            SubscriptionInterval.subscription_id == subscription.id,
            SubscriptionInterval.ended_at == ended_at,
        )
        .values(ended_at=None, ended_reason=None)
        .execution_options(synchronize_session="fetch")
    )


def forget_old(*, now: datetime) -> None:
    """Delete what cannot be taken back any more; what a good-bye has yet to tell of can be."""
    assert links.UNDO_BY_MAIL.lifetime is not None
    oldest = now - links.UNDO_BY_MAIL.lifetime
    db.session.execute(
        sa.delete(Undo)
        .where(
            Undo.made_at < oldest,
            ~Undo.says_goodbye,
            Undo.goodbye_at.is_(None) | (Undo.goodbye_at < oldest),
        )
        .execution_options(synchronize_session=False)
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
