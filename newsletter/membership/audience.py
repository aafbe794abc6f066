"""The mailing list that is the members' own: chosen by an admin, or made when one is accepted."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db, insert
from newsletter.membership.models import MembersList
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList

NAME = "Members"
SLUG = "members"
"""What the list is called that is made where nobody chose one."""


def members_list_id() -> int | None:
    """Return the number of the members' list, if there is one."""
    return db.session.scalar(sa.select(MembersList.mailing_list_id))


def members_list() -> MailingList | None:
    """Return the members' list, if there is one; none that anybody may sign up for."""
    return db.session.scalar(
        sa.select(MailingList)
        .join(MembersList, MembersList.mailing_list_id == MailingList.id)
        .where(~MailingList.is_public)
    )


def choices() -> Sequence[MailingList]:
    """Return the lists that can be the members': those that nobody signs up for by themselves."""
    return [row for row in lists.all_lists() if not row.is_public]


def choose(slug: str) -> MailingList:
    """Let this list be the members' from now on; who was accepted before stays where they are."""
    chosen = lists.find_list(slug)
    if chosen is None or chosen.is_public:
        raise InvalidInput("Choose a list that is not public.", field="members_list")
    _set(chosen)
    return chosen


def list_for_acceptance(*, now: datetime) -> MailingList:
    """Return the members' list, made where there is none, and as the first public list writes."""
    return members_list() or _make(now=now)


def _make(*, now: datetime) -> MailingList:
    like = lists.public_list()
    for slug in (SLUG, *(f"{SLUG}-{number}" for number in range(2, 10))):
        try:
            made = lists.add_list(
                slug,
                name=NAME,
                description="",
                reply_to=like.reply_to if like else "",
                postal_address=like.postal_address if like else "",
                default_language=like.default_language if like else "en",
                now=now,
            )
        except Refused:
            # Somebody has a list of this short name, for something else perhaps.
            continue
        return _set(made)
    raise Refused("Choose the members' list first: an admin does it under “Words and list”.")


def _set(chosen: MailingList) -> MailingList:
    """Write down which list it is, and return the one that counts: of two at once, the first."""
    row = {"id": 1, "mailing_list_id": chosen.id}
    statement = insert(MembersList).values(row)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"mailing_list_id": chosen.id})
    )
    return chosen
