"""Taking back: exactly what was, once, only while nothing newer was decided; and the good-bye."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import links
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import (
    digest_windows,
    goodbyes,
    suppression,
    undoing,
    unsubscribing,
    wishes,
)
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    EndedReason,
    Frequency,
    Source,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving
from newsletter.subscriptions.wishes import Wish
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

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
    digest_windows.begin(subscription, now=LATER)
    subscription.state = SubscriptionState.PAUSED
    undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.PAUSED


def test_a_sign_up_that_waits_is_nobodys_decision(subscription: Subscription) -> None:
    """Anybody can ask for mail to an address, with other topics and as seldom as they like."""
    subscription.mailing_list.topics = [make_topic("mms", "MMS"), make_topic("bep", "BEP")]
    [mms, _] = subscription.mailing_list.topics
    subscription.topics = [mms]
    db.session.flush()
    row = leave(subscription)
    stranger = Wish(parse("ada@example.org"), "", "fr", Frequency.MONTHLY, topics=())
    wishes.keep(subscription.mailing_list, stranger, source=Source.FORM, now=NOW)
    assert subscription.state is SubscriptionState.PENDING
    undoing.undo(row, origin=PAGE, now=LATER)
    assert subscription.state is SubscriptionState.CONFIRMED
    assert subscription.frequency is Frequency.EVERY
    assert subscription.topics == [mms]


def test_leaving_again_has_nothing_to_take_back(subscription: Subscription) -> None:
    assert leave(subscription) is not None
    assert leave(subscription) is None


def say(at: datetime) -> list[OutboxMessage]:
    """Return the good-byes that are written then."""
    known = {mail.id for mail in mails()}
    while goodbyes.say(now=at):
        pass
    return [mail for mail in mails() if mail.id not in known]


def take_back(mail: OutboxMessage, at: datetime) -> None:
    token = mail.facts["undo_url"].rpartition("/")[2]
    for row in undoing.read(links.UNDO_BY_MAIL, token, now=at):
        undoing.undo(row, origin=PAGE, now=at)


def test_nobody_is_unsubscribed_unheard_however_often(subscription: Subscription) -> None:
    leave(subscription)
    assert say(NOW) == []
    at = NOW + goodbyes.PATIENCE
    for _ in range(goodbyes.PER_DAY):
        [mail] = say(at)
        assert (mail.kind, mail.recipient) == ("good-bye", "ada@example.org")
        assert mail.facts["happened_at"] == NOW.isoformat()
        assert say(at) == []
        take_back(mail, at + timedelta(hours=71))
        assert subscription.state is SubscriptionState.CONFIRMED
        leave(subscription)
    assert say(at) == []
    tomorrow = NOW + timedelta(days=1)
    undoing.forget_old(now=NOW + timedelta(hours=73))
    [mail] = say(tomorrow)
    undoing.forget_old(now=tomorrow + timedelta(hours=71))
    take_back(mail, tomorrow + timedelta(hours=71))
    assert subscription.state is SubscriptionState.CONFIRMED


def test_lists_that_are_left_one_after_the_other_share_a_good_bye(
    subscription: Subscription,
) -> None:
    events = make_subscription(make_list("events", name="Events"), "ada@events.example")
    events.subscriber = subscription.subscriber
    leave(subscription)
    leave(events)
    [mail] = say(NOW + goodbyes.PATIENCE)
    assert mail.facts["list_names"] == ["Stay Informed", "Events"]
    take_back(mail, LATER)
    assert {subscription.state, events.state} == {SubscriptionState.CONFIRMED}


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
    say(NOW + goodbyes.PATIENCE)
    undoing.forget_old(now=NOW + goodbyes.PATIENCE + timedelta(hours=72))
    assert len(db.session.scalars(sa.select(Undo)).all()) == 1
    undoing.forget_old(now=NOW + goodbyes.PATIENCE + timedelta(hours=72, seconds=1))
    assert db.session.scalars(sa.select(Undo)).all() == []
