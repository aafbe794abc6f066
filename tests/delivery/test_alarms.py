"""When the editors are told that mail waits, and when they are left in peace."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, jobs
from newsletter.delivery import alarms, control, planning
from newsletter.delivery.models import (
    Delivery,
    DeliveryState,
    PaceRule,
    PaceScope,
    Provider,
    Send,
)
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.factories import make_due_issue, make_editor, make_list, make_subscription

QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue to two readers, planned at nine."""
    make_editor("edith@example.org")
    news = make_list()
    for name in ("ada", "ben"):
        make_subscription(news, f"{name}@example.org")
    issue = make_due_issue(news, subject="News of March")
    planning.plan(issue, now=NOW)
    db.session.commit()
    return issue


def watch(at: datetime) -> list[OutboxMessage]:
    """Watch at a time; return the mails that wait for the editors by then."""
    alarms.watch(now=at)
    db.session.commit()
    return list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))


def put(**columns: object) -> None:
    """Change the row of the first reader."""
    first = db.session.scalar(sa.select(sa.func.min(Delivery.id)))
    db.session.execute(sa.update(Delivery).where(Delivery.id == first).values(**columns))
    db.session.commit()


def be_large(planned: int) -> None:
    """Let the issue have so many readers, as far as its run knows."""
    db.session.execute(sa.update(Send).values(planned=planned))
    db.session.commit()


def test_a_quarter_of_an_hour_is_not_too_long_and_a_second_more_is(issue: Issue) -> None:
    assert watch(NOW + QUARTER) == []
    (mail,) = watch(NOW + QUARTER + SECOND)
    assert (mail.kind, mail.recipient) == ("waiting-alarm", "edith@example.org")
    assert "has waited for 15 minutes. Nothing of it went out" in mail.facts["reason"]


def test_the_editors_are_told_once_until_it_recovers(issue: Issue) -> None:
    late = NOW + 2 * QUARTER
    assert len(watch(late)) == 1
    assert len(watch(late + QUARTER)) == 1
    # Everything waits for a later try: nothing is due, so nothing is late.
    db.session.execute(sa.update(Delivery).values(due_at=late + timedelta(hours=1)))
    assert len(watch(late + QUARTER)) == 1
    assert db.session.scalars(sa.select(Send.alarmed_at)).one() is None
    assert len(watch(late + timedelta(hours=1) + QUARTER)) == 1
    assert len(watch(late + timedelta(hours=1) + QUARTER + SECOND)) == 2


def test_a_deferred_row_waits_since_it_is_due_again(issue: Issue) -> None:
    due = NOW + timedelta(hours=1)
    db.session.execute(sa.update(Delivery).values(due_at=due))
    assert watch(due + QUARTER) == []
    assert len(watch(due + QUARTER + SECOND)) == 1


def test_a_paused_issue_waits_on_purpose_and_from_its_resuming_on(issue: Issue) -> None:
    control.pause(issue, now=NOW)
    later = NOW + timedelta(days=1)
    assert watch(later) == []
    control.resume(issue, now=later)
    assert watch(later + QUARTER) == []
    assert len(watch(later + QUARTER + SECOND)) == 1


def test_a_large_issue_is_left_in_peace_while_it_moves_however_long_that_takes(
    issue: Issue,
) -> None:
    # Who waits for their turn has waited for hours; the messages before them go out.
    for hours in (1, 2, 3):
        late = NOW + timedelta(hours=hours)
        put(state=DeliveryState.SENT, finished_at=late - SECOND)
        assert watch(late) == []
    # It stops moving, and a quarter of an hour later they are told.
    assert watch(late - 2 * SECOND + QUARTER) == []
    (mail,) = watch(late + QUARTER)
    assert "has waited for 195 minutes. Nothing of it went out" in mail.facts["reason"]


@pytest.mark.parametrize(("planned", "is_told"), [(192, False), (193, True)])
def test_an_issue_that_would_not_end_within_two_days_is_told_of_with_how_much_moved(
    issue: Issue, planned: int, is_told: bool
) -> None:
    late = NOW + QUARTER + SECOND
    put(state=DeliveryState.SENT, finished_at=late - SECOND)
    be_large(planned)
    mails = watch(late)
    assert len(mails) == is_told
    assert not is_told or "1 went out in the last quarter of an hour" in mails[0].facts["reason"]


@pytest.mark.parametrize(
    ("scope", "key", "is_told"),
    [
        (PaceScope.INSTALLATION, "", False),
        (PaceScope.MAILING_LIST, "news", False),
        (PaceScope.MAILING_LIST, "other", True),
    ],
)
def test_an_issue_that_keeps_its_pace_is_left_in_peace(
    issue: Issue, scope: PaceScope, key: str, is_told: bool
) -> None:
    late = NOW + QUARTER + SECOND
    db.session.add(PaceRule(scope=scope, key=key, per_hour=1))
    be_large(10_000)
    put(state=DeliveryState.SENT, finished_at=late - SECOND)
    assert len(watch(late)) == is_told
    # Nothing for a quarter of an hour: now the pace is named as a possible reason.
    mails = watch(late + QUARTER)
    assert len(mails) == 1
    assert is_told or "A pace is set" in mails[0].facts["reason"]


def test_a_provider_that_is_held_is_named(issue: Issue) -> None:
    late = NOW + QUARTER + SECOND
    db.session.add(Provider(name="mail.example", held_until=late + QUARTER))
    (mail,) = watch(late)
    assert "Nothing is sent to mail.example for now" in mail.facts["reason"]


def test_an_issue_that_is_over_is_not_watched(issue: Issue) -> None:
    control.cancel(issue, now=NOW)
    assert watch(NOW + timedelta(days=1)) == []


def test_an_issue_that_reached_nobody_has_a_mail_of_its_own(app: Flask) -> None:
    make_editor("edith@example.org")
    planning.plan(make_due_issue(make_list()), now=NOW)
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert (mail.kind, mail.recipient) == ("nobody-reached", "edith@example.org")
    assert "counts as sent to nobody" in mail.facts["reason"]


def test_the_clock_watches(issue: Issue) -> None:
    jobs.once("watch", now=NOW + QUARTER)
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []
    jobs.once("watch", now=NOW + QUARTER + SECOND)
    assert len(db.session.scalars(sa.select(OutboxMessage)).all()) == 1


def test_an_editor_of_other_lists_is_not_told(issue: Issue) -> None:
    accounts.bind_to_lists(make_editor("other@example.org"), [make_list("alerts").id])
    mails = watch(NOW + QUARTER + SECOND)
    assert [mail.recipient for mail in mails] == ["edith@example.org"]
