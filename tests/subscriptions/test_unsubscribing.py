"""Leaving: at once, for good, again harmless; nothing but less can be made of a link."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import links
from newsletter.errors import DeadLink, InvalidInput
from newsletter.extensions import db
from newsletter.subscriptions import digest_windows, reducing, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    EndedReason,
    Frequency,
    Subscription,
    SubscriptionState,
)
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

PAGE = Origin(page="/unsubscribe", ip="192.0.2.1")


def leave(leaving: Leaving, *, from_everything: bool = False) -> None:
    unsubscribing.unsubscribe(
        leaving,
        reason=EndedReason.ONE_CLICK,
        origin=PAGE,
        now=NOW,
        from_everything=from_everything,
    )


def test_leaving_ends_the_interval_and_records_the_issue(app: Flask) -> None:
    subscription = make_subscription(make_list())
    leave(Leaving(subscription, 42))
    [interval] = subscription.intervals
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    assert (interval.ended_at, interval.ended_reason) == (NOW, EndedReason.ONE_CLICK)
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.kind, event.detail) == (ConsentKind.UNSUBSCRIBED, "one-click, delivery 42")


@pytest.mark.parametrize("owed_since", [None, NOW - timedelta(days=3)])
@pytest.mark.parametrize("due_at", [None, NOW + timedelta(days=1)])
@pytest.mark.parametrize("frequency", Frequency)
def test_who_leaves_is_owed_what_a_pause_would_owe(
    app: Flask, frequency: Frequency, due_at: datetime | None, owed_since: datetime | None
) -> None:
    news = make_list()
    left, paused = (
        make_subscription(news, f"{name}@example.org", frequency=frequency) for name in "ab"
    )
    for one in (left, paused):
        one.digest_due_at, one.digest_owed_since = due_at, owed_since
    leave(Leaving(left, None))
    digest_windows.pause(paused, until=None, wants_summary=False, now=NOW)
    assert paused.digest_owed_since is not None
    assert left.digest_owed_since == paused.digest_owed_since
    assert left.digest_due_at is None


def test_who_leaves_in_a_pause_is_owed_what_was_owed_then(app: Flask) -> None:
    subscription = make_subscription(make_list())
    digest_windows.pause(subscription, until=NOW, wants_summary=True, now=NOW - timedelta(days=1))
    owed_since = subscription.digest_owed_since
    leave(Leaving(subscription, None))
    assert subscription.digest_owed_since == owed_since
    assert (subscription.paused_until, subscription.wants_summary) == (None, False)


def test_leaving_twice_is_one_event(app: Flask) -> None:
    subscription = make_subscription(make_list())
    leave(Leaving(subscription, None))
    leave(Leaving(subscription, None))
    assert db.session.scalar(sa.select(sa.func.count(ConsentEvent.id))) == 1


def test_leaving_one_list_keeps_the_others_unless_everything_is_asked(app: Flask) -> None:
    first = make_subscription(make_list("first"))
    second = Subscription(
        subscriber=first.subscriber,
        mailing_list=make_list("second"),
        state=SubscriptionState.CONFIRMED,
        requested_at=NOW,
    )
    db.session.add(second)
    db.session.flush()
    leave(Leaving(first, None))
    assert second.state is SubscriptionState.CONFIRMED
    leave(Leaving(first, None), from_everything=True)
    assert second.state is SubscriptionState.UNSUBSCRIBED


def test_a_token_names_its_subscription_and_delivery(app: Flask) -> None:
    subscription = make_subscription(make_list())
    payload = unsubscribing.payload(subscription.id, 7)
    token = links.UNSUBSCRIBE.token(payload, now=NOW)
    found = unsubscribing.read(links.UNSUBSCRIBE, token, now=NOW)
    assert (found.subscription, found.delivery_id) == (subscription, 7)


def test_a_token_of_somebody_who_is_gone_still_answers(app: Flask) -> None:
    token = links.UNSUBSCRIBE.token(unsubscribing.payload(4711), now=NOW)
    found = unsubscribing.read(links.UNSUBSCRIBE, token, now=NOW)
    assert found.subscription is None
    leave(found)


@pytest.mark.parametrize("payload", ["", "x", "-1", "1-x", "1-2-3", "٣"])
def test_a_signed_payload_of_another_form_is_dead(app: Flask, payload: str) -> None:
    token = links.UNSUBSCRIBE.token(payload, now=NOW)
    with pytest.raises(DeadLink):
        unsubscribing.read(links.UNSUBSCRIBE, token, now=NOW)


def test_stopping_a_topic_leaves_the_others(app: Flask) -> None:
    news, mms, bep = make_topic("news"), make_topic("mms"), make_topic("bep")
    mailing_list = make_list(topics=(news, mms, bep))
    everything = make_subscription(mailing_list)
    reducing.stop_topics(Leaving(everything, None), [mms], origin=PAGE, now=NOW)
    assert {topic.slug for topic in everything.topics} == {"news", "bep"}
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.kind, event.detail) == (ConsentKind.CHANGED, "stopped mms")


def test_stopping_what_one_does_not_have_changes_nothing(app: Flask) -> None:
    news, mms = make_topic("news"), make_topic("mms")
    subscription = make_subscription(make_list(topics=(news, mms)), topics=(news,))
    reducing.stop_topics(Leaving(subscription, None), [mms], origin=PAGE, now=NOW)
    assert subscription.topics == [news]
    assert db.session.scalars(sa.select(ConsentEvent)).all() == []


def test_stopping_the_last_topic_is_leaving(app: Flask) -> None:
    news, mms = make_topic("news"), make_topic("mms")
    subscription = make_subscription(make_list(topics=(news, mms)), topics=(mms,))
    reducing.stop_topics(Leaving(subscription, None), [mms], origin=PAGE, now=NOW)
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_stopping_nothing_asks_for_a_choice(app: Flask) -> None:
    subscription = make_subscription(make_list(topics=(make_topic("news"),)))
    with pytest.raises(InvalidInput, match="at least one topic"):
        reducing.stop_topics(Leaving(subscription, None), [], origin=PAGE, now=NOW)
