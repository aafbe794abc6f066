"""Carrying a batch to a relay that behaves and to one that does not."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.addresses import parse
from newsletter.delivery import compiling, control, planning, reserve, sweeping
from newsletter.delivery.courier import Courier
from newsletter.delivery.drivers import Step
from newsletter.delivery.ledger import Ledger
from newsletter.delivery.models import Batch, DeliveryState, PaceScope
from newsletter.delivery.pacing import rules as pacing_rules
from newsletter.delivery.statements import ANSWER_MARKED, MARK
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.delivery.situations import (
    Post,
    assert_books_agree,
    begin,
    readers,
    row_of,
    settings_for,
    states,
    witness,
)
from tests.factories import make_editor
from tests.relay import CLOSE, CLOSE_AFTER, Received, Relay


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture
def post(relay: Relay) -> Iterator[Post]:
    post = Post(relay)
    yield post
    post.close()


def test_everybody_gets_it_once_over_one_connection(relay: Relay, post: Post) -> None:
    issue_id = begin(*readers(5))

    post.deliver()

    assert witness(relay) == {f"{name}@example.org": 1 for name in readers(5)}
    assert {message.connection for message in relay.messages} == {1}
    assert states(issue_id) == {"sent": 5}
    issue = db.session.get_one(Issue, issue_id)
    assert issue.state is IssueState.SENT
    assert issue.sent_at == NOW


def test_the_mark_is_committed_before_the_dot_and_the_answer_after_the_reply(
    app: Flask, relay: Relay, post: Post
) -> None:
    seen: list[dict[str, int]] = []

    def look(_message: Received) -> None:
        with app.app_context():
            seen.append(states(issue_id))

    relay.on_message = look
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()

    assert seen == [
        {"in_flight": 1, "waiting": 2},
        {"in_flight": 1, "waiting": 1, "sent": 1},
        {"in_flight": 1, "sent": 2},
    ]


def test_a_deferred_reader_is_tried_again_with_the_same_bytes(relay: Relay, post: Post) -> None:
    relay.answer("DOT", "451 4.3.0 Try again", to="ada@example.org", times=1)
    captured: list[bytes] = []
    issue_id = begin("ada", "ben")

    post.deliver()

    row = row_of("ada")
    assert (row.state, row.attempts, row.reply_code) == (DeliveryState.WAITING, 1, 451)
    assert row.due_at is not None
    assert timedelta(seconds=48) <= row.due_at - NOW <= timedelta(seconds=72)
    assert states(issue_id) == {"sent": 1, "waiting": 1}
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENDING

    # What changes meanwhile is for the next issue: this one's bytes are frozen.
    ada = db.session.scalars(sa.select(Subscriber).filter_by(address="ada@example.org")).one()
    ada.name = "Somebody Else"
    db.session.commit()
    post.clock.move(seconds=73)
    post.deliver()

    captured += [message.data for message in relay.to("ada@example.org")]
    assert len(captured) == 1
    assert "Dear Ada," in _text_of(captured[0])
    assert b"Date: Mon, 01 Mar 2027 09:00:00 +0000" in captured[0]
    assert states(issue_id) == {"sent": 2}
    assert row_of("ada").attempts == 2
    assert row_of("ada").merge_values is None


def test_greylisting_at_rcpt_waits_and_costs_an_attempt(relay: Relay, post: Post) -> None:
    relay.answer("RCPT", "450 4.2.0 Greylisted", to="ada@example.org", times=2)
    issue_id = begin("ada")

    post.deliver()
    post.clock.move(minutes=2)
    post.deliver()
    post.clock.move(minutes=3)
    post.deliver()

    assert states(issue_id) == {"sent": 1}
    assert row_of("ada").attempts == 3
    assert len(relay.asked) == 3


def test_who_is_refused_fails_with_the_reason_and_the_rest_goes_on(
    relay: Relay, post: Post
) -> None:
    relay.answer("RCPT", "550 5.1.1 No such user ada@example.org", to="ada@example.org")
    relay.answer("DOT", "554 5.7.1 Not wanted", to="ben@example.org")
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()

    assert states(issue_id) == {"failed": 2, "sent": 1}
    ada, ben = row_of("ada"), row_of("ben")
    assert (ada.reply_code, ada.reply_status) == (550, "5.1.1")
    assert "No such user" in ada.reason
    assert "ada@example.org" not in ada.reason
    assert (ben.reply_code, ben.reply_status, ben.attempts) == (554, "5.7.1", 1)
    assert {message.connection for message in relay.messages} == {1}
    assert_books_agree(relay, issue_id)


def test_no_answer_after_the_dot_is_uncertain_and_never_repeated(relay: Relay, post: Post) -> None:
    relay.answer("DOT", CLOSE, to="ben@example.org")
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()
    post.clock.move(hours=1)
    post.deliver()

    assert states(issue_id) == {"sent": 2, "uncertain": 1}
    assert witness(relay)["ben@example.org"] == 1
    assert "Handed over" in row_of("ben").reason
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENT


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_dot_costs_nobody_an_attempt(
    relay: Relay, post: Post, phase: str
) -> None:
    relay.answer(phase, CLOSE, times=1)
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()
    assert states(issue_id) == {"waiting": 3}
    post.clock.move(seconds=1)
    post.deliver()
    assert states(issue_id) == {"sent": 2, "waiting": 1}
    post.clock.move(seconds=5)
    post.deliver()

    assert states(issue_id) == {"sent": 3}
    assert row_of("ada").attempts == 1
    assert_books_agree(relay, issue_id)


def test_a_message_that_breaks_every_connection_holds_up_nobody_and_is_given_up(
    relay: Relay, post: Post
) -> None:
    relay.answer("DATA", CLOSE, to="ada@example.org")
    issue_id = begin("ada", "ben", "cleo")
    for _ in range(200):
        post.deliver()
        post.clock.move(minutes=20)

    assert states(issue_id) == {"sent": 2, "failed": 1}
    assert "Given up" in row_of("ada").reason
    assert len([name for name in relay.asked if name == "ada@example.org"]) < 80


def test_a_relay_that_closes_after_some_messages_is_called_again_at_once(
    relay: Relay, post: Post
) -> None:
    for name in ("reader0001", "reader0003"):
        relay.answer("DOT", CLOSE_AFTER, to=f"{name}@example.org")
    issue_id = begin(*readers(6))

    post.deliver()

    assert states(issue_id) == {"sent": 6}
    assert relay.connections == 3
    assert all(row_of(name).attempts == 1 for name in readers(6))


def test_a_relay_that_is_down_costs_time_only(app: Flask) -> None:
    with Relay() as relay:
        port = relay.port
    post = Post(relay)
    issue_id = begin("ada", "ben")

    post.deliver()
    post.clock.move(milliseconds=900)
    post.deliver()
    assert states(issue_id) == {"waiting": 2}
    assert [batch.leased_until for batch in db.session.scalars(sa.select(Batch))] == [None]
    db.session.rollback()

    with Relay(port=port) as back:
        post.clock.move(days=3)
        post.deliver()
        post.close()
        assert states(issue_id) == {"sent": 2}
        assert back.connections == 1
    assert row_of("ada").attempts == 1


def test_421_in_a_dialogue_defers_one_and_calls_again(relay: Relay, post: Post) -> None:
    relay.answer("RCPT", "421 4.7.0 Too many", to="ben@example.org", times=1)
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()

    assert states(issue_id) == {"sent": 2, "waiting": 1}
    assert row_of("ben").attempts == 1


def test_a_fault_of_ours_pauses_the_issue_and_tells_the_editors_once(
    relay: Relay, post: Post
) -> None:
    make_editor("edith@example.org")
    relay.answer("MAIL", "530 5.7.0 Authentication required")
    issue_id = begin("ada", "ben")

    post.deliver()
    post.clock.move(minutes=10)
    post.deliver()

    issue = db.session.get_one(Issue, issue_id)
    assert issue.state is IssueState.PAUSED
    assert "identify" in issue.pause_reason
    assert states(issue_id) == {"waiting": 2}
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert (mail.kind, mail.recipient) == ("pause-alarm", "edith@example.org")
    assert mail.facts["issue_number"] == str(issue_id)


def test_a_sender_whom_the_relay_does_not_take_pauses_and_fails_nobody(
    app: Flask, relay: Relay, post: Post
) -> None:
    relay.answer("MAIL", "550 5.7.1 Sender rejected")
    issue_id = begin("ada", "ben")

    post.deliver()

    issue = db.session.get_one(Issue, issue_id)
    assert issue.state is IssueState.PAUSED
    assert "does not take mail from this sender: 550 5.7.1" in issue.pause_reason
    assert states(issue_id) == {"waiting": 2}
    assert row_of("ada").attempts == 0


def test_a_disk_that_is_nearly_full_pauses_before_anything_is_sent(
    app: Flask, relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada", "ben")
    monkeypatch.setattr(reserve, "LEAST", 2**62)

    post.deliver()

    assert relay.messages == []
    assert "nearly full" in db.session.get_one(Issue, issue_id).pause_reason
    assert states(issue_id) == {"waiting": 2}
    control.resume(db.session.get_one(Issue, issue_id), now=NOW)
    db.session.commit()
    monkeypatch.undo()
    _until(lambda: post.deliver() or states(issue_id) == {"sent": 2})


def test_a_message_too_large_for_the_relay_pauses_and_fails_nobody(
    relay: Relay, post: Post
) -> None:
    relay.answer("DOT", "552 5.3.4 Message too big", times=1)
    issue_id = begin("ada", "ben")

    post.deliver()

    assert db.session.get_one(Issue, issue_id).state is IssueState.PAUSED
    assert states(issue_id) == {"waiting": 2}

    control.resume(db.session.get_one(Issue, issue_id), now=post.clock())
    db.session.commit()
    post.clock.move(seconds=1)
    post.deliver()
    assert states(issue_id) == {"sent": 2}
    assert_books_agree(relay, issue_id)


def test_who_leaves_after_planning_gets_nothing(relay: Relay, post: Post) -> None:
    issue_id = begin("ada", "ben", "cleo")
    suppress(parse("ben@example.org"), reason=SuppressionReason.COMPLAINT, note="", now=NOW)
    _leave("ada")

    post.deliver()

    assert witness(relay) == {"cleo@example.org": 1}
    assert relay.asked == ["cleo@example.org"]
    assert states(issue_id) == {"suppressed": 2, "sent": 1}
    assert row_of("ada").reason == "Unsubscribed after the issue was planned."
    assert row_of("ben").reason == "Suppressed after the issue was planned (complaint)."


def test_who_leaves_between_the_look_and_the_dot_gets_nothing(
    app: Flask, relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada", "ben")
    message_for = compiling.message_for

    def leave_meanwhile(*args: Any, **facts: Any) -> bytes:
        if row_of("ada").state is DeliveryState.WAITING:
            _leave("ada")
        return message_for(*args, **facts)

    monkeypatch.setattr(compiling, "message_for", leave_meanwhile)

    post.deliver()

    assert witness(relay) == {"ben@example.org": 1}
    assert states(issue_id) == {"suppressed": 1, "sent": 1}


def test_pause_stops_between_two_readers_and_resume_goes_on_exactly(
    app: Flask, relay: Relay, post: Post
) -> None:
    def pause(_message: Received) -> None:
        with app.app_context():
            control.pause(db.session.get_one(Issue, issue_id), now=NOW)
            db.session.commit()
        relay.on_message = None

    relay.on_message = pause
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()
    assert states(issue_id) == {"sent": 1, "waiting": 2}
    assert db.session.get_one(Issue, issue_id).state is IssueState.PAUSED

    control.resume(db.session.get_one(Issue, issue_id), now=NOW)
    db.session.commit()
    post.deliver()
    assert states(issue_id) == {"sent": 3}
    assert_books_agree(relay, issue_id)


def test_cancel_ends_it_for_good(app: Flask, relay: Relay, post: Post) -> None:
    def cancel(_message: Received) -> None:
        with app.app_context():
            control.cancel(db.session.get_one(Issue, issue_id), now=NOW)
            db.session.commit()
        relay.on_message = None

    relay.on_message = cancel
    issue_id = begin("ada", "ben", "cleo")

    post.deliver()

    assert states(issue_id) == {"sent": 1, "cancelled": 2}
    assert db.session.get_one(Issue, issue_id).state is IssueState.CANCELLED
    assert_books_agree(relay, issue_id)


def test_an_issue_cancelled_by_its_state_alone_is_tidied_up_by_the_sweep(
    relay: Relay, post: Post
) -> None:
    issue_id = begin("ada", "ben")
    workflow.cancel(db.session.get_one(Issue, issue_id))
    sweeping.sweep(now=NOW)
    db.session.commit()

    post.deliver()

    assert states(issue_id) == {"cancelled": 2}
    assert relay.messages == []


def test_resume_ends_the_waits_of_deferred_readers(relay: Relay, post: Post) -> None:
    relay.answer("RCPT", "450 4.2.0 Later", times=1)
    issue_id = begin("ada")
    post.deliver()
    issue = db.session.get_one(Issue, issue_id)
    control.pause(issue, now=NOW)
    control.resume(issue, now=NOW)
    db.session.commit()

    post.deliver()

    assert states(issue_id) == {"sent": 1}


def test_one_reader_whose_message_cannot_be_made_fails_and_the_rest_goes_on(
    relay: Relay, post: Post
) -> None:
    issue_id = begin("ada", "ben")
    ada = db.session.scalars(sa.select(Subscriber).filter_by(address="ada@example.org")).one()
    ada.attributes = ["not", "a", "table"]  # type: ignore[assignment]  # a row gone wrong
    db.session.commit()

    post.deliver()

    assert witness(relay) == {"ben@example.org": 1}
    assert states(issue_id) == {"failed": 1, "sent": 1}
    assert "could not be made" in row_of("ada").reason


def test_what_nobody_foresaw_about_one_reader_fails_that_one_alone(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada", "ben")
    message_for = compiling.message_for

    def poisoned(compiled: Any, person: Any, *args: Any, **facts: Any) -> bytes:
        if person.address == "ada@example.org":
            raise RuntimeError("poison")
        return message_for(compiled, person, *args, **facts)

    monkeypatch.setattr(compiling, "message_for", poisoned)
    post.deliver()

    assert states(issue_id) == {"failed": 1, "sent": 1}
    assert "could not be made (RuntimeError)" in row_of("ada").reason


def test_a_courier_that_ends_by_an_error_holds_nothing_back(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada", "ben")
    first = Post(relay)

    def stumble(*_args: object) -> None:
        raise RuntimeError("nobody foresaw it")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(Courier, "_finish", stumble)
        first.courier.run()
    sweeping.sweep(now=NOW + timedelta(seconds=21))
    db.session.commit()

    post.clock.move(seconds=21)
    post.close()
    # The next courier of the process has the same source.
    post.courier = Courier(
        settings_for(relay), first.source, connections=1, stop=post.stop, now=post.clock
    )
    post.deliver()

    assert states(issue_id) == {"sent": 2}


def test_a_limit_is_paid_once_also_where_commands_are_not_pipelined(
    relay: Relay, post: Post
) -> None:
    pacing_rules.set_pace(PaceScope.INSTALLATION, "", {"per_day": 6})
    issue_id = begin(*readers(9))

    post.deliver()

    assert states(issue_id) == {"sent": 6, "waiting": 3}


def test_who_gets_nothing_counts_against_no_limit(relay: Relay, post: Post) -> None:
    pacing_rules.set_pace(PaceScope.INSTALLATION, "", {"per_day": 2})
    issue_id = begin("ada", "ben", "cleo", "dora")
    for name in ("ada", "ben"):
        suppress(parse(f"{name}@example.org"), reason=SuppressionReason.COMPLAINT, note="", now=NOW)
    db.session.commit()

    post.deliver()

    assert states(issue_id) == {"suppressed": 2, "sent": 2}


def test_no_batch_is_claimed_while_its_list_may_get_nothing(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 1)
    issue_id = begin(*readers(40))
    pacing_rules.set_pace(PaceScope.MAILING_LIST, "news", {"per_hour": 1})
    db.session.commit()
    claimed = sa.select(sa.func.sum(Batch.lease))

    for _ in range(3):
        post.deliver()
        post.clock.move(seconds=5)

    assert states(issue_id) == {"sent": 1, "waiting": 39}
    assert db.session.scalars(claimed).one() < 20
    db.session.rollback()
    post.clock.move(minutes=65)
    post.deliver()
    assert states(issue_id) == {"sent": 2, "waiting": 38}


def test_a_reader_with_letters_beyond_ascii_fails_alone(relay: Relay, post: Post) -> None:
    issue_id = begin("jörg", "ben")

    post.deliver()

    assert states(issue_id) == {"failed": 1, "sent": 1}
    assert row_of("jörg").reply_status == "5.6.7"


def test_stop_ends_between_two_readers_and_gives_the_batch_back(relay: Relay, post: Post) -> None:
    relay.on_message = lambda _message: post.stop.set()
    issue_id = begin("ada", "ben")

    post.deliver()

    assert states(issue_id) == {"sent": 1, "waiting": 1}
    batch = db.session.scalars(sa.select(Batch)).one()
    assert batch.leased_until is None
    assert not batch.is_done


def test_an_answer_that_could_not_be_written_is_kept_and_written_next_time(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada")
    with monkeypatch.context() as disk:
        _refuse_answers(disk)
        post.deliver()
    assert states(issue_id) == {"in_flight": 1}

    # Meanwhile it is taken for dead; the answer is the evidence that was missing.
    sweeping.sweep(now=NOW + timedelta(seconds=21))
    db.session.commit()
    assert states(issue_id) == {"uncertain": 1}
    _until(lambda: post.deliver() or states(issue_id) == {"sent": 1})
    assert_books_agree(relay, issue_id)


def test_a_transaction_that_failed_lets_no_dot_be_written(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = begin("ada", "ben")
    transact = Ledger._transact
    failures = iter([True, True])

    def broken(self: Ledger, steps: list[Step], *, writes: bool) -> list[list[Any]]:
        given = transact(self, steps, writes=writes)
        if _has(MARK, steps) and next(failures, False):
            # It was committed, and the answer to COMMIT was lost.
            raise sqlite3.OperationalError("the connection is gone")
        return given

    monkeypatch.setattr(Ledger, "_transact", broken)

    _until(lambda: post.deliver() or states(issue_id) == {"sent": 2})
    # Nothing was handed over the first time, so it was no attempt.
    assert row_of("ada").attempts == row_of("ben").attempts == 1
    assert_books_agree(relay, issue_id)


@pytest.mark.parametrize("state", [IssueState.SENT, IssueState.CANCELLED])
def test_what_was_refused_for_now_waits_again_however_late_that_is_written(
    relay: Relay, post: Post, monkeypatch: pytest.MonkeyPatch, state: IssueState
) -> None:
    relay.answer("DOT", "451 4.3.0 Try again", to="ada@example.org", times=1)
    issue_id = begin("ada")
    with monkeypatch.context() as disk:
        _refuse_answers(disk)
        post.deliver()
    if state is IssueState.CANCELLED:
        control.cancel(db.session.get_one(Issue, issue_id), now=NOW)
    sweeping.sweep(now=NOW + timedelta(seconds=21))
    db.session.commit()
    assert states(issue_id) == {"uncertain": 1}
    assert db.session.get_one(Issue, issue_id).state is state
    db.session.rollback()

    expected = "cancelled" if state is IssueState.CANCELLED else "waiting"
    _until(lambda: post.deliver() or states(issue_id) == {expected: 1})
    post.clock.move(minutes=2)
    post.deliver()
    sent = {"cancelled": 1} if state is IssueState.CANCELLED else {"sent": 1}
    assert states(issue_id) == sent
    assert len(relay.to("ada@example.org")) == (state is IssueState.SENT)
    assert db.session.get_one(Issue, issue_id).state is state


def test_logs_say_what_happened_and_show_no_address(
    relay: Relay, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="newsletter.delivery")
    begin("ada")

    post.deliver()

    ours = [line for line in caplog.messages if line.startswith("delivery")]
    assert len(ours) == 1
    assert re.fullmatch(r"delivery 1 of issue 1 to a…@e….org: sent 250", ours[0])
    said_by_us = [row.getMessage() for row in caplog.records if row.name.startswith("newsletter")]
    assert "ada@example.org" not in " ".join(said_by_us)


def test_text_readers_get_text_only(relay: Relay, post: Post) -> None:
    begin("ada", "ben")
    ada = db.session.scalars(sa.select(Subscriber).filter_by(address="ada@example.org")).one()
    ada.format = "text"  # type: ignore[assignment]  # stored by value
    db.session.commit()

    post.deliver()

    assert b"text/html" not in relay.to("ada@example.org")[0].data
    assert b"multipart/alternative" in relay.to("ben@example.org")[0].data


def _text_of(data: bytes) -> str:
    part = message_from_bytes(data, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _refuse_answers(disk: pytest.MonkeyPatch) -> None:
    """Let every transaction fail that has the answer to a marked row in it."""
    transact = Ledger._transact

    def broken(self: Ledger, steps: list[Step], *, writes: bool) -> list[list[Any]]:
        if _has(ANSWER_MARKED, steps):
            raise sqlite3.OperationalError("disk I/O error")
        return transact(self, steps, writes=writes)

    disk.setattr(Ledger, "_transact", broken)


def _has(statement: str, steps: list[Step]) -> bool:
    return any(step.statement == statement and step.rows for step in steps)


def _until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def _leave(name: str) -> None:
    db.session.execute(
        sa.update(Subscription)
        .where(
            Subscription.subscriber_id.in_(
                sa.select(Subscriber.id).where(Subscriber.address == f"{name}@example.org")
            )
        )
        .values(state=SubscriptionState.UNSUBSCRIBED)
    )
    db.session.commit()
