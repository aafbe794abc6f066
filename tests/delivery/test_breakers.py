"""When an issue has to stop and ask a person."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import breakers, control
from newsletter.delivery.breakers import BOUNCES, COMPLAINTS, FAULTS, Breaker
from newsletter.delivery.models import Delivery, DeliveryState, Provider, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import Subscriber, Suppression, SuppressionReason
from tests.conftest import NOW
from tests.delivery.situations import begin, readers
from tests.factories import make_editor

SOON = NOW + timedelta(minutes=1)

UNKNOWN = {"reply_code": 550, "reply_status": "5.1.1", "reason": "No such user"}


@pytest.mark.parametrize(
    ("breaker", "met", "outcomes", "pauses"),
    [
        (BOUNCES, 25, 500, False),
        (BOUNCES, 26, 500, True),
        (BOUNCES, 499, 499, False),
        (COMPLAINTS, 1, 500, False),
        (COMPLAINTS, 2, 500, True),
        (COMPLAINTS, 2, 1000, False),
        (FAULTS, 5, 500, False),
        (FAULTS, 6, 500, True),
    ],
)
def test_a_share_is_judged_after_500_outcomes(
    breaker: Breaker, met: int, outcomes: int, pauses: bool
) -> None:
    assert bool(breaker.judge(met, outcomes)) is pauses
    assert not breaker.judge(met, breaker.enough(met))


@pytest.fixture
def number(app: Flask) -> int:
    """An issue of 620 readers that is being sent, of whom nobody has it yet."""
    make_editor()
    return begin(*readers(620))


def settle(count: int, state: DeliveryState = DeliveryState.SENT, **facts: object) -> None:
    """Let the next so many waiting rows end."""
    waiting = (
        sa.select(Delivery.id)
        .where(Delivery.state == DeliveryState.WAITING)
        .order_by(Delivery.id)
        .limit(count)
    )
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(waiting))
        .values(state=state, finished_at=SOON, **facts)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def complain(count: int) -> None:
    people = db.session.scalars(
        sa.select(Subscriber)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.state == DeliveryState.SENT)
        .order_by(Subscriber.id)
        .limit(count)
    )
    db.session.add_all(
        Suppression(
            address_hmac=person.address_hmac,
            address=person.address,
            reason=SuppressionReason.COMPLAINT,
            since=SOON,
        )
        for person in people
    )
    db.session.commit()


def why(number: int) -> str:
    """Examine, and return why the issue paused; nothing if it goes on."""
    paused = breakers.examine(now=SOON)
    db.session.commit()
    issue = db.session.get_one(Issue, number, populate_existing=True)
    assert (number in paused) is (issue.state is IssueState.PAUSED)
    return issue.pause_reason


def test_an_issue_that_goes_well_goes_on(number: int) -> None:
    settle(495)
    settle(25, DeliveryState.FAILED, **UNKNOWN)
    assert why(number) == ""


def test_too_many_addresses_that_do_not_exist_pause_it_and_tell_the_editors(number: int) -> None:
    settle(494)
    settle(27, DeliveryState.FAILED, **UNKNOWN)

    assert why(number) == (
        "27 of 521 messages went to addresses that do not exist: 5.2 %, and the limit is 5 %. "
        "Find out where these readers came from before you resume."
    )
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 1
    assert breakers.examine(now=SOON) == []


@pytest.mark.parametrize(
    ("facts", "pauses"),
    [
        ({"reply_code": 550, "reply_status": "5.1.10"}, True),
        ({"reply_code": 554, "reply_status": "5.4.4"}, True),
        ({"reply_code": 550, "reply_status": ""}, True),
        ({"reply_code": 550, "reply_status": "5.7.1"}, False),
        ({"reply_code": 552, "reply_status": "5.2.2"}, False),
        ({"reply_code": 552, "reply_status": "5.3.4"}, False),
        ({"reply_code": 552, "reply_status": ""}, False),
        ({"reply_code": 451, "reply_status": "4.3.0", "reason": "Given up"}, False),
    ],
)
def test_only_what_says_that_the_address_does_not_exist_counts(
    number: int, facts: dict[str, object], pauses: bool
) -> None:
    settle(400)
    settle(200, DeliveryState.FAILED, **facts)
    assert bool(why(number)) is pauses


def test_before_500_outcomes_nothing_is_judged(number: int) -> None:
    settle(499, DeliveryState.FAILED, **UNKNOWN)
    assert why(number) == ""


def test_too_many_messages_that_could_not_be_made_pause_it(number: int) -> None:
    settle(594)
    settle(6, DeliveryState.FAILED, reason="The message could not be made (KeyError).")
    assert why(number) == ""

    settle(1, DeliveryState.FAILED, reason="The message could not be made (KeyError).")
    assert why(number).startswith("7 of 601 messages could not be made: 1.2 %")


def test_too_many_complaints_pause_it(number: int) -> None:
    settle(600)
    complain(1)
    assert why(number) == ""

    complain_more = 2
    db.session.execute(sa.delete(Suppression))
    complain(complain_more)
    assert why(number).startswith("2 of 600 readers reported the issue as unwanted: 0.3 %")


def test_complaints_from_before_are_not_about_this_issue(number: int) -> None:
    settle(600)
    complain(5)
    db.session.execute(sa.update(Suppression).values(since=NOW - timedelta(days=1)))
    assert why(number) == ""


def test_who_resumed_it_is_not_asked_again_for_the_same_numbers(number: int) -> None:
    settle(500, DeliveryState.FAILED, **UNKNOWN)
    assert why(number)

    control.resume(db.session.get_one(Issue, number), now=SOON)
    db.session.commit()
    assert why(number) == ""

    settle(100, DeliveryState.FAILED, **UNKNOWN)
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.state == DeliveryState.FAILED)
        .values(finished_at=SOON + timedelta(seconds=1))
    )
    db.session.commit()
    assert why(number).startswith("600 of 600 messages")


def test_two_held_providers_pause_it(number: int) -> None:
    for name in ("gmail.com", "yahoo.com"):
        assert why(number) == ""
        db.session.add(Provider(name=name, held_until=SOON + timedelta(hours=1), held_for="5.7.1"))
        db.session.commit()

    assert "gmail.com and yahoo.com" in why(number)


def test_one_run_can_be_examined_alone(number: int) -> None:
    settle(500, DeliveryState.FAILED, **UNKNOWN)
    send_id = db.session.scalars(sa.select(Send.id)).one()
    assert breakers.examine(send_id + 1, now=SOON) == []
    assert breakers.examine(send_id, now=SOON) == [number]
