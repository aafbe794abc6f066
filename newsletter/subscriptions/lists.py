"""Mailing lists: make them, find them, say who they write as."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import selectinload

from newsletter import addresses, clock, inputs, languages
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import add_if_free, db
from newsletter.library.models import Topic
from newsletter.subscriptions import agreeing, mornings
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import MailingList, Tracking
from newsletter.subscriptions.offering import Listed

LONGEST_SLUG = 60
"""Letters of the longest short name: with the host it makes the sender's address."""

LONGEST = {"name": 120, "description": 300, "from_name": 120, "postal_address": 300}
"""Characters of the longest text of each kind."""


class ListFacts(TypedDict, total=False):
    """What can be said about a list, as somebody typed it."""

    name: str
    description: str
    from_name: str
    from_address: str
    reply_to: str
    postal_address: str
    default_language: str
    zone: str
    is_public: bool
    needs_approval: bool
    tracking: str
    topics: Sequence[Topic]


def add_list(slug: str, *, now: datetime, **facts: Unpack[ListFacts]) -> MailingList:
    """Add a mailing list; raise InvalidInput for what cannot be one, Refused if it exists."""
    if len(slug) > LONGEST_SLUG:
        raise InvalidInput(f"A list's short name has at most {LONGEST_SLUG} letters.", field="slug")
    mailing_list = MailingList(slug=inputs.slug(slug), created_at=now)
    facts.setdefault("name", "")
    _set(mailing_list, facts)
    if not add_if_free(mailing_list):
        raise Refused(f"There is a list “{slug}” already.")
    return mailing_list


def change_list(
    mailing_list: MailingList,
    *,
    now: datetime,
    by: str = "command line",
    **facts: Unpack[ListFacts],
) -> None:
    """Change what is named; raise InvalidInput with the field for what cannot be kept."""
    zone, tracking = mailing_list.zone, mailing_list.tracking
    _set(mailing_list, facts)
    if mailing_list.zone != zone:
        mornings.move(mailing_list, now=now)
    if tracking is Tracking.INDIVIDUAL and mailing_list.tracking is not tracking:
        agreeing.withdraw_all(mailing_list, origin=Origin(actor=by), now=now)


def _set(mailing_list: MailingList, facts: ListFacts) -> None:
    for field, value in facts.items():
        setattr(mailing_list, field, _checked(field, value))


def _checked(field: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        if field == "default_language":
            return languages.tag(value)
        if field == "zone":
            return clock.zone(value.strip()).key
        if field == "tracking":
            return _tracking(value)
        if field in ("from_address", "reply_to"):
            return addresses.parse(value).spelling if value.strip() else ""
    except InvalidInput as exc:
        # What checks an address knows nothing of this form's places.
        raise InvalidInput(str(exc), field=field) from exc
    text = inputs.one_line(value, field=field, most=LONGEST[field])
    if field == "name" and not text:
        raise InvalidInput("Enter the list's name: readers see it as the sender.", field="name")
    return text


def _tracking(text: str) -> Tracking:
    if text not in list(Tracking):
        raise InvalidInput("Choose what is recorded of links.", field="tracking")
    return Tracking(text)


def find_list(slug: str) -> MailingList | None:
    """Return the list called `slug`, or None."""
    return db.session.scalar(sa.select(MailingList).where(MailingList.slug == slug))


def get_list(slug: str) -> MailingList:
    """Return the list called `slug`; raise NotFound with the names that exist."""
    found = find_list(slug)
    if found is None:
        known = ", ".join(row.slug for row in all_lists()) or "none yet"
        raise NotFound(f"There is no list “{slug}”. Lists: {known}.")
    return found


def public_list(slug: str = "") -> MailingList | None:
    """Return the public list called `slug`, the first public one for an empty slug, or None."""
    return db.session.scalar(_CALLED if slug else _FIRST, {"slug": slug} if slug else {})


_FIRST = sa.select(MailingList).where(MailingList.is_public).order_by(MailingList.id).limit(1)
_CALLED = _FIRST.where(MailingList.slug == sa.bindparam("slug"))


def public_lists() -> Sequence[MailingList]:
    """Return the lists that anybody may sign up for, oldest first, with their topics."""
    return db.session.scalars(
        sa.select(MailingList)
        .where(MailingList.is_public)
        .options(selectinload(MailingList.topics))
        .order_by(MailingList.id)
    ).all()


def all_lists(*, only: frozenset[int] | None = None) -> Sequence[MailingList]:
    """Return every list, oldest first; with `only`, those with these ids."""
    question = sa.select(MailingList).order_by(MailingList.id)
    if only is not None:
        question = question.where(MailingList.id.in_(only))
    return db.session.scalars(question).all()


def lists_with_topics() -> Sequence[MailingList]:
    """Return every list, oldest first, with the topics of all of them loaded at once."""
    return db.session.scalars(
        sa.select(MailingList).options(selectinload(MailingList.topics)).order_by(MailingList.id)
    ).all()


def most_tracking() -> Tracking:
    """Return the most that any list records of its readers: what the privacy notice has to say."""
    known = set(db.session.scalars(sa.select(MailingList.tracking).distinct()))
    return next((mode for mode in reversed(Tracking) if mode in known), Tracking.NONE)


def sender_address(mailing_list: Listed) -> str:
    """Return the address in From: the list's own, or SLUG@<host of PUBLIC_URL>."""
    return mailing_list.from_address or f"{mailing_list.slug}@{current_app.config['PUBLIC_HOST']}"


def sender_name(mailing_list: Listed) -> str:
    """Return the name in From."""
    return mailing_list.from_name or mailing_list.name
