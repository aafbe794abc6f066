"""A backup was put back: what it calls open is in doubt, and nothing goes out by itself."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from newsletter import reports
from newsletter.delivery import closing, control, planning, resolving, restoring
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.delivery.resolving import Decision
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import Subscription
from tests.conftest import NOW
from tests.delivery.situations import claim, due_batches, renew
from tests.factories import make_due_issue, make_list, make_subscription

LATER = NOW + timedelta(hours=1)


def on_its_way(slug: str) -> Issue:
    """An issue of which one mail is sent, one is in flight and one waits."""
    news = make_list(slug)
    for name in ("ada", "ben", "cleo"):
        make_subscription(news, f"{name}@{slug}.example.org", name=name.title())
    issue = make_due_issue(news)
    send = planning.plan(issue, now=NOW)
    ids = db.session.scalars(sa.select(Delivery.id).where(Delivery.send_id == send.id)).all()
    for number, state in zip(ids, (DeliveryState.SENT, DeliveryState.IN_FLIGHT), strict=False):
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id == number)
            .values(state=state, finished_at=NOW, attempts=1, first_attempt_at=NOW)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()
    return issue


def restore() -> restoring.Restored:
    found = restoring.after_restore(now=LATER)
    db.session.commit()
    db.session.expire_all()
    return found


def test_what_was_open_is_uncertain_and_its_issue_paused(app: Flask) -> None:
    issue = on_its_way("news")
    batch = db.session.scalars(sa.select(Batch.id)).one()
    lease = claim(batch, now=NOW)
    db.session.commit()
    assert lease is not None

    assert restore() == restoring.Restored(begun=[issue.id], uncertain=2, due=[])

    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, uncertain=2)
    assert issue.state is IssueState.PAUSED
    assert "restored from a backup" in issue.pause_reason
    assert not renew(lease, now=LATER)


def test_resumed_with_nothing_decided_the_issue_ends_and_nobody_gets_mail(app: Flask) -> None:
    issue = on_its_way("news")
    restore()
    control.resume(issue, now=LATER)
    closing.finish_done(now=LATER)
    db.session.commit()
    assert issue.state is IssueState.SENT
    assert due_batches(now=LATER) == []


def test_what_is_decided_to_be_sent_again_goes_out_after_resume(app: Flask) -> None:
    issue = on_its_way("news")
    restore()
    resolving.resolve(issue, Decision.AGAIN, by="the command line", now=LATER)
    assert due_batches(now=LATER) == []
    control.resume(issue, now=LATER)
    db.session.commit()
    assert len(due_batches(now=LATER)) == 1
    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, waiting=2)


def test_what_a_cancelled_issue_never_sent_is_cancelled_and_only_the_rest_in_doubt(
    app: Flask,
) -> None:
    issue = on_its_way("news")
    waiting = sa.select(Delivery.id).where(Delivery.state == DeliveryState.WAITING)
    row = db.session.scalars(waiting).one()
    # As when the process stopped after the first commit of cancelling.
    workflow.cancel(issue)
    db.session.commit()

    assert restore() == restoring.Restored(begun=[], uncertain=1, due=[])

    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, cancelled=1, uncertain=1)
    assert db.session.get_one(Delivery, row).reason == closing.CANCELLED
    closing.finish_done(now=LATER)
    assert db.session.scalars(sa.select(Send.finished_at)).one() == LATER


def test_what_was_to_be_sent_again_of_a_cancelled_issue_stays_in_doubt(app: Flask) -> None:
    issue = on_its_way("news")
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.state == DeliveryState.WAITING)
        .values(reason=f"{AGAIN} as edith decided.", attempts=1)
    )
    workflow.cancel(issue)
    db.session.commit()
    assert restore().uncertain == 2


def test_an_issue_that_was_paused_by_a_person_says_why_it_waits_now(app: Flask) -> None:
    issue = on_its_way("news")
    control.pause(issue, now=NOW)
    db.session.commit()
    restore()
    assert "restored from a backup" in issue.pause_reason


def test_an_issue_that_was_due_asks_and_one_that_was_not_stays(app: Flask) -> None:
    due = make_due_issue(make_list("due"))
    coming = make_due_issue(make_list("coming"), at=LATER + timedelta(minutes=1))
    assert restore().due == [due.id]
    assert (due.state, coming.state) == (IssueState.PAUSED, IssueState.SCHEDULED)
    assert "may have been sent since" in " ".join(due.pause_reason.split())


def test_numbers_in_links_mailed_since_mean_nobody_else(app: Flask) -> None:
    old = make_subscription(make_list("old"), "ada@example.org").id
    restore()
    new = make_subscription(make_list("new"), "ben@example.org").id
    assert new > old + 999_999
    assert db.session.get(Subscription, old + 1) is None


def test_doing_it_twice_changes_nothing_more(app: Flask) -> None:
    issue = on_its_way("news")
    restore()
    again = restore()
    assert (again.begun, again.uncertain, again.due) == ([issue.id], 0, [])
    assert reports.report(issue.id) == reports.Report(planned=3, sent=1, uncertain=2)
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []
    assert db.session.scalars(sa.select(Send.finished_at)).one() is None
