"""Readers who leave while an issue is sent, and one whose message cannot be made (XH10, XH16)."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from newsletter import addresses, clock, erasure
from newsletter.extensions import db
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
from tests.faults.plan import Fault, Phase, Plan


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

READERS = 400

HESITANT = Plan(
    pace=0.004,
    faults={
        address_of(number): (Fault(Phase.DATA, delay=0.5),) for number in range(10, READERS, 40)
    },
)
"""A relay that hesitates after some readers are named to it: they were looked at already, and when
they leave in that while only the mark can still find it out."""

NOT_BEGUN = ("waiting", "suppressed", "cancelled")


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
    with make_run(plan=HESITANT, readers=READERS) as run:
        run.start()
        spared = leave_while_it_is_sent(run, leave)
        run.settle()
        run.check()
        assert spared
        assert spared.isdisjoint(receivers(run))


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


def leave_while_it_is_sent(run: Run, leave: Callable[[str], None]) -> set[str]:
    """Let sixty readers leave, and return those whose mail waited when it was too late to begin it.

    A mark that was being written when somebody left may still count, and on a server a
    transaction sees only what was committed before it began. So the row is looked at when
    every transaction has ended that is as old as the leave.
    """
    deliveries = {row.address: row.delivery_id for row in run.books.rows()}
    hesitated_over = set(HESITANT.faults)
    others = [name for name in deliveries if name not in hesitated_over]
    run.dice.shuffle(others)
    spared = set()
    while hesitated_over:
        run.wait(lambda: bool(hesitated_over & set(run.witness.named)), "one more is named")
        # The last one: if we are slow, the mark of those before is written already.
        named = [name for name in run.witness.named if name in hesitated_over][-1]
        hesitated_over.remove(named)
        for address in (named, *(others.pop() for _ in range(5))):
            leave(address)
            db.session.commit()
            run.wait(run.books.older_ended(), "what began before is over")
            if run.books.state_of(deliveries[address]) in NOT_BEGUN:
                spared.add(address)
    return spared


def receivers(run: Run) -> set[str]:
    """Return who got the issue."""
    return {message.recipient for message in run.witness.messages if message.is_accepted}
