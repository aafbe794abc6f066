"""Applications and memberships go along where their reader changes address, and back again."""

import secrets

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions.models import Subscriber


def follow(subscriber: Subscriber, left: str | None) -> None:
    """Let what is kept of a reader have the address that they have now.

    `left` is the canonical address that they have just left, and None where that was never
    theirs: whatever somebody else asked with it stays there. Links that were mailed for any of it
    are dead, and nobody proves by an old mailbox what nobody had proved yet.
    """
    is_theirs: sa.ColumnElement[bool] = Member.subscriber_id == subscriber.id
    if left is not None:
        came_from_it = sa.and_(Member.canonical == left, Member.subscriber_id.is_(None))
        is_theirs = sa.or_(is_theirs, came_from_it)
    rows = db.session.scalars(
        sa.select(Member).where(is_theirs).order_by(Member.id).with_for_update()
    ).all()
    for row in rows:
        row.wish = secrets.token_hex(8)
        if row.state is not MemberState.PENDING:
            row.subscriber_id = subscriber.id
            _move(row, subscriber)
    db.session.flush()


def _move(row: Member, subscriber: Subscriber) -> None:
    """Give an application its reader's address, unless that has an open one by itself."""
    try:
        with db.session.begin_nested():
            row.address, row.canonical = subscriber.address, subscriber.canonical
    except sa.exc.IntegrityError:
        db.session.refresh(row)
