"""The clock and its jobs."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

import config
from newsletter import clock, jobs, limits, reports
from newsletter.delivery import alarms, planning
from newsletter.delivery.models import Heartbeat, Send
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db, reading
from newsletter.fetching.rules import Rules
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.jobs import running, work
from newsletter.limits import Counter
from newsletter.mail.models import OutboxMessage
from newsletter.reachability import domains, links
from newsletter.reachability.links import Level
from newsletter.reachability.models import DomainCheck, DomainResult, LinkCheck
from newsletter.subscriptions.models import Subscription, SubscriptionState
from tests.conftest import NOW, settings
from tests.factories import make_due_issue, make_editor, make_list, make_subscription
from tests.nameserver import Zone
from tests.relay import Relay
from tests.website import Website, page


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        relay.configure(app)
        yield relay


def test_a_due_issue_is_planned_and_one_that_is_not_due_is_left(app: Flask) -> None:
    due = _committed_issue("due")
    not_due = _committed_issue("later", at=NOW + timedelta(minutes=1))

    jobs.once("start-due-issues", now=NOW)

    assert db.session.get_one(Issue, due).state is IssueState.SENDING
    assert db.session.get_one(Issue, not_due).state is IssueState.SCHEDULED
    assert reports.report(due) == reports.Report(planned=1, waiting=1)


def test_what_is_put_off_while_another_issue_is_planned_waits_for_its_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _committed_issue("first"), _committed_issue("second")
    plan = planning.plan

    def plan_slowly(issue: Issue, *, now: datetime) -> Send | None:
        if issue.id == first:
            other = db.session.get_one(Issue, second)
            workflow.stop(other)
            workflow.schedule(other, datetime(2027, 3, 8, 9), "UTC", now=now)
            db.session.commit()
        return plan(issue, now=now)

    monkeypatch.setattr(planning, "plan", plan_slowly)
    jobs.once("start-due-issues", now=NOW)

    assert db.session.get_one(Issue, first).state is IssueState.SENDING
    assert db.session.get_one(Issue, second).state is IssueState.SCHEDULED


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (timedelta(hours=3), IssueState.SENDING),
        (timedelta(hours=3, seconds=1), IssueState.PAUSED),
        (timedelta(days=2), IssueState.PAUSED),
    ],
)
def test_an_issue_more_than_three_hours_late_asks_instead_of_going_out(
    app: Flask, late: timedelta, state: IssueState
) -> None:
    make_editor("edith@example.org")
    number = _committed_issue("due")

    jobs.once("start-due-issues", now=NOW + late)

    issue = db.session.get_one(Issue, number)
    assert issue.state is state
    asked = db.session.scalars(sa.select(OutboxMessage.recipient)).all()
    if state is IssueState.PAUSED:
        hours = int(late / timedelta(hours=1))
        assert f"It was due {hours} hours ago" in issue.pause_reason
        assert asked == ["edith@example.org"]
        assert reports.report(number) == reports.Report()
    else:
        assert asked == []


def test_a_late_issue_goes_out_when_a_person_resumes_it(app: Flask) -> None:
    number = _committed_issue("due")
    tomorrow = NOW + timedelta(days=1)
    jobs.once("start-due-issues", now=tomorrow)
    workflow.resume(db.session.get_one(Issue, number), now=tomorrow)
    db.session.commit()

    jobs.once("start-due-issues", now=tomorrow)

    assert reports.report(number) == reports.Report(planned=1, waiting=1)


def test_an_issue_that_cannot_start_is_paused_with_the_reason_and_holds_up_no_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = _committed_issue("broken"), _committed_issue("good")
    plan = planning.plan

    def refuse_one(issue: Issue, *, now: datetime) -> Send:
        if issue.id == broken:
            raise Refused("Nothing is approved.")
        return plan(issue, now=now)

    monkeypatch.setattr(planning, "plan", refuse_one)
    jobs.once("start-due-issues", now=NOW)

    issue = db.session.get_one(Issue, broken)
    assert issue.state is IssueState.PAUSED
    assert issue.pause_reason == "It could not be started. Nothing is approved."
    assert db.session.get_one(Issue, good).state is IssueState.SENDING


def test_an_issue_that_cannot_even_be_read_is_paused_and_holds_up_no_other(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    broken, sound = make_due_issue(mailing_list), make_due_issue(mailing_list)
    db.session.execute(
        sa.update(Revision).where(Revision.issue_id == broken.id).values(content={"odd": 1})
    )
    db.session.commit()
    jobs.once("start-due-issues", now=NOW)
    db.session.expire_all()
    assert (broken.state, sound.state) == (IssueState.PAUSED, IssueState.SENDING)
    assert "could not be started" in broken.pause_reason


def test_the_whole_way_of_an_issue_by_hand(app: Flask, relay: Relay) -> None:
    number = _committed_issue("due", at=clock.now())

    jobs.once("start-due-issues", now=clock.now())
    jobs.once("deliver", now=clock.now())

    assert [message.recipient for message in relay.messages] == ["due@example.org"]
    assert reports.report(number) == reports.Report(planned=1, sent=1)
    assert db.session.get_one(Issue, number).state is IssueState.SENT


def test_the_alarm_leaves_through_the_outbox(app: Flask, relay: Relay) -> None:
    make_editor("edith@example.org")
    number = _committed_issue("due", at=clock.now())
    alarms.pause_and_tell(db.session.get_one(Issue, number), "The relay is gone.", now=clock.now())
    db.session.commit()

    jobs.once("outbox", now=clock.now())

    (mail,) = relay.to("edith@example.org")
    assert f"Issue {number} needs you".encode() in mail.data
    assert b"The relay is gone." in mail.data
    assert f"https://news.example.org/desk/issues/{number}".encode() in mail.data


def test_unconfirmed_signups_and_old_counters_are_forgotten(app: Flask) -> None:
    make_subscription(make_list(), state=SubscriptionState.PENDING)
    limits.count("sign-up", "1.2.3.0/24", window=timedelta(hours=1), most=10, now=NOW)
    db.session.commit()
    later = NOW + timedelta(days=40)

    jobs.once("expire-signups", now=later)
    jobs.once("forget-counters", now=later)
    jobs.once("images", now=later)

    assert db.session.scalars(sa.select(Subscription)).all() == []
    assert db.session.scalars(sa.select(Counter)).all() == []


def test_an_unknown_job_is_named_with_those_that_exist(app: Flask) -> None:
    with pytest.raises(NotFound, match="outbox, start-due-issues, sweep, watch, watch-leaving"):
        jobs.once("coffee", now=NOW)


def test_a_job_that_fails_is_logged_rolled_back_and_stops_nothing(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(now: datetime) -> None:
        reports.beat(now=now)
        raise RuntimeError("unforeseen")

    running._perform(app, jobs.Job("broken", "fail", timedelta(seconds=1), fail))

    assert "job broken failed" in caplog.text
    assert db.session.scalars(sa.select(Heartbeat)).all() == []


def test_commands_list_and_run_jobs(app: Flask) -> None:
    runner = app.test_cli_runner()

    listed = runner.invoke(args=["jobs", "list"])
    ran = runner.invoke(args=["jobs", "once", "heartbeat"])
    unknown = runner.invoke(args=["jobs", "once", "coffee"])

    assert "start-due-issues   every 1 s" in listed.output
    assert (ran.exit_code, ran.output) == (0, "Job done: heartbeat\n")
    assert reports.clock_is_alive(now=clock.now())
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("There is no job “coffee”.")
    assert "Traceback" not in unknown.output


@pytest.mark.parametrize("clocks", [1, 2])
def test_the_clock_does_it_all_and_ends_within_seconds(
    app: Flask, relay: Relay, tmp_path: Path, clocks: int
) -> None:
    make_editor("edith@example.org")
    number = _committed_issue("due", at=clock.now())
    # Nobody confirmed: this one ends at once, and the editors get a mail about it.
    lonely = make_due_issue(make_list("lonely"), at=clock.now())
    assert lonely.id != number
    db.session.commit()

    processes = [_start_clock(app, tmp_path, relay) for _ in range(clocks)]
    _wait(lambda: len(relay.messages) == 2 and _is_sent(number))
    # One of them may have sent it all before the other listens to signals.
    _wait(lambda: all(map(_listens, processes)))
    for process in processes:
        process.send_signal(signal.SIGTERM)

    assert [process.wait(timeout=30) for process in processes] == [0] * clocks
    assert sorted(message.recipient for message in relay.messages) == [
        "due@example.org",
        "edith@example.org",
    ]
    assert reports.clock_is_alive(now=clock.now())


def _start_clock(app: Flask, folder: Path, relay: Relay) -> subprocess.Popen[bytes]:
    facts = {
        **{name: str(value) for name, value in settings(folder).items() if "KEY" in name},
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "PUBLIC_URL": "https://news.example.org",
        "MAIL_SERVER": relay.host,
        "MAIL_PORT": str(relay.port),
        "SECRET_KEY_FALLBACKS": "",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "jobs", "run"],
        cwd=config.ROOT,
        env=facts,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _listens(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether SIGTERM waits for the process to ask for it, instead of ending it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (blocked,) = re.findall(r"^SigBlk:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(blocked, 16) >> (signal.SIGTERM - 1) & 1)


def _committed_issue(name: str, *, at: datetime = NOW) -> int:
    """An issue due at `at` on a list of one reader, whose address has this name."""
    news = make_list(name)
    make_subscription(news, f"{name}@example.org")
    number = make_due_issue(news, at=at).id
    db.session.commit()
    return number


def _is_sent(number: int) -> bool:
    with reading():
        state = db.session.scalar(sa.select(Issue.state).where(Issue.id == number))
        db.session.rollback()
    return state is IssueState.SENT


def _wait(is_reached: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_reached():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def test_links_and_the_domains_of_lists_are_looked_at(app: Flask) -> None:
    with Website(page()) as site:
        # A list that writes from an address in numbers has no domain to look at.
        app.config.update(FETCH_RULES=site.rules(), PUBLIC_HOST="127.0.0.1")
        make_list()
        links.wanted([site.url()], now=NOW)
        db.session.commit()
        jobs.once("look-at-links", now=NOW)
        assert links.verdicts([site.url()])[site.url()].level is Level.FINE
    assert site.asked == ["HEAD /"]
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 0


def test_the_domain_that_a_list_writes_from_is_asked_about(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = Zone({"news.example.org": ["v=spf1 mx -all"]})
    monkeypatch.setattr(work, "Nameserver", lambda: zone)
    app.config["FETCH_RULES"] = Rules()
    make_list()
    db.session.commit()
    jobs.once("look-at-links", now=NOW)
    assert domains.verdict("news.example.org").spf.result is DomainResult.OK
    assert "_dmarc.example.org" in zone.asked


def test_nothing_is_looked_at_where_fetching_is_off(app: Flask) -> None:
    make_list()
    db.session.commit()
    jobs.once("look-at-links", now=NOW)
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 0


def test_links_of_open_issues_are_wanted_however_they_were_saved(app: Flask) -> None:
    app.config["FETCH_RULES"] = Rules()
    news = make_list()
    for name, state in (("draft", "draft"), ("old", "draft"), ("waits", "scheduled")):
        text = f"[Read it](https://{name}.example.org/)"
        issue = composing.create_issue(news, subject="S", introduction=text, by=None, now=NOW)
        if state == "scheduled":
            issue.state, issue.send_at, issue.zone = (
                IssueState.SCHEDULED,
                NOW.replace(tzinfo=None),
                "UTC",
            )
        if name != "draft":
            issue.updated_at = NOW - timedelta(days=40)
    jobs.once("want-links", now=NOW)
    wanted = db.session.scalars(sa.select(LinkCheck.url).order_by(LinkCheck.url)).all()
    assert wanted == ["https://draft.example.org/", "https://waits.example.org/"]


def test_links_and_domains_that_nobody_wants_are_forgotten(app: Flask) -> None:
    app.config["FETCH_RULES"] = Rules()
    links.wanted(["https://www.site.example/"], now=NOW)
    domains.wanted(["news.example.org"], now=NOW)
    jobs.once("forget-links", now=NOW + timedelta(days=91))
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 0
