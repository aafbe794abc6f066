"""Only allowed moves happen, once, whoever presses and however often."""

from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import IssueState
from tests.conftest import NOW
from tests.factories import make_item, make_list
from datetime import timedelta

def test_smoke(app) -> None:
    make_item()
    issue = composing.create_issue(make_list(), subject="S", items=["guidance-on-mms"], by=None, now=NOW)
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(seconds=600), now=NOW)
    db.session.commit()
    assert workflow.due_issues(now=NOW) == []
    assert workflow.due_issues(now=NOW + timedelta(seconds=600)) == [issue]
    workflow.begin_sending(issue, now=NOW)
    workflow.pause(issue)
    workflow.resume(issue, now=NOW)
    workflow.finish(issue, now=NOW)
    assert issue.state is IssueState.SENT
    assert issue.sent_at == NOW
    assert composing.approved_content(issue).subject == "S"
