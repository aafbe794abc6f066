"""Uncertain rows, and what a person may decide about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses, reports
from newsletter.delivery import closing, control, leases, planning, resolving
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.resolving import Decision, Resolution
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.delivery.situations import (
    Post,
    begin,
    claim,
    due_batches,
    renew,
)
from tests.factories import make_due_issue, make_list, make_subscription
from tests.relay import CLOSE, Relay

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue that is over: Ada got it, nobody knows whether Ben and Cleo did."""
    news = make_list()
    for name in ("ada", "ben", "cleo"):
        make_subscription(news, f"{name}@example.org", name=name.title())
    issue = make_due_issue(news)
    planning.plan(issue, now=NOW)
    put("ada", state=DeliveryState.SENT, reply_code=250)
    for name in ("ben", "cleo"):
        doubt(name)
    end()
    assert issue.state is IssueState.SENT
    return issue


def end() -> None:
    """What the sender does when it has come to the last row."""
    closing.close_batches(sa.true())
    closing.finish_done(now=NOW)
    db.session.commit()


def doubt(name: str) -> None:
    put(
        name,
        state=DeliveryState.UNCERTAIN,
        attempts=1,
        first_attempt_at=NOW,
        finished_at=NOW,
        merge_values={"format": "html", "values": {"name": name}},
        reason="The connection broke.",
    )


def put(name: str, **columns: object) -> None:
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.subscriber_id.in_(_reader(name)))
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def row(name: str) -> Delivery:
    db.session.expire_all()
    return db.session.scalars(
        sa.select(Delivery).where(Delivery.subscriber_id.in_(_reader(name)))
    ).one()


def resolve(issue: Issue, decision: Decision, address: str = "") -> Resolution:
    return resolving.resolve(
        issue,
        decision,
        by="Edith (editor 1)",
        now=LATER,
        address=addresses.parse(address) if address else None,
    )


def test_taken_as_sent_is_final_and_the_row_says_who_decided(issue: Issue) -> None:
    assert resolve(issue, Decision.SENT) == Resolution(decided=2)
    ben = row("ben")
    assert (ben.state, ben.finished_at, ben.merge_values) == (DeliveryState.SENT, LATER, None)
    assert reports.trace(issue.id, "ben@example.org").reason == (
        "Counted as sent, as Edith (editor 1) decided on 2027-03-01 10:00 UTC. "
        "Before: The connection broke."
    )
    assert reports.report(issue.id) == reports.Report(planned=3, sent=3)
    assert issue.state is IssueState.SENT


def test_sent_again_waits_with_the_bytes_of_the_first_attempt(issue: Issue) -> None:
    assert resolve(issue, Decision.AGAIN) == Resolution(decided=2)
    ben = row("ben")
    assert (ben.state, ben.attempts, ben.first_attempt_at) == (DeliveryState.WAITING, 1, NOW)
    assert ben.merge_values == {"format": "html", "values": {"name": "ben"}}
    assert (ben.due_at, ben.finished_at) == (None, None)
    assert ben.reason.startswith("To be sent again, as Edith (editor 1) decided")
    assert issue.state is IssueState.SENDING
    assert [due.issue_id for due in due_batches(now=LATER)] == [issue.id]
    assert db.session.scalars(sa.select(Send.finished_at)).one() is None


def test_one_reader_alone_can_be_decided(issue: Issue) -> None:
    assert resolve(issue, Decision.AGAIN, "BEN@example.org") == Resolution(decided=1, busy=0)
    assert row("cleo").state is DeliveryState.UNCERTAIN
    with pytest.raises(Refused, match="not uncertain"):
        resolve(issue, Decision.SENT, "ada@example.org")
    with pytest.raises(NotFound, match="was not planned for zoe@example.org"):
        resolve(issue, Decision.SENT, "zoe@example.org")


@pytest.mark.parametrize("decision", Decision)
def test_a_batch_that_somebody_works_on_is_left_alone(issue: Issue, decision: Decision) -> None:
    db.session.execute(sa.update(Batch).values(leased_until=LATER))
    db.session.commit()
    assert resolve(issue, decision) == Resolution(decided=0, busy=2)
    assert row("ben").state is DeliveryState.UNCERTAIN
    assert issue.state is IssueState.SENT


def test_who_left_or_is_never_mailed_stays_uncertain_and_gets_nothing(issue: Issue) -> None:
    db.session.execute(
        sa.update(Subscription)
        .where(Subscription.subscriber_id.in_(_reader("ben")))
        .values(state=SubscriptionState.UNSUBSCRIBED)
    )
    suppression.suppress(
        addresses.parse("cleo@example.org"),
        reason=SuppressionReason.COMPLAINT,
        note="",
        now=NOW,
    )
    db.session.commit()
    assert resolve(issue, Decision.AGAIN) == Resolution(decided=0, unwanted=2)
    assert issue.state is IssueState.SENT
    assert resolve(issue, Decision.SENT) == Resolution(decided=2)


def test_a_cancelled_issue_sends_nothing_again(issue: Issue) -> None:
    resolve(issue, Decision.AGAIN, "ben@example.org")
    control.cancel(issue, now=LATER)
    db.session.commit()
    with pytest.raises(Refused, match="was cancelled"):
        resolve(issue, Decision.AGAIN)
    assert resolve(issue, Decision.SENT).decided == 2


def test_what_was_to_be_sent_again_is_uncertain_again_when_the_issue_is_cancelled(
    issue: Issue,
) -> None:
    resolve(issue, Decision.AGAIN)
    control.cancel(issue, now=LATER)
    db.session.commit()
    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, uncertain=2)
    assert issue.state is IssueState.CANCELLED


def test_a_paused_issue_stays_paused_until_somebody_resumes_it(issue: Issue) -> None:
    resolve(issue, Decision.AGAIN, "ben@example.org")
    control.pause(issue, now=NOW)
    db.session.commit()
    assert resolve(issue, Decision.AGAIN) == Resolution(decided=1)
    assert issue.state is IssueState.PAUSED
    assert due_batches(now=LATER) == []
    control.resume(issue, now=LATER)
    db.session.commit()
    assert len(due_batches(now=LATER)) == 1


def test_deciding_twice_says_that_there_is_nothing_to_decide(issue: Issue) -> None:
    resolve(issue, Decision.SENT)
    with pytest.raises(Refused, match="not uncertain"):
        resolve(issue, Decision.AGAIN)


def test_an_issue_that_was_never_planned_has_nothing_to_decide(app: Flask) -> None:
    issue = make_due_issue(make_list())
    with pytest.raises(Refused, match="not uncertain"):
        resolve(issue, Decision.SENT)


def test_many_are_decided_some_at_a_time(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "CHUNK", 1)
    assert resolve(issue, Decision.AGAIN) == Resolution(decided=2)
    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, waiting=2)


def test_whoever_held_the_batch_before_may_not_write_into_it(issue: Issue) -> None:
    batch = db.session.scalars(sa.select(Batch)).one()
    resolve(issue, Decision.AGAIN, "ben@example.org")
    assert claim(batch.id, now=LATER) is not None
    assert not renew(leases.Lease(batch.id, batch.lease - 1), now=LATER)


@pytest.mark.parametrize(
    ("phase", "answer", "then"),
    [
        ("", "", "Then: Unsubscribed after the issue was planned."),
        ("RCPT", "550 5.1.1 No such user", "Then: No such user"),
        ("DOT", "554 5.2.3 Not this one", "Then: Not this one"),
    ],
)
def test_a_second_attempt_that_came_to_nothing_leaves_the_first_in_doubt(
    app: Flask, phase: str, answer: str, then: str
) -> None:
    with in_doubt() as (issue, post):
        resolve(issue, Decision.AGAIN)
        if answer:
            post.relay.answer(phase, answer)
        else:
            leave("ada")
        post.deliver()

        ada = row("ada")
        assert (ada.state, ada.due_at) == (DeliveryState.UNCERTAIN, None)
        assert ada.reason.startswith("To be sent again, as Edith (editor 1) decided on")
        assert "Before: Handed over, but not acknowledged." in ada.reason
        assert ada.reason.endswith(then)
        assert ada.merge_values is not None, "it may be sent again with the same bytes"
        assert len(post.relay.messages) == 1
        assert db.session.get_one(Issue, issue.id).state is IssueState.SENT


def test_the_doubt_outlives_a_deferral(app: Flask) -> None:
    with in_doubt() as (issue, post):
        resolve(issue, Decision.AGAIN)
        post.relay.answer("RCPT", "450 4.2.0 Later", times=1)
        post.deliver()
        ada = row("ada")
        assert (ada.state, ada.reply_code) == (DeliveryState.WAITING, 450)
        leave("ada")
        post.clock.move(hours=1)
        post.deliver()

        assert row("ada").state is DeliveryState.UNCERTAIN


def test_a_second_attempt_that_the_relay_takes_ends_the_doubt(app: Flask) -> None:
    with in_doubt() as (issue, post):
        resolve(issue, Decision.AGAIN)
        post.deliver()

        ada = row("ada")
        assert (ada.state, ada.merge_values) == (DeliveryState.SENT, None)
        assert "again" not in ada.reason


@contextmanager
def in_doubt() -> Iterator[tuple[Issue, Post]]:
    """An issue to Ada, of which nobody knows whether the relay has it."""
    with Relay() as relay:
        relay.answer("DOT", CLOSE, times=1)
        number = begin("ada")
        post = Post(relay)
        try:
            post.deliver()
            assert row("ada").state is DeliveryState.UNCERTAIN
            db.session.commit()
            yield db.session.get_one(Issue, number), post
        finally:
            post.close()


def leave(name: str) -> None:
    """Unsubscribe."""
    db.session.execute(
        sa.update(Subscription)
        .where(Subscription.subscriber_id.in_(_reader(name)))
        .values(state=SubscriptionState.UNSUBSCRIBED)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def test_a_scheduled_issue_is_not_reopened(app: Flask) -> None:
    issue = make_due_issue(make_list())
    with pytest.raises(Refused):
        workflow.reopen(issue)


def _reader(name: str) -> sa.Select[int]:
    return sa.select(Subscriber.id).where(Subscriber.address == f"{name}@example.org")
