"""What commands change is written down, as done by the command line."""

import json
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from newsletter.audit.deeds import sentence
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.subscriptions.models import MailingList
from tests.cli.test_commands import refused, told
from tests.factories import make_subscription


def said() -> list[str]:
    """What the log says, the oldest first."""
    entries = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
    return [str(sentence(entry.deed, entry.key, entry.detail)) for entry in entries]


def test_what_commands_change_is_written_down(app: Flask, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("address,name,language\nada@example.org,Ada,en\nbob@example.org,,fr\n")
    told(app, "lists add news --name News --public --postal-address Street")
    told(app, "library add --kind guidance --title Guide --summary Short --url https://a.example/")
    told(app, "editors add paul@example.org --role author")
    told(app, f"subscribers import {people} --list news --consent", "paper forms", "--dry-run")
    told(app, f"subscribers import {people} --list news --consent", "paper forms")
    told(app, "subscribers export --list news")
    told(app, "subscribers show ada@example.org")
    told(app, "subscribers erase ada@example.org")
    told(app, "suppressions add bob@example.org --reason asked")
    told(app, "suppressions lift bob@example.org --reason", "another Bob")
    told(app, "issues create --list news --subject Hello --item guide")
    told(app, "pace set --per-minute 60")
    refused(app, "issues stop 1")
    assert said() == [
        "added the list “news”.",
        "added the item “guide”.",
        "invited editor 1 as author.",
        "imported subscribers: 2 on the list “news”.",
        "exported the subscribers of the list “news”.",
        "erased a person.",
        "suppressed subscriber 2.",
        "lifted the suppression of subscriber 2: another Bob.",
        "began issue 1.",
        "changed how fast mail goes: the installation: 60 a minute.",
    ]
    assert set(db.session.scalars(sa.select(AuditEntry.actor))) == {"command line"}
    rows = str(db.session.execute(sa.select(AuditEntry.__table__)).all())
    assert "@" not in rows
    assert "Ada" not in rows


def test_sending_by_command_is_written_down(app: Flask) -> None:
    told(app, "lists add news --name News --postal-address Street")
    told(app, "library add --kind guidance --title Guide --summary Short --url https://a.example/")
    told(app, "issues create --list news --subject Hello --item guide")
    make_subscription(db.session.scalars(sa.select(MailingList)).one())
    told(app, "issues send 1 --hold 600")
    told(app, "issues stop 1")
    assert said()[3:] == [
        "approved issue 1 as version 1.",
        "sent issue 1, after a hold of 600 seconds; 1 warning stood: no-preheader.",
        "stopped issue 1 before its first mail.",
    ]


def test_the_log_is_shown_newest_first_and_by_issue(app: Flask) -> None:
    told(app, "lists add news --name News")
    told(app, "issues create --list news --subject Hello")
    newest, oldest = told(app, "audit show").splitlines()
    assert newest.endswith("  command line began issue 1.")
    assert oldest.endswith("  command line added the list “news”.")
    [entry] = json.loads(told(app, "audit show --issue 1 --json"))
    assert entry["sentence"] == "command line began issue 1."
    assert (entry["deed"], entry["key"], entry["channel"]) == ("issue.created", "1", "command")
    assert told(app, "audit show --most 1").count("\n") == 1
    assert told(app, "audit show --issue 2") == ""
