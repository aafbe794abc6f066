"""Taking a comment: until when it may come, what it may be, and mailing it to the secretariat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter import accounts, addresses, inputs, limits, links
from newsletter.accounts import Action, RoleName
from newsletter.addresses import Address
from newsletter.comments.models import Comment
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.library.models import Item
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.marking import marked
from newsletter.subscriptions import lists, senders, unfit

LONGEST_NAME = 200
LONGEST_TEXT = 5_000
"""Characters of the longest name and comment."""

PER_NETWORK = 20
"""Comments from one /24 or /48 network in an hour."""

PER_HOUR = 200
"""Comments from everywhere in an hour: a person has to read them."""

GRACE = timedelta(hours=2)
"""For how long after the last day a comment is still taken: somebody may be in the middle of it."""

KIND = "comment"
"""The mail that brings one to the secretariat."""

TEXT = marked("text")
"""What a sentence about a comment calls it."""


@dataclass(frozen=True)
class Thought:
    """What somebody typed, checked."""

    name: str
    address: Address
    text: str
    language: str


def is_open(item: Item, *, now: datetime) -> bool:
    """Tell whether the item asks readers what they think, today."""
    until = item.comments_until
    return until is not None and item.withdrawn_at is None and now.astimezone(UTC).date() <= until


def name(text: str) -> str:
    """Return the name on one line; it may be empty."""
    return inputs.one_line(text, field="name", most=LONGEST_NAME)


def text(typed: str) -> str:
    """Return the comment; raise InvalidInput where there is none or it is too long."""
    try:
        words = inputs.printable(typed, field=TEXT, most=LONGEST_TEXT)
    except InvalidInput as exc:
        exc.field = "comment"
        raise
    if not words:
        raise InvalidInput(marked("Write what you think."), field="comment")
    return words


def count_request(network: str, *, now: datetime) -> None:
    """Count one comment; raise TooOften when the network or everybody writes too often."""
    hour = timedelta(hours=1)
    limits.count(KIND, network, window=hour, most=PER_NETWORK, now=now)
    limits.count(
        KIND,
        "everybody",
        window=hour,
        most=PER_HOUR,
        now=now,
        sentence=marked("Very many people write to us just now."),
    )


def add(item: Item, thought: Thought, *, now: datetime) -> Comment:
    """Keep a comment and mail it; raise Refused where the item asks for none any more.

    The same words from the same address again are the comment that is there.
    """
    if not is_open(item, now=now - GRACE):
        raise Refused(marked("Comments on this are closed."))
    unfit.refuse(thought.address, own_addresses=senders.own_addresses())
    if (said := _said(item, thought)) is not None:
        return said
    comment = Comment(
        item_id=item.id,
        name=thought.name,
        address=thought.address.spelling,
        canonical=thought.address.canonical,
        text=thought.text,
        language=thought.language,
        at=now,
    )
    db.session.add(comment)
    db.session.flush()
    for address in _secretariat():
        _mail(address, comment, item, now=now)
    return comment


def _said(item: Item, thought: Thought) -> Comment | None:
    return db.session.scalars(
        sa.select(Comment)
        .where(
            Comment.item_id == item.id,
            Comment.canonical == thought.address.canonical,
            Comment.text == thought.text,
        )
        .limit(1)
    ).first()


def _secretariat() -> Sequence[str]:
    """Return who reads comments: where answers to the first public list go, else the admins.

    While no admin has joined, those who are invited; with none, the address the list writes from.
    """
    mailing_list = lists.public_list()
    if mailing_list is not None and mailing_list.reply_to:
        return [mailing_list.reply_to]
    admins = [
        editor
        for editor in accounts.all_editors()
        if accounts.may(editor, Action.REVIEW_MEMBERS)
        and accounts.role_of(editor) is RoleName.ADMIN
    ]
    joined = [editor for editor in admins if editor.joined_at is not None]
    found = [editor.email for editor in joined or admins]
    return found or ([lists.sender_address(mailing_list)] if mailing_list is not None else [])


def _mail(address: str, comment: Comment, item: Item, *, now: datetime) -> None:
    """Queue the mail. It has no Reply-To: nobody proved the address that would stand in it."""
    outbox.enqueue(
        KIND,
        to=address,
        language="en",
        sender=Mailbox("Stay Informed", senders.desk_address()),
        facts={
            "comment": comment.id,
            "name": comment.name,
            "address": addresses.for_transport(comment.address),
            "text": comment.text,
            "title": item.title,
            "desk_url": links.public_url(f"/desk/library/item/{item.slug}#comments"),
        },
        now=now,
    )
