"""Following an issue, and deciding what is uncertain, from the command line."""

import json
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from newsletter import clock, reports
from newsletter.cli import following
from newsletter.delivery import closing, planning, sweeping
from newsletter.delivery.models import Batch, Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues import composing, reviewing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Progress, Report
from tests.factories import make_due_issue, make_editor, make_list, make_subscription


@pytest.fixture
def number(app: Flask) -> int:
    """An issue to three readers that is being sent, and nobody sends it."""
    news = make_list()
    for name in ("ada", "ben", "cleo"):
        make_subscription(news, f"{name}@example.org")
    issue = make_due_issue(news, at=clock.now())
    planning.plan(issue, now=clock.now())
    db.session.commit()
    return issue.id


def run(app: Flask, line: str) -> Result:
    db.session.commit()
    result = app.test_cli_runner().invoke(args=line.split())
    db.session.rollback()
    db.session.expire_all()
    return result


def end(state: DeliveryState) -> None:
    """Let the issue end with all of its rows in one state."""
    db.session.execute(sa.update(Delivery).values(state=state, finished_at=clock.now()))
    closing.close_batches(sa.true())
    closing.finish_done(now=clock.now())
    db.session.commit()


def test_following_ends_when_the_issue_does(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "FOLLOW_EVERY", 0.05)

    def send_all() -> None:
        with app.app_context():
            end(DeliveryState.SENT)

    sender = threading.Thread(target=send_all)
    sender.start()
    assert following.follow(number) == 0
    sender.join()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"Issue {number}: [####################] 100 %, 3 of 3 sent"


def test_a_program_gets_one_json_object_at_the_end(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CLOCK_GRACE", 0.0)
    result = run(app, f"issues send {number} --wait --json")
    assert result.exit_code == following.NO_CLOCK
    facts = json.loads(result.stdout)
    assert (facts["issue"], facts["state"], facts["planned"]) == (number, "sending", 3)
    assert facts["waiting"] == 3


def test_a_pause_while_following_is_said_with_its_reason(app: Flask, number: int) -> None:
    issue = db.session.get_one(Issue, number)
    workflow.pause(issue, "The relay does not take our password.", now=clock.now())
    db.session.commit()
    with pytest.raises(Exception, match="is paused. The relay does not take our password."):
        following.follow(number)


def test_an_issue_that_waits_for_the_relay_is_followed_on_and_says_why(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "FOLLOW_EVERY", 0.05)
    monkeypatch.setattr(following, "LINE_EVERY", 0.0)
    workflow.wait_for_relay(db.session.get_one(Issue, number), f"No answer. {workflow.BY_ITSELF}")
    db.session.commit()

    def send_all() -> None:
        with app.app_context():
            workflow.go_on(db.session.get_one(Issue, number))
            end(DeliveryState.SENT)

    sender = threading.Timer(0.3, send_all)
    sender.start()
    assert following.follow(number) == 0
    sender.join()
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == f"Issue {number}: 0 of 3 sent. No answer. {workflow.BY_ITSELF}"
    assert last.endswith("3 of 3 sent")


def test_an_issue_that_waits_too_long_for_the_relay_is_left_with_the_sentence(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RELAY_GRACE", 0.0)
    workflow.wait_for_relay(db.session.get_one(Issue, number), f"No answer. {workflow.BY_ITSELF}")
    reports.beat(now=clock.now())
    result = run(app, f"issues send {number} --wait")
    assert result.exit_code == 2
    assert f"is paused. No answer. {workflow.BY_ITSELF}" in result.stderr


def test_a_cancelled_issue_is_followed_until_nothing_waits(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "FOLLOW_EVERY", 0.05)
    monkeypatch.setattr(following, "LINE_EVERY", 0.0)
    # As a large one: its move is committed, and the rows are left to the sweeps.
    workflow.cancel(db.session.get_one(Issue, number))
    db.session.commit()

    def sweep() -> None:
        with app.app_context():
            sweeping.sweep(now=clock.now())
            db.session.commit()

    sweeper = threading.Timer(0.3, sweep)
    sweeper.start()
    assert following.follow(number) == 0
    sweeper.join()
    first, *_, last = capsys.readouterr().err.splitlines()
    assert "cancelled" not in first
    assert last.endswith("0 of 3 sent, 3 cancelled")


def test_a_cancelled_issue_whose_rows_nobody_ends_says_that_no_clock_runs(
    app: Flask, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "CLOCK_GRACE", 0.0)
    workflow.cancel(db.session.get_one(Issue, number))
    db.session.commit()
    assert following.follow(number) == following.NO_CLOCK
    assert "No clock is running, so nothing goes on" in capsys.readouterr().err


def test_who_follows_an_issue_that_is_over_already_gets_its_report(app: Flask, number: int) -> None:
    end(DeliveryState.SENT)
    result = run(app, f"issues send {number} --wait --json")
    assert result.exit_code == 0
    assert (json.loads(result.stdout)["state"], json.loads(result.stdout)["sent"]) == ("sent", 3)
    assert run(app, f"issues send {number}").exit_code == 2


@pytest.mark.parametrize(
    ("state", "progress", "expected"),
    [
        (IssueState.SCHEDULED, Progress(Report()), "waits for its time"),
        (
            IssueState.SCHEDULED,
            Progress(Report(), gathered=120_500),
            "its readers are being gathered, 120,500 so far",
        ),
        (
            IssueState.SENDING,
            Progress(Report(planned=10_000, sent=5_000, failed=12, waiting=4_988), rate=1234.5),
            "[##########..........] 50 %, 5,000 of 10,000 sent, 1,234 a second, "
            "less than a minute left, 12 failed",
        ),
        (
            IssueState.SENDING,
            Progress(Report(planned=100_000, waiting=100_000), rate=10.0, deferred=7),
            "[....................] 0 %, 0 of 100,000 sent, 10 a second, about 3 hours left, "
            "7 wait for another try",
        ),
        (
            IssueState.SENT,
            Progress(Report(planned=3, sent=2, uncertain=1), rate=9.0),
            "[####################] 100 %, 2 of 3 sent, 1 uncertain",
        ),
    ],
)
def test_the_line_says_how_far_how_fast_and_how_much_longer(
    state: IssueState, progress: Progress, expected: str
) -> None:
    assert following.line(state, progress) == expected


def test_a_log_gets_a_line_now_and_then_and_the_last_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = following._Log()
    for words in ("one", "two", "three"):
        screen.show(words)
    screen.end()
    screen.end()
    assert capsys.readouterr().err == "one\nthree\n"


def test_a_terminal_draws_one_line_over(capsys: pytest.CaptureFixture[str]) -> None:
    screen = following._Terminal()
    screen.show("one")
    screen.show("x" * 500)
    screen.end()
    drawn = capsys.readouterr().err
    assert drawn.startswith("\r\x1b[Kone\r\x1b[Kxxx")
    assert drawn.endswith("x\n")
    assert max(map(len, drawn.split("\r"))) < 100


def test_uncertain_mail_is_counted_as_sent_by_an_editor(app: Flask, number: int) -> None:
    make_editor("edith@example.org", name="Edith")
    end(DeliveryState.UNCERTAIN)
    result = run(app, f"issues resolve {number} --as sent --by edith@example.org")
    assert (result.exit_code, result.stdout) == (0, "3 messages count as sent.\n")
    trace = reports.trace(number, "ada@example.org")
    assert "Edith (editor 1) decided" in trace.reason
    assert reports.report(number) == Report(planned=3, sent=3)


def test_uncertain_mail_of_one_reader_is_sent_again_and_the_risk_is_said(
    app: Flask, number: int
) -> None:
    end(DeliveryState.UNCERTAIN)
    line = f"issues resolve {number} --as again --yes --address ADA@example.org --json"
    result = run(app, line)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "issue": number,
        "as": "again",
        "decided": 1,
        "busy": 0,
        "unwanted": 0,
    }
    assert "a second time" in result.stderr
    assert reports.report(number) == Report(planned=3, waiting=1, uncertain=2)
    assert db.session.get_one(Issue, number).state is IssueState.SENDING


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--as sent", "is not uncertain"),
        ("--as perhaps", "is not one of"),
        ("--as sent --by nobody@example.org", "no editor with the address"),
        ("--as sent --address nobody", "is not a mail address"),
        ("--as sent --address zoe@example.org", "was not planned for"),
        ("", "Missing option '--as'"),
    ],
)
def test_what_cannot_be_decided_is_one_line(
    app: Flask, number: int, line: str, sentence: str
) -> None:
    result = run(app, f"issues resolve {number} {line}")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_program_that_says_again_is_not_asked(app: Flask, number: int) -> None:
    end(DeliveryState.UNCERTAIN)
    result = run(app, f"issues resolve {number} --as again")
    assert result.exit_code == 0, result.stderr
    assert reports.report(number) == Report(planned=3, waiting=3)


def test_what_a_sender_holds_is_not_decided_and_says_so(app: Flask, number: int) -> None:
    end(DeliveryState.UNCERTAIN)
    db.session.execute(sa.update(Batch).values(leased_until=clock.now() + timedelta(minutes=1)))
    result = run(app, f"issues resolve {number} --as again --yes")
    assert result.stdout.startswith("0 messages wait to be sent again.\n3 are among")


def test_a_restored_backup_is_told_about(app: Flask, number: int) -> None:
    result = run(app, "issues restored")
    assert result.stdout == (
        f"Issue {number} was being sent: it is paused, what was open is uncertain.\n"
        "3 messages are uncertain now.\n"
    )
    facts = json.loads(run(app, "issues restored --json").stdout)
    assert facts == {"begun": [number], "uncertain": 0, "due": []}


@pytest.mark.parametrize("line", ["send 1 --hold 0", "schedule 1 --at 2090-01-01T09:00 --zone UTC"])
def test_a_command_is_no_second_person(app: Flask, line: str) -> None:
    mailing_list = make_list(name="Careful News")
    mailing_list.needs_approval = True
    make_subscription(mailing_list)
    issue = composing.create_issue(
        mailing_list, subject="S", introduction="Hello", by=None, now=clock.now()
    )
    refused = run(app, f"issues {line}")
    assert refused.exit_code == 2
    assert "Issues of Careful News need a second person. An editor has to approve" in refused.stderr
    assert issue.state is IssueState.DRAFT
    reviewing.approve(issue, by=make_editor(), version=1, now=clock.now())
    run(app, f"issues {line}")
    # A year that is too far away is refused for what it is.
    state = IssueState.SCHEDULED if line.startswith("send") else IssueState.APPROVED
    assert issue.state is state


def test_a_scheduled_issue_is_moved_and_stays_scheduled(app: Flask) -> None:
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news, at=clock.now())
    workflow.stop(issue)
    workflow.send_soon(issue, timedelta(hours=1), now=clock.now())
    at = f"{clock.now().year + 1}-07-01T09:00"
    moved = run(app, f"issues schedule {issue.id} --at {at} --zone Europe/Vienna")
    assert moved.exit_code == 0, moved.output
    assert (issue.state, issue.zone) == (IssueState.SCHEDULED, "Europe/Vienna")
    workflow.begin_sending(issue, now=clock.now())
    refused = run(app, f"issues schedule {issue.id} --at {at} --zone UTC")
    assert (refused.exit_code, issue.zone) == (2, "Europe/Vienna")
