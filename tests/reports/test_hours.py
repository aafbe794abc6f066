"""The first two days of an issue, hour by hour of the clock."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import reports
from newsletter.delivery.models import DeliveryState
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.reports.hours import HOUR, HOURS, first_hours
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    EndedReason,
    Source,
    SubscriptionInterval,
)
from tests.conftest import NOW
from tests.delivery.situations import begin
from tests.reports.situations import put

BEGAN = NOW + timedelta(minutes=20)
SENT = {"state": DeliveryState.SENT, "due_at": None}


@pytest.fixture
def number(app: Flask) -> int:
    """An issue to four readers that began at twenty past nine."""
    return begin("ada", "ben", "cleo", "dan", at=BEGAN)


def leave(number: int, *, after: timedelta, subscriber_id: int | None = 1) -> None:
    db.session.add(
        ConsentEvent(
            at=BEGAN + after,
            kind=ConsentKind.UNSUBSCRIBED,
            subscriber_id=subscriber_id,
            mailing_list_id=1,
            actor="subscriber",
            detail="link",
            issue_id=number,
        )
    )
    if subscriber_id is not None:
        db.session.add(
            SubscriptionInterval(
                subscription_id=subscriber_id,
                source=Source.FORM,
                started_at=BEGAN - HOUR,
                ended_at=BEGAN + after,
                ended_reason=EndedReason.LINK,
            )
        )
    db.session.commit()


def test_what_was_taken_stands_in_its_hour(number: int) -> None:
    put(0, 1, finished_at=BEGAN, **SENT)
    put(1, 2, finished_at=BEGAN + timedelta(minutes=39, seconds=59), **SENT)
    put(2, 3, finished_at=BEGAN + timedelta(minutes=40), **SENT)
    put(3, 4, finished_at=BEGAN, state=DeliveryState.FAILED)
    hours = first_hours(number)
    assert len(hours) == HOURS
    assert [hour.at for hour in hours[:2]] == [NOW, NOW + HOUR]
    assert [hour.sent for hour in hours] == [2, 1] + [0] * 46


def test_who_left_is_counted_by_hour_and_once_in_all(number: int) -> None:
    leave(number, after=timedelta(0))
    leave(number, after=timedelta(hours=1))
    leave(number, after=timedelta(hours=50), subscriber_id=2)
    leave(number, after=timedelta(hours=2), subscriber_id=None)
    leave(number + 1, after=timedelta(0), subscriber_id=3)
    assert [hour.left for hour in first_hours(number)][:4] == [1, 1, 1, 0]
    assert sum(hour.left for hour in first_hours(number)) == 3
    assert reports.left(number) == 3


def test_an_issue_that_has_not_begun_has_no_hours(app: Flask) -> None:
    with pytest.raises(NotFound):
        first_hours(1)
