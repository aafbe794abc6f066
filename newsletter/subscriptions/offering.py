"""What a list offers to who signs up: read in the driver's words, for it is asked every time.

The list as an object costs a fifth of a sign-up, and all that time nobody else can write to SQLite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.statements import Statement, run
from newsletter.subscriptions.models import MailingList, Tracking, mailing_list_topic


class Listed(Protocol):
    """What is known of a list wherever somebody signs up: a MailingList, or an Offer."""

    @property
    def id(self) -> int: ...

    @property
    def slug(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def default_language(self) -> str: ...

    @property
    def tracking(self) -> Tracking: ...

    @property
    def from_name(self) -> str: ...

    @property
    def from_address(self) -> str: ...

    @property
    def postal_address(self) -> str: ...

    @property
    def topics(self) -> Sequence[Topic]: ...


@dataclass(frozen=True)
class Offer:
    """A public list, as far as a sign-up needs it; what most need not is asked only then."""

    id: int
    slug: str
    name: str
    default_language: str
    tracking: Tracking
    from_name: str
    from_address: str
    postal_address: str

    @cached_property
    def topics(self) -> Sequence[Topic]:
        """The topics that can be chosen."""
        return db.session.scalars(
            sa.select(Topic)
            .join(mailing_list_topic)
            .where(mailing_list_topic.c.mailing_list_id == self.id)
            .order_by(Topic.name)
        ).all()

    @property
    def mailing_list(self) -> MailingList:
        """The list itself, to be shown."""
        return db.session.get_one(MailingList, self.id)


def of(slug: str = "") -> Offer | None:
    """Return what the public list called `slug` offers, or the first one for an empty slug."""
    values: dict[str, Any] = {"slug": slug} if slug else {}
    row = run(_CALLED if slug else _FIRST, **values).first()
    if row is None:
        return None
    number, short, name, language, tracking, *sender = row
    return Offer(number, short, name, language, Tracking(tracking), *sender)


_COLUMNS = """SELECT id, slug, name, default_language, tracking,
    from_name, from_address, postal_address
FROM mailing_list WHERE is_public"""
_FIRST = Statement(f"{_COLUMNS} ORDER BY id LIMIT 1")
_CALLED = Statement(f"{_COLUMNS} AND slug = :slug")
