"""What needs a person now: which facts make a notice, for whom, and which comes first."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from newsletter.issues import workflow
from newsletter.issues.checks import Level
from newsletter.issues.models import IssueState
from newsletter.issues.overview import Line
from newsletter.reports.attention import Facts, Kind, Notice, notices
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW

LINE = Line(
    number=42,
    list_name="Stay Informed",
    subject="Guidance for {{ name | you }}",
    state=IssueState.DRAFT,
    updated_at=NOW,
    send_at=None,
    zone=None,
    sent_at=None,
    pause_reason="",
    saved_by_id=7,
    saved_by="Edith",
    asked_id=None,
    asked="",
)


def issue(state: IssueState, **facts: object) -> Facts:
    return Facts(lines=[replace(LINE, state=state, **facts)])  # type: ignore[arg-type]


def scheduled(minutes: int) -> Facts:
    """An issue that is due so many minutes from now."""
    at = datetime(2027, 3, 1, 9) + timedelta(minutes=minutes)
    return issue(IssueState.SCHEDULED, send_at=at, zone="UTC")


def seen(facts: Facts, *, may_send: bool = True) -> list[Notice]:
    return notices(facts, may_send=may_send, now=NOW)


@pytest.mark.parametrize(
    ("facts", "kind", "level", "sentence"),
    [
        (Facts(is_clock_alive=False), Kind.CLOCK, Level.STOP, "The clock is not running."),
        (Facts(shortage="No room."), Kind.DISK, Level.STOP, "No room."),
        (
            Facts(mail_waits=timedelta(minutes=20)),
            Kind.MAIL,
            Level.WARN,
            "Confirmations and other single mails have waited for about 20 minutes.",
        ),
        (issue(IssueState.PAUSED), Kind.PAUSED, Level.WARN, "Issue 42 is paused."),
        (
            issue(IssueState.PAUSED, pause_reason=f"No answer. {workflow.BY_ITSELF}"),
            Kind.RELAY,
            Level.WARN,
            "Issue 42 waits for the relay.",
        ),
        (
            scheduled(-30),
            Kind.LATE,
            Level.WARN,
            "Issue 42 was due about 30 minutes ago and has not begun.",
        ),
        (
            replace(scheduled(30), withdrawn={42: ["One", "Two"]}),
            Kind.WITHDRAWN,
            Level.STOP,
            "Issue 42 is scheduled with what is withdrawn: “One”, “Two”.",
        ),
        (
            replace(scheduled(30), dead_links={42: ["One"]}),
            Kind.LINKS,
            Level.WARN,
            "Issue 42 is scheduled with links that do not answer: “One”.",
        ),
        (
            Facts(uncertain={41: 1}),
            Kind.UNCERTAIN,
            Level.WARN,
            "1 message of issue 41 may have been sent or not.",
        ),
        (
            Facts(leaving=[MailingList(slug="news", name="News", many_left=1200)]),
            Kind.LEAVING,
            Level.WARN,
            "1,200 readers left “News” within ten minutes, by the button of their mail program.",
        ),
        (issue(IssueState.REVIEW), Kind.REVIEW, Level.NOTE, "Issue 42 waits for your approval."),
        (
            issue(IssueState.APPROVED),
            Kind.APPROVED,
            Level.NOTE,
            "Issue 42 is approved and has no time yet.",
        ),
        (Facts(new_items=1), Kind.NEW_ITEMS, Level.NOTE, "1 new item is in no issue yet."),
        (Facts(new_items=1500), Kind.NEW_ITEMS, Level.NOTE, "1,500 new items are in no issue yet."),
    ],
)
def test_what_needs_somebody_is_said_in_a_sentence(
    facts: Facts, kind: Kind, level: Level, sentence: str
) -> None:
    [notice] = seen(facts)
    assert (notice.kind, notice.level, notice.sentence) == (kind, level, sentence)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(mail_waits=timedelta(minutes=4)),
        issue(IssueState.DRAFT),
        issue(IssueState.SENDING),
        scheduled(30),
        scheduled(-1),
    ],
)
def test_what_goes_on_by_itself_needs_nobody(facts: Facts) -> None:
    assert seen(facts) == []


def test_the_reason_of_a_pause_is_said_and_a_persons_pause_too() -> None:
    reason = "More than 5 in 100 addresses do not exist."
    assert seen(issue(IssueState.PAUSED, pause_reason=reason))[0].why == reason
    assert "A person paused it." in seen(issue(IssueState.PAUSED))[0].why


def test_a_subject_is_shown_as_nobody_in_particular_reads_it() -> None:
    [notice] = seen(issue(IssueState.REVIEW))
    assert (notice.why, notice.number) == ("Guidance for you", 42)


def test_who_may_not_send_is_not_asked_to_decide() -> None:
    facts = replace(issue(IssueState.PAUSED), uncertain={41: 3}, is_clock_alive=False, new_items=2)
    kinds = [notice.kind for notice in seen(facts, may_send=False)]
    assert kinds == [Kind.CLOCK, Kind.NEW_ITEMS]


@pytest.mark.parametrize(
    ("asked_id", "editor_id", "is_theirs"),
    [(None, 8, True), (None, 7, False), (8, 8, True), (9, 8, False)],
)
def test_only_who_may_approve_and_is_meant_is_asked_to(
    asked_id: int | None, editor_id: int, is_theirs: bool
) -> None:
    facts = issue(IssueState.REVIEW, asked_id=asked_id)
    found = notices(facts, may_send=True, now=NOW, editor_id=editor_id)
    assert bool(found) is is_theirs


def test_what_stops_everything_comes_first_and_what_can_wait_last() -> None:
    lines = [
        replace(LINE, number=9, state=IssueState.REVIEW),
        replace(LINE, number=8, state=IssueState.PAUSED),
        replace(
            LINE, number=7, state=IssueState.SCHEDULED, send_at=datetime(2027, 3, 8), zone="UTC"
        ),
    ]
    facts = Facts(
        lines=lines,
        uncertain={6: 1},
        withdrawn={7: ["Old guidance"]},
        new_items=5,
        is_clock_alive=False,
        shortage="No room.",
    )
    assert [notice.kind for notice in seen(facts)] == [
        *(Kind.CLOCK, Kind.DISK, Kind.WITHDRAWN),
        *(Kind.PAUSED, Kind.UNCERTAIN),
        *(Kind.REVIEW, Kind.NEW_ITEMS),
    ]
