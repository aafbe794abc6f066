"""Exporting: everything, safe in a spreadsheet, and readable by our own import."""

import csv
import io
from pathlib import Path

from flask import Flask

from newsletter.audiences import exporting, importing
from newsletter.extensions import db
from newsletter.subscriptions.models import Subscriber, SubscriptionState
from tests.conftest import NOW
from tests.factories import make_list, make_subscription


def exported(**only: object) -> list[dict[str, str]]:
    out = io.StringIO()
    exporting.export_subscribers(out, **only)  # type: ignore[arg-type]
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_every_interval_is_a_line(app: Flask) -> None:
    news, other = make_list("news"), make_list("other")
    make_subscription(news, "ada@example.org", name="Ada", language="fr")
    make_subscription(other, "bob@example.org", state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(other, "cat@example.org", state=SubscriptionState.PENDING)
    lines = exported()
    assert [(line["address"], line["list"], line["state"]) for line in lines] == [
        ("ada@example.org", "news", "confirmed"),
        ("bob@example.org", "other", "unsubscribed"),
        ("cat@example.org", "other", "pending"),
    ]
    assert lines[0]["since"] == NOW.isoformat()
    assert lines[1]["until"] == NOW.isoformat()
    assert len(exported(mailing_list=news)) == 1


def test_formulas_are_defused_and_come_back_unchanged(app: Flask, tmp_path: Path) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1", "O'Hara", "'quoted'", "Null", "007", "岡"]
    mailing_list = make_list("news")
    for number, name in enumerate(names):
        make_subscription(mailing_list, f"+r{number}@example.org", name=name)
    lines = exported()
    assert all(line["name"][0] not in "=+-@＝" for line in lines)
    assert all(line["address"].startswith("'+") for line in lines)
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        exporting.export_subscribers(out)
    db.session.query(Subscriber).delete()
    importing.import_file(path, mailing_list, basis="the same", actor="test", now=NOW)
    back = [subscriber.name for subscriber in db.session.query(Subscriber).order_by("id")]
    assert back == names
