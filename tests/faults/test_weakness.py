"""The mutation check: without the mark, the lease or the unique keys the harness finds it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from newsletter.delivery.models import Batch, CompiledEdition, Delivery, Send
from newsletter.extensions import db
from tests.faults.driver import Run
from tests.faults.installation import address_of
from tests.faults.plan import DEFER, Fault, Phase, Plan
from tests.faults.test_people import (
    HESITANT,
    READERS,
    leave_while_it_is_sent,
    receivers,
    unsubscribe,
)
from tests.faults.weakness import Weakness, drop_unique_keys

# A relay that takes its time, so that every kill finds messages under way.
SLOW = Plan(pace=0.05)


@pytest.mark.parametrize("taken_out", Weakness, ids=lambda one: one.name.lower())
def test_a_process_with_a_weakness_sends_well_while_nothing_goes_wrong(
    make_run: Callable[..., Run], taken_out: Weakness
) -> None:
    with make_run(readers=40) as run:
        run.start(weakness=taken_out, sweeps=False)
        run.settle()
        run.check()
        assert run.states() == {"sent": 40}


@pytest.mark.parametrize("taken_out", [Weakness.NONE, Weakness.NO_MARK])
def test_without_the_mark_a_kill_sends_messages_twice(
    make_run: Callable[..., Run], taken_out: Weakness
) -> None:
    with make_run(plan=SLOW, readers=120) as run:
        for _ in range(2):
            sender = run.start(weakness=taken_out)
            run.wait_for_accepted(15)
            run.kill(sender)
        run.start(weakness=taken_out)
        run.settle()
        assert ("I1" in run.broken_names()) is bool(taken_out)
        assert taken_out or run.broken_names() == set()


@pytest.mark.parametrize("taken_out", [Weakness.NONE, Weakness.NO_LEASE])
def test_without_the_lease_a_sweep_takes_the_message_out_of_a_living_hand(
    make_run: Callable[..., Run], taken_out: Weakness
) -> None:
    # An answer that takes longer than some sweeps, and says that the message was not taken.
    late = Fault(Phase.DOT, DEFER, delay=2.5)
    faults = {address_of(number): (late,) for number in range(0, 60, 6)}
    with make_run(plan=Plan(faults=faults), readers=60) as run:
        for _ in range(2):
            run.start(weakness=taken_out)
        run.settle()
        assert ("I6" in run.broken_names()) is bool(taken_out)
        assert taken_out or run.broken_names() == set()


def test_without_the_question_at_the_mark_who_left_meanwhile_gets_it(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=HESITANT, readers=READERS) as run:
        run.start(weakness=Weakness.NO_QUESTION)
        spared = leave_while_it_is_sent(run, unsubscribe)
        run.settle()
        assert spared & receivers(run)


def test_with_its_unique_keys_an_issue_that_is_planned_again_goes_out_once(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=SLOW, readers=60) as run:
        run.start()
        run.wait_for_accepted(5)
        assert not plan_again()
        assert not freeze_again()
        run.settle()
        run.check()


def test_without_the_unique_key_of_sends_an_issue_that_is_planned_again_goes_out_twice(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=SLOW, readers=60) as run:
        drop_unique_keys()
        run.start()
        run.wait_for_accepted(5)
        assert plan_again()
        run.wait(lambda: {"I1", "I5"} <= run.broken_names(), "somebody gets it twice")


def test_without_the_unique_key_of_deliveries_who_is_frozen_twice_gets_it_twice(
    make_run: Callable[..., Run],
) -> None:
    with make_run(readers=60) as run:
        drop_unique_keys()
        assert freeze_again()
        run.start()
        run.settle()
        assert run.broken_names() == {"I1", "I5"}


def plan_again() -> bool:
    """Write a second run of the issue, as a planner would who saw no first one; tell if it went."""
    [first] = db.session.scalars(sa.select(Send))
    second = Send(issue_id=first.issue_id, planned=first.planned, planned_at=first.planned_at)
    db.session.add(second)
    try:
        db.session.flush()
    except sa.exc.IntegrityError:
        db.session.rollback()
        return False
    [words] = first.editions
    edition = CompiledEdition(send_id=second.id, language=words.language, content=words.content)
    batch = Batch(send_id=second.id, due_at=first.planned_at)
    db.session.add_all([edition, batch])
    db.session.flush()
    rows = db.session.execute(sa.select(Delivery.subscriber_id, Delivery.provider)).all()
    db.session.add_all(
        Delivery(
            send_id=second.id,
            batch_id=batch.id,
            edition_id=edition.id,
            subscriber_id=subscriber_id,
            provider=provider,
        )
        for subscriber_id, provider in rows
    )
    db.session.commit()
    return True


def freeze_again() -> bool:
    """Write a second row for some readers, as a planning that runs twice would; tell if it went."""
    columns = "send_id, batch_id, edition_id, subscriber_id, provider, state, attempts"
    try:
        db.session.execute(
            sa.text(
                f"INSERT INTO delivery ({columns}, reply_status, reason)"
                f" SELECT {columns}, '', '' FROM delivery WHERE id % 10 = 0"
            )
        )
        db.session.commit()
    except sa.exc.IntegrityError:
        db.session.rollback()
        return False
    return True
