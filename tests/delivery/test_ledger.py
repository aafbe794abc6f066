"""The only writer of outcomes: what it grants, what it refuses, whether it adds up."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.addresses import parse
from newsletter.delivery import closing, drivers, leases, sweeping
from newsletter.delivery.leases import Lease
from newsletter.delivery.ledger import Answer, Ledger, Mark
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.delivery.situations import (
    begin,
    claim,
    due_batches,
    give_back,
    row_of,
    states,
    write,
)

LATER = NOW + timedelta(seconds=60)


@pytest.fixture
def lease(app: Flask) -> Lease:
    begin("ada", "ben", "cleo")
    lease = claim(db.session.scalars(sa.select(Batch.id)).one(), now=NOW)
    db.session.commit()
    assert lease is not None
    return lease


def test_one_commit_holds_the_answer_and_the_next_mark(lease: Lease) -> None:
    assert write([], [_mark(lease, "ada")], now=NOW)
    assert write([_sent(lease, "ada")], [_mark(lease, "ben")], now=NOW)

    assert states(1) == {"sent": 1, "in_flight": 1, "waiting": 1}
    assert row_of("ada").finished_at == NOW
    assert row_of("ben").merge_values == {"values": {}}
    assert row_of("ada").merge_values is None


def test_a_row_is_marked_once(lease: Lease) -> None:
    mark = _mark(lease, "ada")

    assert write([], [mark], now=NOW) == {mark.delivery_id}
    assert write([], [mark], now=NOW) == frozenset()


def _pause() -> None:
    workflow.pause(db.session.get_one(Issue, 1), now=NOW)


def _cancel() -> None:
    workflow.cancel(db.session.get_one(Issue, 1))


def _unsubscribe() -> None:
    db.session.execute(sa.update(Subscription).values(state=SubscriptionState.UNSUBSCRIBED))


def _suppress() -> None:
    suppress(parse("ada@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)


def _erase() -> None:
    db.session.execute(sa.delete(Subscriber))


def _lose_the_batch() -> None:
    leases.end_expired(now=LATER)


@pytest.mark.parametrize(
    "change", [_pause, _cancel, _unsubscribe, _suppress, _erase, _lose_the_batch]
)
def test_a_mark_is_refused_when_something_changed(lease: Lease, change: Callable[[], None]) -> None:
    mark = _mark(lease, "ada")
    change()
    db.session.commit()

    assert write([], [mark], now=NOW) == frozenset()

    row = db.session.get_one(Delivery, mark.delivery_id, populate_existing=True)
    assert (row.state, row.attempts) == (DeliveryState.WAITING, 0)


def test_a_row_that_is_final_is_never_marked(lease: Lease) -> None:
    mark = _mark(lease, "ada")
    closing.cancel_waiting(db.session.scalars(sa.select(Send)).one(), now=NOW)
    db.session.commit()

    assert write([], [mark], now=NOW) == frozenset()

    assert states(1) == {"cancelled": 3}


def test_an_owner_who_lost_the_batch_cannot_write_about_rows_it_did_not_mark(
    lease: Lease,
) -> None:
    ada = row_of("ada").id
    leases.end_expired(now=LATER)
    db.session.commit()

    write([Answer(lease, ada, DeliveryState.FAILED, attempt=1)], [], now=LATER)

    assert states(1) == {"waiting": 3}


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED])
def test_a_late_answer_is_the_evidence_that_an_uncertain_row_missed(
    lease: Lease, state: DeliveryState
) -> None:
    write([], [_mark(lease, "ada")], now=NOW)
    assert sweeping.sweep(now=LATER) == 1
    db.session.commit()
    assert states(1) == {"uncertain": 1, "waiting": 2}

    write([_sent(lease, "ada")._replace(state=state)], [], now=LATER)

    assert states(1) == {state.value: 1, "waiting": 2}


def test_a_late_answer_does_not_touch_a_row_that_was_sent_again(lease: Lease) -> None:
    write([], [_mark(lease, "ada")], now=NOW)
    db.session.execute(
        sa.update(Delivery).where(Delivery.id == row_of("ada").id).values(attempts=2)
    )
    db.session.commit()

    write([_sent(lease, "ada")], [], now=NOW)

    assert states(1) == {"in_flight": 1, "waiting": 2}


def test_a_failed_commit_changes_nothing(lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    write([], [_mark(lease, "ada")], now=NOW)
    mark, answer = _mark(lease, "ben"), _sent(lease, "ada")

    # The last statement of the transaction is one that the database refuses.
    monkeypatch.setattr(drivers.Sqlite, "look", "SELECT nothing FROM nowhere")
    with pytest.raises(sqlite3.OperationalError):
        Ledger().turn([answer], [mark], [mark.delivery_id], now=NOW)

    assert states(1) == {"in_flight": 1, "waiting": 2}


def test_the_last_answer_ends_the_batch_the_send_and_the_issue(lease: Lease) -> None:
    for name in ("ada", "ben", "cleo"):
        write([], [_mark(lease, name)], now=NOW)
        write([_sent(lease, name)], [], now=NOW)

    give_back(lease, now=LATER)

    issue = db.session.get_one(Issue, 1)
    assert (issue.state, issue.sent_at) == (IssueState.SENT, LATER)
    assert db.session.scalars(sa.select(Send.finished_at)).one() == LATER
    assert states(1) == {"sent": 3}


def test_a_dead_sender_leaves_one_uncertain_row_and_a_free_batch(lease: Lease) -> None:
    write([], [_mark(lease, "ada")], now=NOW)

    assert sweeping.sweep(now=NOW + timedelta(seconds=19)) == 0
    assert sweeping.sweep(now=NOW + timedelta(seconds=21)) == 1
    assert sweeping.sweep(now=NOW + timedelta(seconds=22)) == 0
    db.session.commit()

    assert states(1) == {"uncertain": 1, "waiting": 2}
    assert "sending process stopped" in row_of("ada").reason
    assert [batch.batch_id for batch in due_batches(now=LATER)] == [lease.batch_id]


def test_the_sweep_ends_an_issue_whose_last_row_became_uncertain(lease: Lease) -> None:
    for name in ("ada", "ben"):
        write([], [_mark(lease, name)], now=NOW)
        write([_sent(lease, name)], [], now=NOW)
    write([], [_mark(lease, "cleo")], now=NOW)

    sweeping.sweep(now=LATER)
    db.session.commit()

    assert db.session.get_one(Issue, 1).state is IssueState.SENT
    assert states(1) == {"sent": 2, "uncertain": 1}


def test_cancelling_leaves_what_is_in_flight_to_end_by_itself(lease: Lease) -> None:
    write([], [_mark(lease, "ada")], now=NOW)
    workflow.cancel(db.session.get_one(Issue, 1))
    assert closing.cancel_waiting(db.session.scalars(sa.select(Send)).one(), now=NOW) == 2
    db.session.commit()
    assert states(1) == {"in_flight": 1, "cancelled": 2}

    write([_sent(lease, "ada")], [], now=NOW)
    give_back(lease, now=NOW)

    assert states(1) == {"sent": 1, "cancelled": 2}
    assert db.session.scalars(sa.select(Send.finished_at)).one() == NOW
    assert db.session.get_one(Issue, 1).state is IssueState.CANCELLED


def _mark(lease: Lease, name: str) -> Mark:
    return Mark(lease, row_of(name).id, 1, NOW, {"values": {}})


def _sent(lease: Lease, name: str) -> Answer:
    return Answer(lease, row_of(name).id, DeliveryState.SENT, attempt=1, is_marked=True, code=250)
