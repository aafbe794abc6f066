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
from newsletter.statements import Statement, forget_rows, instant, run
from newsletter.subscriptions import agreeing, consent, digest_windows, undoing
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
    number, delivery_id = numbers(link, token, now=now)
    return Leaving(subscription=db.session.get(Subscription, number), delivery_id=delivery_id)


def numbers(link: links.Link, token: str, *, now: datetime) -> tuple[int, int | None]:
    """Return the numbers of the subscription and of the delivery in such a token; or DeadLink."""
    subscription_id, _, delivery_id = link.read(token, now=now).partition("-")
    if not subscription_id.isdecimal() or not (delivery_id or "0").isdecimal():
        raise DeadLink
    return int(subscription_id), int(delivery_id) if delivery_id else None


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
    ended = _end(subscription.id, reason=reason, origin=origin, now=now, delivery_id=delivery_id)
    forget_rows(Subscription, SubscriptionInterval)
    return ended.before if ended and ended.can_be_taken_back else None


def one_click(
    ending: Sequence[int],
    *,
    delivery_id: int | None,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
) -> None:
    """End the subscriptions with these numbers, all of one person, as a mail program asks.

    The same as `unsubscribe`, without a row as an object: this is the door that must not stand
    still when a large issue has just gone out. The list of the first says good-bye.
    """
    ended = {}
    for number in ending:
        one = _end(number, reason=reason, origin=origin, now=now, delivery_id=delivery_id)
        if one and one.can_be_taken_back:
            ended[number] = one
    if ended:
        first, *_ = ended.values()
        undoing.keep_ends(
            {number: one.before for number, one in ended.items()},
            subscriber_id=first.subscriber_id,
            mailing_list_id=first.mailing_list_id,
            now=now,
        )


@dataclass(frozen=True)
class _Ended:
    """A subscription that ended just now, and how it stood before."""

    subscriber_id: int
    mailing_list_id: int
    before: dict[str, Any]
    was_recorded: bool

    @property
    def can_be_taken_back(self) -> bool:
        # Who never confirmed had nothing that could be given back.
        return bool(self.before["state"] != SubscriptionState.PENDING)


def _end(
    number: int, *, reason: EndedReason, origin: Origin, now: datetime, delivery_id: int | None
) -> _Ended | None:
    """End what has not ended; None for what has, and for who is gone."""
    ended = _standing(number)
    if ended is None:
        return None
    # The newest decision wins: confirmation links mailed before are dead (STANDARDS XA13).
    wish = secrets.token_hex(8)
    run(_END, id=number, wish=wish, **digest_windows.when_ended(now=now))
    run(_END_INTERVAL, id=number, now=now, reason=reason.value)
    consent.record(
        ConsentKind.UNSUBSCRIBED,
        ended,
        origin=origin,
        now=now,
        detail=reason.value + (f", delivery {delivery_id}" if delivery_id else ""),
    )
    if ended.was_recorded:
        agreeing.forget(number, ended, origin=origin, now=now)
    return ended


def _standing(number: int) -> _Ended | None:
    row = run(_STANDING, id=number).first()
    if row is None:
        return None
    person, of_list, state, frequency, paused_until, summary, due_at, begun, agreed = row
    before = undoing.facts_of(
        state=state,
        frequency=frequency,
        paused_until=instant(paused_until),
        wants_summary=bool(summary),
        digest_due_at=instant(due_at),
        issues_begun=begun,
    )
    return _Ended(person, of_list, before | undoing.topics_of(number), was_recorded=bool(agreed))


# Of two who end the same at once, the second waits here and then finds that it ended.
_STANDING = Statement(
    """SELECT subscription.subscriber_id, subscription.mailing_list_id, subscription.state,
        subscription.frequency, subscription.paused_until, subscription.wants_summary,
        subscription.digest_due_at, mailing_list.issues_begun, subscription.agreed_to_tracking
    FROM subscription JOIN mailing_list ON mailing_list.id = subscription.mailing_list_id
    WHERE subscription.id = :id AND subscription.state <> 'unsubscribed'""",
    locked="subscription",
)

# Who comes back, or takes it back, is asked anew whether they may be recorded.
_END = Statement(
    f"""UPDATE subscription
    SET state = 'unsubscribed', wish = :wish, agreed_to_tracking = :no, last_open_on = NULL,
        {digest_windows.ENDED}
    WHERE id = :id""",
    times=("owed_since",),
)

_END_INTERVAL = Statement(
    """UPDATE subscription_interval SET ended_at = :now, ended_reason = :reason
    WHERE subscription_id = :id AND ended_at IS NULL""",
    times=("now",),
)
