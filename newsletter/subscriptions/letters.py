"""Single mails to readers: in their language, from one of the lists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from newsletter import links
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import lists
from newsletter.subscriptions.offering import Listed


class Reader(Protocol):
    """Who is written to: where, and in which language."""

    @property
    def address(self) -> str: ...

    @property
    def language(self) -> str: ...


def write(
    kind: str,
    subscriber: Reader,
    *,
    mailing_list: Listed,
    now: datetime,
    facts: Mapping[str, Any],
    to: str = "",
    due_at: datetime | None = None,
) -> None:
    """Queue one mail to a reader, or `to` another address of theirs; it leaves at `due_at`."""
    write_to(
        to or subscriber.address,
        kind,
        subscriber.language,
        mailing_list=mailing_list,
        now=now,
        facts=facts,
        due_at=due_at,
    )


def write_to(
    address: str,
    kind: str,
    language: str,
    *,
    mailing_list: Listed,
    now: datetime,
    facts: Mapping[str, Any],
    due_at: datetime | None = None,
) -> None:
    """Queue one mail to somebody who is no subscriber, or not yet."""
    sender = Mailbox(lists.sender_name(mailing_list), lists.sender_address(mailing_list))
    common = {
        "list_name": mailing_list.name,
        "sender_address": sender.address,
        "postal_address": mailing_list.postal_address,
        "public_url": links.public_url("/"),
    }
    outbox.enqueue(
        kind,
        to=address,
        language=language,
        sender=sender,
        facts={**common, **facts},
        now=now,
        due_at=due_at,
    )
