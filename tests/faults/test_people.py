"""Readers who leave while an issue is sent, and one whose message cannot be made (XH10, XH16)."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from newsletter import addresses, clock, erasure
from newsletter.extensions import db, rows_changed
from newsletter.subscriptions import suppression, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    EndedReason,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from tests.faults.driver import Run
from tests.faults.installation import address_of
from tests.faults.plan import Plan


def unsubscribe(address: str) -> None:
    """Leave by the link of a mail."""
    subscription = db.session.scalars(
        sa.select(Subscription).join(Subscriber).where(Subscriber.address == address)
    ).one()
    leaving = unsubscribing.Leaving(subscription, None)
    unsubscribing.unsubscribe(
        leaving, reason=EndedReason.ONE_CLICK, origin=Origin(), now=clock.now()
    )


def suppress(address: str) -> None:
    """Be put on the suppression list."""
    reason = SuppressionReason.COMPLAINT
    suppression.suppress(addresses.parse(address), reason=reason, note="", now=clock.now())


def erase(address: str) -> None:
    """Be forgotten."""
    erasure.erase(addresses.parse(address), now=clock.now())


WAYS_OUT = (unsubscribe, suppress, erase)


def test_who_left_before_the_first_message_is_never_named_to_the_relay(
    make_run: Callable[..., Run],
) -> None:
    with make_run(readers=90) as run:
        gone = [address_of(number) for number in range(0, 90, 7)]
        for number, address in enumerate(gone):
            WAYS_OUT[number % 3](address)
        db.session.commit()
        run.start()
        run.settle()
        run.check()
        assert run.states()["sent"] == 90 - len(gone)
        assert {address: run.witness.asked_for(address) for address in gone} == dict.fromkeys(
            gone, []
        )


@pytest.mark.parametrize("leave", WAYS_OUT, ids=lambda way: way.__name__)
def test_who_leaves_while_it_is_sent_and_still_waits_gets_nothing(
    make_run: Callable[..., Run], leave: Callable[[str], None]
) -> None:
    with make_run(plan=Plan(pace=0.004), readers=400) as run:
        run.start()
        run.wait_for_accepted(20)
        # Those who left while their row waited, in one transaction with the look at it.
        spared = []
        for number in run.dice.sample(range(400), 60):
            address = address_of(number)
            db.session.rollback()
            is_waiting = _waits(address)
            leave(address)
            db.session.commit()
            if is_waiting:
                spared.append(address)
        run.settle()
        run.check()
        got_it = {message.recipient for message in run.witness.messages if message.is_accepted}
        assert spared
        assert got_it.isdisjoint(spared)


def test_a_message_that_cannot_be_made_fails_alone(make_run: Callable[..., Run]) -> None:
    with make_run(readers=60) as run:
        poisoned = address_of(30)
        db.session.execute(
            sa.update(Subscriber)
            .where(Subscriber.address == poisoned)
            .values(attributes=["not", "a", "mapping"])
        )
        db.session.commit()
        run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 59, "failed": 1}
        assert run.state_of(poisoned) == "failed"


def _waits(address: str) -> bool:
    """Tell whether a reader's row waits, so that nobody else can move it until we commit."""
    # SQLite's transaction has the write lock from its beginning; a server locks the row.
    waiting = db.session.execute(
        sa.text(
            "UPDATE delivery SET reason = reason WHERE state = 'waiting' AND subscriber_id ="
            " (SELECT id FROM subscriber WHERE address = :address)"
        ),
        {"address": address},
    )
    return rows_changed(waiting) == 1
