"""Leaving, by links that never expire and show nothing of the person.

The token names a subscription and, inside an issue, the delivery it came
with. It stays good for people who were erased since: they get the same
calm answer, and nothing happens.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter import links
from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.statements import Statement, forget_rows, run
from newsletter.subscriptions import consent, digest_windows, undoing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    MailingList,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from newsletter.subscriptions.undoing import Undo


@dataclass(frozen=True)
class Leaving:
    """What an unsubscribe or preferences link is about; `subscription` is None after erasure.

    A digest is mail of several lists: `others` are those of the same person on the other ones.
    """

    subscription: Subscription | None
    delivery_id: int | None
    others: Sequence[Subscription] = ()

    @property
    def subscriptions(self) -> list[Subscription]:
        """All that the mail was for."""
        return [self.subscription, *self.others] if self.subscription else []

    @property
    def mailing_lists(self) -> list[MailingList]:
        """The lists of the mail that the link came with."""
        return [one.mailing_list for one in self.subscriptions]


def payload(subscription_id: int, delivery_id: int | None = None) -> str:
    """Return what an unsubscribe or preferences token carries."""
    return f"{subscription_id}-{delivery_id}" if delivery_id else str(subscription_id)


def url(number: int, *, now: datetime) -> str:
    """Return the unsubscribe link of a subscription, for a mail that is not part of an issue."""
    return links.UNSUBSCRIBE.url(payload(number), now=now)


def read(link: links.Link, token: str, *, now: datetime) -> Leaving:
    """Return what the token of an unsubscribe or preferences link names.

    Raises DeadLink for a token that is not ours; a person who is gone is no error (L06).
    """
    subscription_id, _, delivery_id = link.read(token, now=now).partition("-")
    if not subscription_id.isdecimal() or not (delivery_id or "0").isdecimal():
        raise DeadLink
    return Leaving(
        subscription=db.session.get(Subscription, int(subscription_id)),
        delivery_id=int(delivery_id) if delivery_id else None,
    )


def unsubscribe(
    leaving: Leaving,
    *,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
    from_everything: bool = False,
) -> Undo | None:
    """End what the mail was for, or all that the person gets, at once; again is harmless.

    Returns what takes it back, None where nothing ended. A good-bye mail follows, which
    protects whoever's mail somebody else had in hand.
    """
    subscription = leaving.subscription
    if subscription is None:
        return None
    ending = leaving.subscriptions
    if from_everything:
        ending = subscription.subscriber.subscriptions
    # The one whose link was used comes first: its list says good-bye.
    ending = sorted(ending, key=lambda one: one.id != subscription.id)
    ended = []
    for one in ending:
        before = end(one, reason=reason, origin=origin, now=now, delivery_id=leaving.delivery_id)
        if before is not None:
            ended.append((one, before))
    return undoing.keep(ended, now=now, says_goodbye=True)


def end(
    subscription: Subscription,
    *,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
    delivery_id: int | None = None,
) -> dict[str, Any] | None:
    """End one subscription; return how it stood if that can be taken back."""
    db.session.refresh(subscription, with_for_update=True)
    if subscription.state is SubscriptionState.UNSUBSCRIBED:
        return None
    before = undoing.standing(subscription, has_topics=True)
    _end(subscription, reason=reason, origin=origin, now=now, delivery_id=delivery_id)
    # Who never confirmed had nothing that could be given back.
    return None if before["state"] == SubscriptionState.PENDING else before


def _end(
    subscription: Subscription,
    *,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
    delivery_id: int | None,
) -> None:
    digest_windows.end(subscription, now=now)
    subscription.state = SubscriptionState.UNSUBSCRIBED
    # Who comes back is asked anew whether they may be recorded, and until then they are not.
    subscription.agreed_to_tracking = False
    subscription.last_open_on = None
    # The newest decision wins: confirmation links mailed before are dead (STANDARDS XA13).
    subscription.wish = secrets.token_hex(8)
    ended = {"id": subscription.id, "now": now, "reason": reason.value}
    if run(_END_INTERVAL, **ended).count:
        forget_rows(SubscriptionInterval)
    consent.record(
        ConsentKind.UNSUBSCRIBED,
        subscription,
        origin=origin,
        now=now,
        detail=reason.value + (f", delivery {delivery_id}" if delivery_id else ""),
    )


_END_INTERVAL = Statement(
    """UPDATE subscription_interval SET ended_at = :now, ended_reason = :reason
    WHERE subscription_id = :id AND ended_at IS NULL""",
    times=("now",),
)
