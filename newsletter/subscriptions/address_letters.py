"""The mails of a change of address: a link to the new one, a word to the old one."""

from datetime import datetime, timedelta
from typing import Any

from newsletter import limits, links
from newsletter.addresses import Address
from newsletter.links import Link
from newsletter.subscriptions import letters, managing, suppression
from newsletter.subscriptions.models import Subscriber

KINDS = ("new-address", "address-taken", "address-changing")
"""All of them."""


def write_to_new(
    subscriber: Subscriber, number: int, wanted: Address, *, is_taken: bool, now: datetime
) -> None:
    """Mail the link that confirms a change; who has the address already is told that, instead."""
    if suppression.stops_sign_up(suppression.address_hmac(wanted.canonical)):
        return
    if not limits.may_mail("new-address", wanted.canonical, now=now):
        return
    if is_taken:
        _write("address-taken", subscriber, {}, to=wanted.spelling, now=now)
        return
    facts = {"confirm_url": links.NEW_ADDRESS.url(str(number), now=now)}
    facts |= _time_of(links.NEW_ADDRESS, now=now)
    _write("new-address", subscriber, facts, to=wanted.spelling, now=now)


def write_to_old(subscriber: Subscriber, number: int, *, now: datetime) -> None:
    """Tell the present address, with the link that keeps it."""
    facts = {"objection_url": links.OBJECTION.url(str(number), now=now)}
    _write("address-changing", subscriber, facts | _time_of(links.OBJECTION, now=now), now=now)


def _time_of(link: Link, *, now: datetime) -> dict[str, Any]:
    assert link.lifetime is not None
    return {
        "hours": int(link.lifetime / timedelta(hours=1)),
        "expires_at": (now + link.lifetime).isoformat(),
    }


def _write(
    kind: str, subscriber: Subscriber, facts: dict[str, Any], *, now: datetime, to: str = ""
) -> None:
    mailing_list = managing.home_list(subscriber)
    if mailing_list is not None:
        facts = facts | {"manage_url": links.public_url("/manage")}
        letters.write(kind, subscriber, mailing_list=mailing_list, now=now, facts=facts, to=to)
