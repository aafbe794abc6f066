"""Freezing an audience."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import erasure, reports
from newsletter.addresses import parse
from newsletter.delivery import (
    audience,
    control,
    drafting,
    due,
    planning,
    restoring,
    sweeping,
    turns,
)
from newsletter.delivery.audience import AudienceCount
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, CompiledEdition, Delivery, Send
from newsletter.errors import Refused
from newsletter.extensions import db, reading
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import (
    MailingList,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.factories import (
    make_due_issue,
    make_editor,
    make_list,
    make_subscription,
    make_topic,
)


def test_confirmed_readers_are_planned_and_nobody_else(app: Flask) -> None:
    news = make_list()
    make_subscription(news, "ada@example.org")
    make_subscription(news, "ben@example.org", state=SubscriptionState.PENDING)
    make_subscription(news, "cleo@example.org", state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(news, "dan@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "eve@example.org")
    suppress(parse("eve@example.org"), reason=SuppressionReason.COMPLAINT, note="", now=NOW)
    make_subscription(make_list("other"), "fay@example.org")

    send = planning.plan(make_due_issue(news), now=NOW)

    assert _addresses(send) == ["ada@example.org"]
    assert send.planned == 1
    assert send.issue.state is IssueState.SENDING
    assert reports.report(send.issue_id) == reports.Report(planned=1, waiting=1)


@pytest.mark.parametrize(
    ("issue_topics", "expected"),
    [
        ((), ["all@example.org", "bep@example.org", "both@example.org", "mms@example.org"]),
        (("mms",), ["all@example.org", "both@example.org", "mms@example.org"]),
        (
            ("mms", "bep"),
            ["all@example.org", "bep@example.org", "both@example.org", "mms@example.org"],
        ),
        (("news",), ["all@example.org"]),
    ],
)
def test_topics_meet_and_no_topics_mean_all(
    app: Flask, issue_topics: tuple[str, ...], expected: list[str]
) -> None:
    topics = {slug: make_topic(slug) for slug in ("mms", "bep", "news")}
    news = make_list(topics=tuple(topics.values()))
    make_subscription(news, "all@example.org")
    make_subscription(news, "mms@example.org", topics=(topics["mms"],))
    make_subscription(news, "bep@example.org", topics=(topics["bep"],))
    make_subscription(news, "both@example.org", topics=(topics["mms"], topics["bep"]))
    issue = make_due_issue(news, topics=tuple(topics[slug] for slug in issue_topics))

    count = audience.count(issue)
    send = planning.plan(issue, now=NOW)

    assert sorted(_addresses(send)) == expected
    assert count == AudienceCount(recipients=len(expected), suppressed=0, paused=0)


def test_the_desk_can_say_who_is_left_out_and_why(app: Flask) -> None:
    news = make_list()
    make_subscription(news, "ada@example.org")
    make_subscription(news, "dan@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "eve@example.org")
    make_subscription(news, "fay@example.org", state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(news, "gus@example.org", state=SubscriptionState.PAUSED)
    make_subscription(make_list("other"), "hal@example.org")
    for name in ("eve", "fay", "gus", "hal", "nobody"):
        suppress(parse(f"{name}@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)

    count = audience.count(make_due_issue(news))

    assert count == AudienceCount(recipients=1, suppressed=1, paused=2)


def test_readers_are_cut_into_batches_in_their_order(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 3)
    news = make_list()
    for number in range(8):
        make_subscription(news, f"reader{number}@example.org")

    send = planning.plan(make_due_issue(news), now=NOW)

    sizes = db.session.scalars(
        sa.select(sa.func.count())
        .where(Delivery.send_id == send.id)
        .group_by(Delivery.batch_id)
        .order_by(Delivery.batch_id)
    ).all()
    assert list(sizes) == [3, 3, 2]
    assert _addresses(send) == [f"reader{number}@example.org" for number in range(8)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Batch)) == 3


def test_planning_twice_gives_one_run(app: Flask) -> None:
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news)

    first = planning.plan(issue, now=NOW)
    second = planning.plan(issue, now=NOW + timedelta(minutes=1))

    assert first is second
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1


def test_ten_processes_at_once_plan_one_run(app: Flask) -> None:
    news = make_list()
    for number in range(20):
        make_subscription(news, f"reader{number}@example.org")
    issue_id = make_due_issue(news).id
    db.session.commit()
    barrier = threading.Barrier(10)
    found: list[int] = []

    def plan() -> None:
        with app.app_context():
            barrier.wait(timeout=10)
            found.append(planning.plan(db.session.get_one(Issue, issue_id), now=NOW).id)
            db.session.commit()

    threads = [threading.Thread(target=plan) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len(found) == 10
    assert len(set(found)) == 1
    assert reports.report(issue_id) == reports.Report(planned=20, waiting=20)


def test_an_issue_that_is_not_scheduled_is_not_planned(app: Flask) -> None:
    issue = make_due_issue(make_list())
    workflow.stop(issue)

    with pytest.raises(Refused, match="approved and not scheduled"):
        planning.plan(issue, now=NOW)

    assert db.session.scalar(sa.select(sa.func.count()).select_from(Send)) == 0


def test_nobody_to_write_to_ends_the_issue_and_tells_the_editors(app: Flask) -> None:
    make_editor("edith@example.org")
    issue = make_due_issue(make_list())

    send = planning.plan(issue, now=NOW)

    assert issue.state is IssueState.SENT
    assert send.finished_at == NOW
    assert reports.report(issue.id) == reports.Report()
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert mail.recipient == "edith@example.org"
    assert "Nobody was left" in mail.facts["reason"]


def test_the_approved_words_are_what_is_frozen(app: Flask) -> None:
    news = make_list()
    make_subscription(news)
    send = planning.plan(make_due_issue(news, subject="As approved"), now=NOW)

    edition = db.session.scalars(sa.select(CompiledEdition)).one()

    assert edition.send_id == send.id
    assert edition.language == "en"
    assert edition.content["edition"]["subject"] == ["As approved"]
    assert edition.content["list_id"] == "news.news.example.org"
    assert edition.content["from_address"] == "news@news.example.org"


def test_planning_reads_no_reader_into_memory(app: Flask) -> None:
    news = make_list()
    for number in range(5):
        make_subscription(news, f"reader{number}@example.org")
    issue_id = make_due_issue(news).id
    db.session.commit()
    db.session.expunge_all()

    planning.plan(db.session.get_one(Issue, issue_id), now=NOW)

    assert not [row for row in db.session.identity_map.values() if isinstance(row, Subscriber)]


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning in turns of two readers, with rests in which somebody else has time to act."""
    monkeypatch.setattr(planning, "BATCH_SIZE", 2)
    monkeypatch.setattr(turns, "TURN", 0.0)
    monkeypatch.setattr(turns, "REST", 0.02)


@pytest.mark.usefixtures("slowly")
def test_others_write_while_a_large_audience_is_frozen(app: Flask) -> None:
    news = make_list()
    _fill(news, 60)
    seen: list[tuple[int, int]] = []

    def write_and_look() -> None:
        while len(set(seen)) < 3 and (60, 60) not in seen:
            # A transaction that takes the write lock, as everybody's does.
            seen.append(_rows_and_planned())
            db.session.commit()

    send = _plan_while(app, news, write_and_look)

    assert send is not None
    assert send.planned == 60
    assert len({rows for rows, _ in seen if 0 < rows < 60}) >= 2, seen
    assert all(rows == planned for rows, planned in seen), "the sum is true at every moment"


@pytest.mark.usefixtures("slowly")
def test_what_is_half_planned_is_neither_reported_nor_sent(app: Flask) -> None:
    news = make_list()
    _fill(news, 20)
    seen: list[object] = []

    def look() -> None:
        number = db.session.scalars(sa.select(Issue.id)).one()
        seen.append(reports.report(number))
        seen.append(reports.trace(number, "reader0@example.org").planned)
        seen.append(control.find_send(number))
        seen.append(due.lines(now=NOW, most=9))
        seen.append(reports.progress_of(number, now=NOW).gathered in range(1, 20))
        seen.append(restoring.after_restore(now=NOW - timedelta(hours=1)).uncertain)
        seen.append(due.find(db.session.scalars(sa.select(sa.func.min(Batch.id))).one(), now=NOW))
        db.session.rollback()

    _plan_while(app, news, look)

    assert seen == [reports.Report(), False, None, [], True, 0, None]


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (workflow.stop, IssueState.APPROVED),
        (lambda issue: control.pause(issue, now=NOW), IssueState.PAUSED),
    ],
)
def test_an_issue_taken_back_while_it_is_planned_leaves_nothing(
    app: Flask, verb: Callable[[Issue], None], state: IssueState
) -> None:
    news = make_list()
    _fill(news, 60)

    def act() -> None:
        verb(db.session.scalars(sa.select(Issue)).one())
        # The clock may look at that moment.
        sweeping.sweep(now=NOW)
        db.session.commit()

    send = _plan_while(app, news, act)

    assert send is None
    assert db.session.scalars(sa.select(Issue.state)).one() is state
    for model in (Send, CompiledEdition, Batch, Delivery):
        assert not db.session.scalar(sa.select(sa.func.count()).select_from(model)), model


@pytest.mark.parametrize("is_stopped", [True, False])
@pytest.mark.usefixtures("slowly")
def test_a_new_time_for_an_issue_that_is_being_planned_is_kept(
    app: Flask, is_stopped: bool
) -> None:
    news = make_list()
    _fill(news, 60)

    def put_off() -> None:
        issue = db.session.scalars(sa.select(Issue)).one()
        if is_stopped:
            workflow.stop(issue)
            workflow.send_soon(issue, timedelta(hours=2), now=NOW)
        else:
            later = (NOW + timedelta(hours=2)).replace(tzinfo=None)
            workflow.reschedule(issue, later, "UTC", now=NOW)
        db.session.commit()

    send = _plan_while(app, news, put_off)

    assert send is None
    issue = db.session.scalars(sa.select(Issue)).one()
    assert issue.state is IssueState.SCHEDULED
    assert workflow.due_issues(now=NOW) == []
    assert workflow.due_issues(now=NOW + timedelta(hours=2)) == [issue]


@pytest.mark.usefixtures("slowly")
def test_who_comes_or_goes_while_it_is_planned_changes_nothing(app: Flask) -> None:
    news = make_list()
    _fill(news, 40)

    def come_and_go() -> None:
        make_subscription(db.session.merge(news, load=False), "late@example.org")
        last = db.session.scalars(sa.select(Subscriber).where(Subscriber.name == "Reader 39")).one()
        last.subscriptions[0].state = SubscriptionState.UNSUBSCRIBED
        erasure.erase(parse("reader38@example.org"), now=NOW)
        erasure.erase(parse("reader0@example.org"), now=NOW)
        db.session.commit()

    send = _plan_while(app, news, come_and_go)

    assert send is not None
    # Who left is caught when it is their turn; who was erased before their row has none.
    assert _addresses(send) == [f"reader{n}@example.org" for n in range(1, 40) if n != 38]
    assert send.planned == 39
    assert reports.report(send.issue_id) == reports.Report(planned=39, waiting=38, cancelled=1)


@pytest.mark.usefixtures("slowly")
def test_a_second_clock_leaves_the_first_one_to_its_work(app: Flask) -> None:
    news = make_list()
    _fill(news, 60)
    found: list[int] = []

    def plan_too() -> None:
        issue = db.session.scalars(sa.select(Issue)).one()
        second = planning.plan(issue, now=NOW + timedelta(seconds=1))
        assert second is not None
        found.append(second.id)
        assert second.planned < 60, "the first one was not at work any more"
        db.session.rollback()
        planning.clear_abandoned(now=NOW + timedelta(seconds=1))

    send = _plan_while(app, news, plan_too)

    assert send is not None
    assert found == [send.id]
    assert reports.report(send.issue_id) == reports.Report(planned=60, waiting=60)


@pytest.mark.usefixtures("slowly")
def test_a_planner_that_was_taken_for_dead_writes_nothing_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = make_list()
    _fill(news, 60)
    found: list[int] = []

    def take_over() -> None:
        issue = db.session.scalars(sa.select(Issue)).one()
        # A server's clock cannot be moved; a shorter patience is the same.
        monkeypatch.setattr(drafting, "SILENCE", timedelta(0))
        second = planning.plan(issue, now=NOW + timedelta(minutes=1))
        assert second is not None
        found.append(second.planned)
        db.session.commit()

    send = _plan_while(app, news, take_over)

    assert send is not None
    assert found == [60]
    assert reports.report(send.issue_id) == reports.Report(planned=60, waiting=60)


PLANNING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter import create_app
from newsletter.delivery import planning, turns
from newsletter.extensions import db
from newsletter.issues import composing
from tests.conftest import NOW, settings

planning.BATCH_SIZE = 2
turns.TURN = 0.0
turns.REST = 0.02
app = create_app(settings(Path(sys.argv[1])))
with app.app_context():
    planning.plan(composing.find_issue(int(sys.argv[2])), now=NOW)
    db.session.commit()
"""


def test_a_killed_planner_is_followed_by_another_and_nobody_is_left_out_or_twice(
    app: Flask, tmp_path: Path
) -> None:
    news = make_list()
    _fill(news, 200)
    number = make_due_issue(news).id
    db.session.commit()
    process = subprocess.Popen([sys.executable, "-c", PLANNING, str(tmp_path), str(number)])
    try:
        _await_rows()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    with reading():
        rows, planned = _rows_and_planned()
    assert 0 < rows == planned < 200

    soon = planning.plan(db.session.get_one(Issue, number), now=NOW + timedelta(seconds=5))
    db.session.commit()
    assert soon is not None
    assert soon.planned < 200, "it may still be at work"
    later = NOW + drafting.SILENCE + timedelta(seconds=10)
    send = planning.plan(db.session.get_one(Issue, number), now=later)
    db.session.commit()

    assert send is not None
    assert reports.report(number) == reports.Report(planned=200, waiting=200)
    assert _addresses(send) == [f"reader{n}@example.org" for n in range(200)]
    assert len(db.session.scalars(sa.select(CompiledEdition.id)).all()) == 1


@pytest.mark.usefixtures("slowly")
def test_what_a_dead_planner_left_of_an_issue_that_was_taken_back_is_cleared(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _left_by_a_dead_planner(readers=6)
    workflow.stop(db.session.get_one(Issue, number))
    db.session.commit()

    planning.clear_abandoned(now=NOW)
    assert _rows_and_planned() == (6, 6)
    db.session.rollback()
    monkeypatch.setattr(drafting, "SILENCE", timedelta(0))
    planning.clear_abandoned(now=NOW + timedelta(minutes=1))

    assert db.session.scalars(sa.select(Send)).all() == []
    assert db.session.scalars(sa.select(Delivery)).all() == []


@pytest.mark.usefixtures("slowly")
def test_a_large_draft_that_nobody_wants_is_cleared_a_while_at_a_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "WHILE", 0.0)
    number = _left_by_a_dead_planner(readers=6)
    workflow.stop(db.session.get_one(Issue, number))
    db.session.execute(sa.update(Send).values(planned_at=AT_ONCE))
    db.session.commit()

    seen = []
    for _ in range(4):
        planning.clear_abandoned(now=NOW)
        seen.append(_rows_and_planned())
        db.session.rollback()

    assert seen == [(4, 4), (2, 2), (0, 0), (0, 0)]
    for model in (Send, CompiledEdition, Batch):
        assert db.session.scalars(sa.select(model)).all() == []


def test_what_a_dead_planner_left_of_an_issue_that_is_due_is_for_the_next_planner(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _left_by_a_dead_planner(readers=6)
    monkeypatch.setattr(drafting, "SILENCE", timedelta(0))

    planning.clear_abandoned(now=NOW + timedelta(minutes=1))
    assert _rows_and_planned() == (6, 6)
    db.session.rollback()
    planning.plan(db.session.get_one(Issue, number), now=NOW + timedelta(minutes=1))

    assert reports.report(number) == reports.Report(planned=6, waiting=6)


def _left_by_a_dead_planner(*, readers: int) -> int:
    """Plan an issue but for the last step; return its number."""
    news = make_list()
    _fill(news, readers)
    issue = make_due_issue(news)
    number = issue.id
    planning.plan(issue, now=NOW)
    db.session.rollback()
    return number


def test_an_issue_that_cannot_be_rendered_leaves_nothing(app: Flask) -> None:
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news)
    issue.approved_version = None

    with pytest.raises(Refused):
        planning.plan(issue, now=NOW)

    assert db.session.scalars(sa.select(Send)).all() == []


def _fill(news: MailingList, count: int) -> None:
    for number in range(count):
        make_subscription(news, f"reader{number}@example.org", name=f"Reader {number}")


def _plan_while(app: Flask, news: MailingList, act: Callable[[], None]) -> Send | None:
    """Plan an issue, and let somebody `act` in a thread of their own once rows are written."""
    issue = make_due_issue(news)
    db.session.commit()
    problems: list[BaseException] = []

    def wait_and_act() -> None:
        with app.app_context():
            try:
                _await_rows()
                act()
            except BaseException as exc:
                problems.append(exc)
                raise

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    send = planning.plan(issue, now=NOW)
    db.session.commit()
    thread.join(timeout=30)
    assert not problems
    return send


def _await_rows() -> None:
    """Wait until the first rows are written."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with reading():
            if _rows_and_planned()[0]:
                return
        time.sleep(0.002)
    raise AssertionError("no row was written")


def _rows_and_planned() -> tuple[int, int]:
    """How many rows there are, and how many the run says, at one moment."""
    rows = sa.select(sa.func.count()).select_from(Delivery).scalar_subquery()
    planned = sa.select(sa.func.sum(Send.planned)).scalar_subquery()
    found = db.session.execute(sa.select(rows, sa.func.coalesce(planned, 0))).one()
    return int(found[0]), int(found[1])


def _addresses(send: Send) -> list[str]:
    return list(
        db.session.scalars(
            sa.select(Subscriber.address)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.send_id == send.id)
            .order_by(Delivery.id)
        )
    )
