"""Taking back: exactly what was, once, only while nothing newer was decided; and the good-bye."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import links
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import digest_windows, goodbyes, suppression, undoing, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    EndedReason,
    Frequency,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

PAGE = Origin(page="/unsubscribe")
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    return make_subscription(make_list())


def leave(subscription: Subscription, *, everything: bool = False) -> Undo | None:
    return unsubscribing.unsubscribe(
        Leaving(subscription, 9),
        reason=EndedReason.ONE_CLICK,
        origin=PAGE,
        now=NOW,
        from_everything=everything,
    )


def still(subscription: Subscription) -> dict[str, object]:
    """How it stands, but for when a digest is due of what was on its way, if there was any."""
    return {**undoing.standing(subscription), "digest_due_at": None}


def mails() -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage)))


def test_the_interval_is_opened_again_and_the_evidence_keeps_both(
    subscription: Subscription,
) -> None:
    row = leave(subscription)
    for _ in range(2):
        undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.CONFIRMED
    [interval] = db.session.scalars(sa.select(SubscriptionInterval)).all()
    assert (interval.started_at, interval.ended_at) == (NOW, None)
    details = db.session.scalars(sa.select(ConsentEvent.detail)).all()
    assert details == ["one-click, delivery 9", "took back the change of 2027-03-01 09:00:00Z"]


def test_everything_comes_back_as_it_was(subscription: Subscription) -> None:
    events, rest = make_list("events"), make_list("rest")
    weekly = Subscription(
        subscriber=subscription.subscriber,
        mailing_list=events,
        state=SubscriptionState.CONFIRMED,
        frequency=Frequency.WEEKLY,
        requested_at=NOW,
    )
    resting = Subscription(
        subscriber=subscription.subscriber,
        mailing_list=rest,
        state=SubscriptionState.PAUSED,
        paused_until=NOW + timedelta(days=9),
        wants_summary=True,
        requested_at=NOW,
    )
    db.session.add_all([weekly, resting])
    db.session.flush()
    digest_windows.begin(weekly, now=NOW)
    every = [subscription, weekly, resting]
    before = [still(one) for one in every]
    due_at = weekly.digest_due_at
    row = leave(subscription, everything=True)
    assert {one.state for one in every} == {SubscriptionState.UNSUBSCRIBED}
    undoing.undo(row, origin=PAGE, now=LATER)
    assert [still(one) for one in every] == before
    assert weekly.digest_due_at == due_at
    assert resting.digest_due_at is None


def test_what_began_meanwhile_comes_as_one_summary(subscription: Subscription) -> None:
    row = leave(subscription)
    subscription.mailing_list.issues_begun += 1
    db.session.flush()
    undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.CONFIRMED
    assert subscription.digest_after == 0
    assert subscription.digest_due_at is not None


def test_the_newest_decision_wins(subscription: Subscription) -> None:
    row = leave(subscription)
    subscription.state = SubscriptionState.PENDING
    undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.PENDING


def test_leaving_again_has_nothing_to_take_back(subscription: Subscription) -> None:
    assert leave(subscription) is not None
    assert leave(subscription) is None


def test_the_good_bye_comes_once_a_day_and_not_for_who_took_it_back(
    subscription: Subscription,
) -> None:
    leave(subscription)
    assert goodbyes.say(now=NOW) == 0
    soon = NOW + goodbyes.PATIENCE
    assert goodbyes.say(now=soon) == 1
    assert goodbyes.say(now=soon) == 0
    [mail] = mails()
    assert (mail.kind, mail.recipient) == ("good-bye", "ada@example.org")
    token = mail.facts["undo_url"].rpartition("/")[2]
    row = undoing.read(links.UNDO_BY_MAIL, token, now=NOW + timedelta(hours=71))
    undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.CONFIRMED
    leave(subscription)
    assert goodbyes.say(now=soon) == 1
    assert len(mails()) == 1


def test_who_pressed_undo_gets_no_good_bye(subscription: Subscription) -> None:
    undoing.undo(leave(subscription), origin=PAGE, now=NOW)
    assert goodbyes.say(now=NOW + goodbyes.PATIENCE) == 0
    assert mails() == []


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINT, SuppressionReason.BOUNCE])
def test_there_is_no_good_bye_after_a_complaint(
    subscription: Subscription, reason: SuppressionReason
) -> None:
    leave(subscription)
    suppression.suppress(parse("ada@example.org"), reason=reason, note="", now=NOW)
    assert goodbyes.say(now=NOW + goodbyes.PATIENCE) == 1
    assert mails() == []


def test_what_cannot_be_taken_back_is_forgotten(subscription: Subscription) -> None:
    leave(subscription)
    undoing.forget_old(now=NOW + timedelta(hours=72))
    assert len(db.session.scalars(sa.select(Undo)).all()) == 1
    undoing.forget_old(now=NOW + timedelta(hours=72, seconds=1))
    assert db.session.scalars(sa.select(Undo)).all() == []
