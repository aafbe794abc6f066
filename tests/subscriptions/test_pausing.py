"""Pauses that began while a clock was ahead last as long as was meant, from now on."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from newsletter import jobs
from newsletter.extensions import db
from newsletter.subscriptions import pausing, preferences, reducing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Subscription, SubscriptionState
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

AHEAD = NOW + timedelta(days=400)
LINK, OWN = Origin(page="/unsubscribe"), Origin(page="/manage")


@pytest.fixture
def ada(app: Flask) -> Subscription:
    return make_subscription(make_list())


def pause(subscription: Subscription, *, at: datetime) -> None:
    """Pause for a month, by the link in an issue."""
    until = pausing.after_months(1, "UTC", now=at)
    reducing.pause(Leaving(subscription, None), until, origin=LINK, now=at)


@pytest.mark.parametrize("days", [1, 20, 400])
def test_a_pause_of_a_month_ends_in_a_month(ada: Subscription, days: int) -> None:
    pause(ada, at=NOW + timedelta(days=days))
    jobs.once("mornings", now=NOW)
    ends = ada.paused_until
    assert ends is not None
    assert timedelta(days=27) < ends - NOW < timedelta(days=32)
    # The clock looks every hour; it is brought back once.
    assert pausing.settle(now=NOW + timedelta(days=3)) == 0
    assert pausing.resume_due(now=ends) == 1
    assert ada.state is SubscriptionState.CONFIRMED


def test_a_pause_after_the_clock_was_set_right_stays(ada: Subscription) -> None:
    pause(ada, at=AHEAD)
    pausing.resume(ada, origin=OWN, now=NOW)
    until = NOW + timedelta(days=180)
    reducing.pause(Leaving(ada, None), until, origin=LINK, now=NOW)
    assert pausing.settle(now=NOW) == 0
    assert ada.paused_until == until


def test_a_day_that_somebody_typed_stays_that_day(ada: Subscription) -> None:
    until = NOW + timedelta(days=60)
    ahead = NOW + timedelta(days=20)
    preferences.pause(ada, until, wants_summary=False, origin=OWN, now=ahead)
    db.session.flush()
    assert pausing.settle(now=NOW) == 0
    assert ada.paused_until == until


def test_a_clock_that_is_right_moves_nothing(ada: Subscription) -> None:
    pause(ada, at=NOW)
    assert pausing.settle(now=NOW + timedelta(seconds=1)) == 0
