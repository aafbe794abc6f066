"""The numbers of an issue by mail, a day after it began: to whom, once, in words."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, jobs
from newsletter.accounts import Editor, RoleName
from newsletter.delivery.models import DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.models import OutboxMessage
from newsletter.reports import Report
from newsletter.reports.next_day import AFTER, LATEST, sentences
from tests.conftest import NOW
from tests.delivery.situations import begin
from tests.factories import make_editor, make_list
from tests.reports.situations import put

MINUTE = timedelta(minutes=1)


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def issue(edith: Editor) -> Issue:
    """An issue to four readers that Edith sent."""
    issue = db.session.get_one(Issue, begin("ada", "ben", "cleo", "dan"))
    issue.scheduled_by_id = edith.id
    db.session.commit()
    return issue


def mails(*, after: timedelta = AFTER) -> list[OutboxMessage]:
    """Run the job so long after the issue began; return all mails that are there by then."""
    jobs.once("next-day", now=NOW + after)
    return list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))


def test_who_sent_an_issue_gets_its_numbers_in_words_and_once(issue: Issue, edith: Editor) -> None:
    edith.zone = "Europe/Vienna"
    put(0, 2, state=DeliveryState.SENT, finished_at=NOW)
    put(2, 3, state=DeliveryState.FAILED, reply_code=550, reply_status="5.1.1", reason="Gone")
    assert mails(after=AFTER - MINUTE) == []
    [mail] = mails()
    assert (mail.kind, mail.recipient) == ("next-day", "edith@example.org")
    assert mail.facts["began"] == "Monday 1 March 2027 at 10:00 (Europe/Vienna)"
    assert mail.facts["sentences"] == [
        "Our relay took it for 2 of 4 people.",
        "It failed for 1 person.",
        "1 person still to be written to: the mail is tried again.",
        "Nobody left the list by a link of this issue.",
    ]
    assert mail.facts["reasons"] == ["1 person: There is no such mailbox."]
    assert mail.facts["desk_url"].endswith(f"/desk/issues/{issue.id}/report")
    assert len(mails(after=AFTER + MINUTE)) == 1


def test_what_began_long_ago_is_no_news(issue: Issue) -> None:
    assert mails(after=LATEST) == []
    assert len(mails(after=LATEST - MINUTE)) == 1


def test_of_two_clocks_one_tells(issue: Issue) -> None:
    db.session.execute(sa.update(Send).values(told_at=NOW))
    db.session.commit()
    assert mails() == []


def test_who_wrote_and_who_approved_it_get_it_too_and_nobody_twice(issue: Issue) -> None:
    ann = make_editor("ann@example.org", role=RoleName.AUTHOR)
    make_editor("bob@example.org", role=RoleName.ADMIN)
    issue.created_by_id, issue.approved_by_id = ann.id, issue.scheduled_by_id
    db.session.commit()
    assert {mail.recipient for mail in mails()} == {"ann@example.org", "edith@example.org"}


@pytest.mark.parametrize("why", ["does not want it", "left", "has other lists"])
def test_who_should_not_have_it_gets_none(issue: Issue, edith: Editor, why: str) -> None:
    if why == "does not want it":
        accounts.choose_mails(edith, next_day=False)
    elif why == "left":
        edith.active = False
    else:
        accounts.bind_to_lists(edith, [make_list("other").id])
    db.session.commit()
    assert mails() == []


def test_an_issue_that_reached_nobody_has_no_numbers(issue: Issue) -> None:
    db.session.execute(sa.update(Send).values(planned=0))
    db.session.commit()
    assert mails() == []


@pytest.mark.parametrize(
    ("state", "numbers", "gone", "said"),
    [
        (
            IssueState.SENT,
            Report(planned=1_234, sent=1_220, failed=12, uncertain=1, suppressed=1),
            3,
            [
                "Our relay took it for 1,220 of 1,234 people.",
                "It failed for 12 people.",
                "Of 1 it is uncertain: they wait for a decision of yours.",
                "1 person left out, who left or were blocked after it was planned.",
                "3 people left the list by a link of this issue.",
            ],
        ),
        (
            IssueState.PAUSED,
            Report(planned=2, waiting=2),
            0,
            [
                "Our relay took it for 0 of 2 people.",
                "2 people still to be written to: it is paused.",
                "Nobody left the list by a link of this issue.",
            ],
        ),
        (
            IssueState.CANCELLED,
            Report(planned=2, sent=1, cancelled=1),
            1,
            [
                "Our relay took it for 1 of 2 people.",
                "1 person did not get it, because it was cancelled.",
                "1 person left the list by a link of this issue.",
            ],
        ),
    ],
)
def test_numbers_are_said_that_are_there(
    state: IssueState, numbers: Report, gone: int, said: list[str]
) -> None:
    assert sentences(state, numbers, gone) == said
