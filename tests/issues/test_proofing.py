"""The checks of an issue know the library, the list and what was sent before."""

from flask import Flask

from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.proofing import proofread
from tests.conftest import NOW
from tests.factories import make_item, make_list

PREHEADER = "What decision-makers asked about, answered by the experts."


def test_a_clean_issue_has_no_findings(app: Flask) -> None:
    make_item("one")
    issue = composing.create_issue(
        make_list(), subject="S", preheader=PREHEADER, items=["one"], by=None, now=NOW
    )
    assert proofread(issue, recipients=3) == []
    assert proofread(issue) == []


def test_the_tables_are_asked(app: Flask) -> None:
    mailing_list = make_list(postal_address="")
    make_item("one")
    gone = make_item("two")
    sent = composing.create_issue(mailing_list, subject="S", items=["one"], by=None, now=NOW)
    sent.begun_at = NOW
    issue = composing.create_issue(
        mailing_list, subject="S", preheader=PREHEADER, items=["one", "two"], by=None, now=NOW
    )
    gone.withdrawn_at = NOW
    db.session.flush()
    assert [(finding.code, finding.place) for finding in proofread(issue, recipients=0)] == [
        ("withdrawn-item", "items/two"),
        ("no-recipients", "audience"),
        ("postal-address", "list"),
        ("sent-before", "items/one"),
    ]
    assert f"issue {sent.id}." in proofread(issue)[2].sentence


def test_a_large_issue_is_measured(app: Flask) -> None:
    issue = composing.create_issue(
        make_list(),
        subject="S",
        preheader=PREHEADER,
        introduction="long words " * 8_500,
        by=None,
        now=NOW,
    )
    assert [finding.code for finding in proofread(issue)] == ["large"]
