"""The states of an application, and the only moves between them."""

from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db, rows_changed
from newsletter.membership.models import Member, MemberState

MOVES = {
    MemberState.PENDING: {MemberState.WAITING},
    MemberState.WAITING: {MemberState.ACCEPTED, MemberState.DECLINED},
    MemberState.ACCEPTED: {MemberState.ENDED},
    MemberState.DECLINED: set[MemberState](),
    MemberState.ENDED: set[MemberState](),
}


def move(member: Member, to: MemberState, **values: Any) -> bool:
    """Move an application on, with what is noted about it; False if somebody was faster.

    The UPDATE itself asks how it stands, so of two who decide at once one does.
    """
    before = [state for state, nexts in MOVES.items() if to in nexts]
    moved = db.session.execute(
        sa.update(Member)
        .where(Member.id == member.id, Member.state.in_(before))
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(member)
    return rows_changed(moved) == 1
