"""The commands as a program sees them: the last word, JSON, one line and 2 when refused."""

import json
import quopri
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from newsletter import reports
from newsletter.clock import now as the_clock
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import (
    ConsentEvent,
    Subscriber,
    SubscriptionState,
    Suppression,
)
from tests.factories import make_item, make_list, make_subscription, make_topic


def run(app: Flask, line: str, *more: str) -> Result:
    """Run a command as typed; what the test made before is committed first."""
    db.session.commit()
    result = app.test_cli_runner().invoke(args=[*line.split(), *more])
    db.session.rollback()
    db.session.expire_all()
    return result


def told(app: Flask, line: str, *more: str) -> str:
    """Standard output of a command that worked."""
    result = run(app, line, *more)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(app: Flask, line: str, *more: str) -> str:
    """The one line on standard error of a command that ended with 2."""
    result = run(app, line, *more)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def people(tmp_path: Path) -> str:
    """A file of two readers and one mistake."""
    path = tmp_path / "people.csv"
    path.write_text("address,name,language\nada@example.org,Ada,en\nbob@example.org,,fr\nno,,\n")
    return str(path)


def test_a_list_is_added_and_shown(app: Flask) -> None:
    make_topic("mms")
    db.session.commit()
    out = told(app, "lists add country-news --public --topic mms --name", "Country news")
    assert out.split()[-1] == "country-news"
    [facts] = json.loads(told(app, "lists show --json"))
    assert facts["slug"] == "country-news"
    assert facts["public"] is True
    assert facts["from"] == "country-news@news.example.org"
    assert facts["topics"] == ["mms"]
    assert facts["tracking"] == "none"


@pytest.mark.parametrize("tracking", ["none", "aggregate", "individual"])
def test_a_list_says_what_it_records(app: Flask, tracking: str) -> None:
    told(app, f"lists add news --tracking {tracking} --name", "News")
    [facts] = json.loads(told(app, "lists show --json"))
    assert facts["tracking"] == tracking
    assert f"records {tracking}" in told(app, "lists show")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("lists add", "Missing argument 'SLUG'"),
        ("lists add Bad_Slug --name X", "cannot stand in a link"),
        ("lists add news", "Missing option '--name'"),
        ("lists add news --name X --tracking all", "'all' is not one of"),
        ("lists add news --name X --topic nothing", "nothing"),
        ("lists add news --name X --reply-to nobody", "has one @"),
        ("lists frobnicate", "No such command"),
        ("subscribers show nobody@example.org", "Nothing is known of nobody@example.org"),
        ("subscribers show not-an-address", "is not a mail address"),
        ("subscribers erase not-an-address", "is not a mail address"),
        ("subscribers import nothing.csv --list none --consent yes", "There is no list “none”"),
        ("subscribers export --list none", "There is no list “none”"),
        ("suppressions add ada@example.org", "Missing option '--reason'"),
        ("issues create --list none --subject S", "There is no list “none”"),
        ("issues report 4711", "4711"),
        ("issues report 99999999999999999999", "99999999999999999999"),
        ("issues trace 4711 ada@example.org", "4711"),
        ("issues schedule 4711 --at tomorrow --zone UTC", "4711"),
        ("issues pause 4711", "4711"),
        ("jobs once nothing", "nothing"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    app: Flask, line: str, sentence: str
) -> None:
    assert sentence in refused(app, line)


def test_an_import_reports_in_words_and_in_json(app: Flask, people: str) -> None:
    make_list("news")
    line = f"subscribers import {people} --list news --consent"
    dry = json.loads(told(app, line, "a sheet", "--dry-run", "--json"))
    assert (dry["dry_run"], dry["imported"]) == (True, 2)
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    done = json.loads(told(app, line, "a sheet", "--json"))
    assert done == {
        "dry_run": False,
        "rows": 3,
        "imported": 2,
        "already_subscribed": 0,
        "refused": 1,
        "refusals": [{"line": 4, "reason": "the address is not one that mail can reach"}],
    }
    again = told(app, line, "a sheet")
    assert "0 imported, 2 subscribed already, 1 refused" in again


def test_an_export_is_csv(app: Flask) -> None:
    make_subscription(make_list("news"), "ada@example.org")
    lines = told(app, "subscribers export --list news").splitlines()
    assert lines[0].startswith("address,name,language")
    assert lines[1].startswith("ada@example.org,Ada,en,news,confirmed")


def test_showing_somebody_uses_the_words_of_the_data(app: Flask) -> None:
    make_subscription(make_list("news"), "ada@example.org")
    facts = json.loads(told(app, "subscribers show ADA@example.org --json"))
    assert (facts["address"], facts["state"], facts["suppressed"]) == (
        "ada@example.org",
        "confirmed",
        False,
    )
    assert facts["subscriptions"][0]["list"] == "news"
    assert facts["subscriptions"][0]["state"] == "confirmed"
    told(app, "suppressions add ada@example.org --reason", "asked by phone")
    facts = json.loads(told(app, "subscribers show ada@example.org --json"))
    assert (facts["state"], facts["suppressed"]) == ("suppressed", True)
    told(app, "suppressions lift ada@example.org --reason", "asked by phone again")
    facts = json.loads(told(app, "subscribers show ada@example.org --json"))
    assert (facts["state"], facts["suppressed"]) == ("confirmed", False)


def test_erasing_leaves_one_mark_and_an_import_does_not_bring_them_back(
    app: Flask, people: str, tmp_path: Path
) -> None:
    mailing_list = make_list("news")
    make_subscription(mailing_list, "ada@example.org", name="Ada Lovelace")
    told(app, "suppressions add bob@example.org --reason", "Bob wrote to us")
    for address in ("ada@example.org", "bob@example.org", "never@example.org"):
        told(app, f"subscribers erase {address}")
        told(app, f"subscribers erase {address}")
    marks = db.session.scalars(sa.select(Suppression)).all()
    assert [mark.address for mark in marks] == [None, None, None]
    told(app, f"subscribers import {people} --list news --consent", "a sheet")
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    assert {event.subscriber_id for event in db.session.scalars(sa.select(ConsentEvent))} == {None}
    kept = " ".join(
        str(row)
        for table in db.metadata.sorted_tables
        for row in db.session.execute(sa.select(table))
    )
    db.session.remove()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("test.sqlite3*"))
    for word in ("ada@", "Lovelace", "bob@", "Bob", "never@"):
        assert word not in kept
        assert word.encode() not in files


def test_composing_checking_and_previewing(app: Flask, tmp_path: Path) -> None:
    make_item("guide")
    make_subscription(make_list("news"), "ada@example.org", name="Ada")
    intro = tmp_path / "intro.md"
    intro.write_text("Dear {{ name | reader }}, read *this*.", encoding="utf-8")
    out = told(
        app,
        f"issues create --list news --item guide --intro-file {intro} --preheader P --subject",
        "New for {{ name }}",
    )
    number = out.split()[-1]
    assert number == "1"
    findings = json.loads(told(app, "issues check 1 --json"))
    assert all(finding["level"] != "stop" for finding in findings)
    message = told(app, "issues preview 1 --as ada@example.org")
    assert "Subject: New for Ada" in message
    assert "Dear Ada" in quopri.decodestring(message).decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in message


def test_scheduling_and_stopping(app: Flask) -> None:
    make_subscription(make_list("news"))
    make_item("guide")
    told(app, "issues create --list news --item guide --subject Hello")
    assert "is over" in refused(app, "issues schedule 1 --at 2020-03-01T09:00 --zone UTC")
    assert "not a time zone" in refused(app, "issues schedule 1 --at 2027-03-01T09:00 --zone X")
    told(app, "issues schedule 1 --at 2027-12-01T09:00 --zone Europe/Vienna")
    issue = db.session.get_one(Issue, 1)
    assert (issue.state, issue.zone) == (IssueState.SCHEDULED, "Europe/Vienna")
    db.session.rollback()
    told(app, "issues stop 1")
    assert db.session.get_one(Issue, 1).state is IssueState.APPROVED


def test_an_issue_for_nobody_is_refused_and_a_missing_postal_address_only_warns(
    app: Flask,
) -> None:
    make_item("guide")
    mailing_list = make_list("news", postal_address="")
    told(app, "issues create --list news --item guide --subject Hello")
    assert "Nobody would get this issue" in run(app, "issues send 1 --hold 0").stderr
    make_subscription(mailing_list)
    result = run(app, "issues send 1 --hold 0")
    assert result.exit_code == 0
    assert "postal address" in result.stderr
    assert db.session.get_one(Issue, 1).state is IssueState.SCHEDULED


def test_waiting_without_a_clock_says_so_and_exits_3(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.cli.following.CLOCK_GRACE", 0.0)
    make_item("guide")
    make_subscription(make_list("news"))
    told(app, "issues create --list news --item guide --subject Hello")
    result = run(app, "issues send 1 --hold 0 --wait")
    assert result.exit_code == 3
    assert "No clock is running" in result.stderr
    assert db.session.get_one(Issue, 1).state is IssueState.SCHEDULED


def test_a_report_has_every_state_and_nothing_else(app: Flask) -> None:
    make_item("guide")
    make_subscription(make_list("news"))
    told(app, "issues create --list news --item guide --subject Hello")
    facts = json.loads(told(app, "issues report 1 --json"))
    assert facts == dict.fromkeys(
        ["planned", "sent", "failed", "suppressed", "cancelled", "uncertain", "waiting"]
        + ["in_flight"],
        0,
    )


def test_a_trace_says_why_somebody_is_left_out(app: Flask) -> None:
    make_item("guide")
    make_subscription(make_list("news"), state=SubscriptionState.UNSUBSCRIBED)
    told(app, "issues create --list news --item guide --subject Hello")
    facts = json.loads(told(app, "issues trace 1 ada@example.org --json"))
    assert facts["state"] == "unsubscribed"
    assert facts["reason"].endswith(".")
    assert not reports.clock_is_alive(now=the_clock())


def test_a_database_without_tables_is_one_line(app: Flask) -> None:
    db.session.execute(sa.text("DROP TABLE suppression"))
    assert "flask db upgrade" in refused(app, "subscribers show ada@example.org")
