"""Members and comments of an installation that has a past."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.comments.models import Comment
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.membership import agreement
from newsletter.membership.models import Member, MemberKind, MemberState
from newsletter.subscriptions import consent
from newsletter.translating import translator

MEMBERS = 3_000
WAITING = 120
"""Applications that nobody has decided about: the newest."""

PENDING = MEMBERS
"""The last of them: its address is not confirmed yet."""

COMMENTED = "guidance-250"
COMMENTS = 500
"""The item that readers said most about."""


def fill_members(*, now: datetime) -> None:
    """Add members, applications and memberships that ended; the first has the number 1."""
    words = agreement.agreement(translator("en")).wording("en")
    wording_id = consent.wording_id(words)
    rows = [_member(number, wording_id, now=now) for number in range(1, MEMBERS + 1)]
    db.session.execute(sa.insert(Member), rows)


def fill_comments(*, now: datetime) -> None:
    """Let readers say what they think of one item, which goes on asking."""
    item = catalogue.find_item(COMMENTED)
    item.comments_until = (now + timedelta(days=30)).date()
    rows = [
        {
            "item_id": item.id,
            "name": f"Reader {number}",
            "address": f"thinks{number}@example.org",
            "canonical": f"thinks{number}@example.org",
            "text": "It would help to know how much of it is needed. " * 8,
            "language": "en",
            "at": now - timedelta(hours=COMMENTS - number),
            "dealt_with_at": None if number % 10 == 0 else now,
            "dealt_with_by": "" if number % 10 == 0 else "Editor (editor 2)",
        }
        for number in range(1, COMMENTS + 1)
    ]
    db.session.execute(sa.insert(Comment), rows)


def _member(number: int, wording_id: int, *, now: datetime) -> dict[str, object]:
    at = now - timedelta(hours=MEMBERS - number)
    is_waiting = number > MEMBERS - WAITING
    state = MemberState.WAITING if is_waiting else _STATES[number % len(_STATES)]
    if number == PENDING:
        state = MemberState.PENDING
    return {
        "state": state,
        "kind": MemberKind.ORGANISATION if number % 3 else MemberKind.INDIVIDUAL,
        "name": f"Organisation {number}",
        "country": ("KE", "BD", "PE")[number % 3],
        "address": f"member{number}@example.org",
        "canonical": f"member{number}@example.org",
        "website": "https://www.example.org",
        "brings": "People in the field, and what they know. " * 10,
        "language": "en",
        "wording_id": wording_id,
        "wish": f"{number:016x}",
        "asked_at": at,
        "confirmed_at": None if number == PENDING else at,
        "decided_at": None if is_waiting else at,
        "decided_by": "" if is_waiting else "Editor (editor 2)",
        "reason": "It is about something else." if state is MemberState.DECLINED else "",
        "ended_at": at if state is MemberState.ENDED else None,
        "ended_by": "themselves" if state is MemberState.ENDED else "",
    }


_STATES = (MemberState.ACCEPTED, MemberState.ACCEPTED, MemberState.DECLINED, MemberState.ENDED)
