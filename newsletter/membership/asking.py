"""Questions about members: who waits, who is one, what is kept of one person."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.mail import outbox
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions.models import ConsentWording, Subscriber

PER_PAGE = 50

KINDS = frozenset(
    {"membership", "membership-known", "member-accepted", "member-declined", "member-ended"}
)
"""The mails about a membership."""


def counts() -> Mapping[MemberState, int]:
    """Return how many there are in each state."""
    found = db.session.execute(sa.select(Member.state, sa.func.count()).group_by(Member.state))
    known: dict[MemberState, int] = {state: number for state, number in found}
    return {state: known.get(state, 0) for state in MemberState}


def page(state: MemberState, *, number: int) -> tuple[Sequence[Member], bool]:
    """Return a page of those in a state, and whether there are more.

    Who waits longest comes first; of all others, who came last.
    """
    order = Member.id if state is MemberState.WAITING else Member.id.desc()
    rows = db.session.scalars(
        sa.select(Member)
        .where(Member.state == state)
        .order_by(order)
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def get(number: int) -> Member:
    """Return an application that was confirmed; raise NotFound for others and for none."""
    found = db.session.get(Member, number)
    if found is None or found.state is MemberState.PENDING:
        raise NotFound(f"There is no application {number}.")
    return found


def earlier(member: Member) -> Sequence[Member]:
    """Return what else was asked from the same address before, the newest first."""
    return db.session.scalars(
        sa.select(Member)
        .where(
            Member.canonical == member.canonical,
            Member.id != member.id,
            Member.state != MemberState.PENDING,
        )
        .order_by(Member.id.desc())
    ).all()


def words_of(member: Member) -> ConsentWording:
    """Return the exact words that somebody agreed to."""
    return db.session.get_one(ConsentWording, member.wording_id)


def membership_of(subscriber: Subscriber) -> Member | None:
    """Return the membership of a reader, if they are a member now."""
    return db.session.scalar(
        sa.select(Member).where(
            Member.subscriber_id == subscriber.id, Member.state == MemberState.ACCEPTED
        )
    )


def all_of(canonicals: Collection[str], subscriber: Subscriber | None) -> Sequence[Member]:
    """Return all that is kept here of one person, who has or had these addresses."""
    is_theirs: sa.ColumnElement[bool] = Member.canonical.in_(canonicals)
    if subscriber is not None:
        is_theirs = sa.or_(is_theirs, Member.subscriber_id == subscriber.id)
    return db.session.scalars(sa.select(Member).where(is_theirs).order_by(Member.id)).all()


def asked_from(canonical: str) -> bool:
    """Tell whether somebody asked from an address."""
    return bool(db.session.scalar(sa.select(sa.exists().where(Member.canonical == canonical))))


def address_of(member: Member) -> str:
    """Return where a person is written to now: who became a reader may have changed it."""
    reader = db.session.get(Subscriber, member.subscriber_id) if member.subscriber_id else None
    return reader.address if reader else member.address


def canonicals() -> set[str]:
    """Return every address that anything was asked from."""
    return set(db.session.scalars(sa.select(Member.canonical).distinct()))


def forget_person(canonicals: Collection[str], subscriber: Subscriber | None) -> set[str]:
    """Delete all applications of one person; return the canonical addresses that they had."""
    rows = all_of(canonicals, subscriber)
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    theirs = {row.canonical for row in rows}
    outbox.forget(theirs, kinds=KINDS)
    return theirs
