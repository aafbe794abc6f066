"""Freezing an audience."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import reports
from newsletter.addresses import parse
from newsletter.delivery import planning
from newsletter.delivery.models import Batch, CompiledEdition, Delivery, Send
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import (
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

    count = planning.audience_count(issue)
    send = planning.plan(issue, now=NOW)

    assert sorted(_addresses(send)) == expected
    assert count == planning.AudienceCount(recipients=len(expected), suppressed=0, paused=0)


def test_the_desk_can_say_who_is_left_out_and_why(app: Flask) -> None:
    news = make_list()
    make_subscription(news, "ada@example.org")
    make_subscription(news, "dan@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "eve@example.org")
    suppress(parse("eve@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)

    count = planning.audience_count(make_due_issue(news))

    assert count == planning.AudienceCount(recipients=1, suppressed=1, paused=1)


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


@pytest.mark.parametrize("batch_ids", [[5], [5, 6, 7], [3, 4, 7, 9, 10], [2, 4, 6]])
def test_batches_may_have_gaps_between_their_ids(
    app: Flask, monkeypatch: pytest.MonkeyPatch, batch_ids: list[int]
) -> None:
    # Two issues that are planned at once on PostgreSQL draw their ids in turn.
    monkeypatch.setattr(planning, "BATCH_SIZE", 2)
    places = range(1, 2 * len(batch_ids) + 3)

    found = [
        db.session.scalar(sa.select(planning._batch_of(sa.literal(place), batch_ids)))
        for place in places
    ]

    expected = [batch_id for batch_id in batch_ids for _ in range(2)]
    assert found == [*expected, batch_ids[-1], batch_ids[-1]]


def test_who_is_confirmed_while_it_is_planned_is_not_lost(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL lets others commit between the count and the INSERT.
    monkeypatch.setattr(planning, "BATCH_SIZE", 2)
    counted = planning.AudienceCount(recipients=3, suppressed=0, paused=0)
    monkeypatch.setattr(planning, "audience_count", lambda _issue: counted)
    news = make_list()
    for number in range(6):
        make_subscription(news, f"reader{number}@example.org")

    send = planning.plan(make_due_issue(news), now=NOW)

    assert send.planned == 6
    assert len(_addresses(send)) == 6


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


def _addresses(send: Send) -> list[str]:
    return list(
        db.session.scalars(
            sa.select(Subscriber.address)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.send_id == send.id)
            .order_by(Delivery.id)
        )
    )
