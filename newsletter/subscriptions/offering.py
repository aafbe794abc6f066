"""What a list offers to who signs up: read in the driver's words, for it is asked every time.

The list as an object costs a fifth of a sign-up. One statement reads all lists, of which there are
few: who signs up must not be one of those that they write as, either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.statements import Statement, run
from newsletter.subscriptions import senders
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
    # The canonical addresses that any list, or the desk, writes from.
    own_addresses: frozenset[str]

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
    rows = run(_LISTS).rows
    row = next((row for row in rows if row[-1] and slug in ("", row[1])), None)
    if row is None:
        return None
    number, short, name, language, tracking, from_name, from_address, postal_address, _ = row
    return Offer(
        id=number,
        slug=short,
        name=name,
        default_language=language,
        tracking=Tracking(tracking),
        from_name=from_name,
        from_address=from_address,
        postal_address=postal_address,
        own_addresses=senders.own_addresses((row[1], row[6]) for row in rows),
    )


_LISTS = Statement("""SELECT id, slug, name, default_language, tracking,
    from_name, from_address, postal_address, is_public
FROM mailing_list ORDER BY id""")
