"""What readers did that somebody of the desk should know: who waits, which lists very many left."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.comments.models import Comment
from newsletter.extensions import db
from newsletter.library.models import Item
from newsletter.membership.models import Member, MembersList, MemberState
from newsletter.subscriptions import mass_leaving


@dataclass(frozen=True)
class Waiting:
    """How many applications and comments, the item that has the oldest of these, and lists left."""

    members: int = 0
    comments: int = 0
    slug: str = ""
    lists_left: int = 0


def waiting(*, lists: frozenset[int] | None, now: datetime) -> Waiting:
    """Return who waits, asked at once; with `lists`, members only if one of these is theirs."""
    members = sa.select(sa.func.count()).where(Member.state == MemberState.WAITING)
    if lists is not None:
        theirs = sa.select(MembersList.id).where(MembersList.mailing_list_id.in_(lists))
        members = members.where(theirs.exists())
    is_new = Comment.dealt_with_at.is_(None)
    comments = sa.select(sa.func.count()).where(is_new)
    oldest = sa.select(Item.slug).join(Comment, Comment.item_id == Item.id).where(is_new)
    oldest = oldest.order_by(Comment.id).limit(1)
    left = sa.select(sa.func.count()).where(*mass_leaving.is_of_late(lists=lists, now=now))
    numbers = (one.scalar_subquery() for one in (members, comments, oldest, left))
    found = db.session.execute(sa.select(*numbers)).one()
    return Waiting(found[0], found[1], found[2] or "", found[3])
