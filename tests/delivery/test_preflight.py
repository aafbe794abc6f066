"""The checks of an issue know its audience, the library, the list and what was sent before."""

from flask import Flask

from newsletter.delivery import preflight
from newsletter.extensions import db
from newsletter.issues import composing
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_subscription

PREHEADER = "What decision-makers asked about, answered by the experts."


def test_a_finished_issue_has_no_findings(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    make_item("one")
    issue = composing.create_issue(
        mailing_list, subject="S", preheader=PREHEADER, items=["one"], by=None, now=NOW
    )
    assert preflight.examine(issue) == []


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
    findings = preflight.examine(issue)
    one, two = composing.current(issue).blocks
    assert [(finding.code, finding.place) for finding in findings] == [
        ("withdrawn-item", f"block-{two.key}"),
        ("no-recipients", "audience"),
        ("postal-address", "list"),
        ("sent-before", f"block-{one.key}"),
    ]
    assert findings[3].sentence.endswith(f"was already in issue {sent.id} (1 March 2027).")


def test_a_large_issue_is_measured(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    issue = composing.create_issue(
        mailing_list,
        subject="S",
        preheader=PREHEADER,
        introduction="long words " * 8_500,
        by=None,
        now=NOW,
    )
    assert [finding.code for finding in preflight.examine(issue)] == ["large", "heavy"]
