"""Mailing lists: make them, find them, say who they write as."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from newsletter import addresses, inputs
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.subscriptions.models import MailingList

LONGEST_SLUG = 60
"""Letters of the longest short name: with the host it makes the sender's address."""

LONGEST = {"name": 120, "description": 300, "from_name": 120, "postal_address": 300}
"""Characters of the longest text of each kind."""


def add_list(
    slug: str,
    name: str,
    *,
    now: datetime,
    is_public: bool = False,
    description: str = "",
    postal_address: str = "",
    topics: Sequence[Topic] = (),
) -> MailingList:
    """Add a mailing list; raise InvalidInput for what cannot be one, Refused if it exists."""
    if len(slug) > LONGEST_SLUG:
        raise InvalidInput(f"A list's short name has at most {LONGEST_SLUG} letters.", field="slug")
    if find_list(slug) is not None:
        raise Refused(f"There is a list “{slug}” already.")
    mailing_list = MailingList(
        slug=inputs.slug(slug), is_public=is_public, created_at=now, topics=list(topics)
    )
    change_list(mailing_list, name=name, description=description, postal_address=postal_address)
    db.session.add(mailing_list)
    db.session.flush()
    return mailing_list


def change_list(mailing_list: MailingList, **changes: str) -> None:
    """Change texts and addresses of a list by their column's name; check each first."""
    for field, value in changes.items():
        if field in ("from_address", "reply_to"):
            text = addresses.parse(value).spelling if value.strip() else ""
        else:
            text = inputs.one_line(value, field=field, most=LONGEST[field])
        if field == "name" and not text:
            raise InvalidInput("Enter the list's name: readers see it as the sender.", field="name")
        setattr(mailing_list, field, text)


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
    question = sa.select(MailingList).where(MailingList.is_public).order_by(MailingList.id)
    if slug:
        question = question.where(MailingList.slug == slug)
    return db.session.scalar(question.limit(1))


def all_lists() -> Sequence[MailingList]:
    """Return every list, oldest first."""
    return db.session.scalars(sa.select(MailingList).order_by(MailingList.id)).all()


def sender_address(mailing_list: MailingList) -> str:
    """Return the address in From: the list's own, or SLUG@<host of PUBLIC_URL>."""
    return mailing_list.from_address or f"{mailing_list.slug}@{current_app.config['PUBLIC_HOST']}"


def sender_name(mailing_list: MailingList) -> str:
    """Return the name in From."""
    return mailing_list.from_name or mailing_list.name


def own_addresses() -> frozenset[str]:
    """Return the addresses that lists write from: subscribing one would make a loop (XA19)."""
    return frozenset(sender_address(row).lower() for row in all_lists())
