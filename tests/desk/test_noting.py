"""What editors do is written down: by whom, to what, and without any reader."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, addresses, clock, erasure
from newsletter.accounts import RoleName
from newsletter.audit.deeds import sentence
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import fields_of
from tests.factories import make_editor, make_image, make_item, make_list, make_subscription

NEXT_YEAR = f"{clock.now().year + 1}-07-01T09:00"


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor(role=RoleName.ADMIN))


@pytest.fixture
def issue(app: Flask) -> Issue:
    make_item()
    mailing_list = make_list()
    make_subscription(mailing_list, "ada@example.org")
    return composing.create_issue(
        mailing_list, subject="Hello", items=["guidance-on-mms"], by=None, now=NOW
    )


def said() -> list[str]:
    """What the log says, the oldest first."""
    db.session.rollback()
    entries = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
    return [str(sentence(entry.deed, entry.key, entry.detail)) for entry in entries]


def do(browser: Browser, path: str, **fields: str | Sequence[str]) -> int:
    return browser.post(path, fields).status_code


def test_signing_in_is_written_down(browser: Browser) -> None:
    [entry] = db.session.scalars(sa.select(AuditEntry))
    assert (entry.actor, entry.channel) == ("Edith (editor 1)", "desk")
    assert said() == ["signed in by link."]


def test_what_is_done_to_an_issue_is_written_down_with_its_list(
    browser: Browser, issue: Issue
) -> None:
    page = f"/desk/issues/{issue.id}"
    assert do(browser, f"{page}/schedule", version="1", at=NEXT_YEAR, zone="Europe/Vienna") == 303
    assert do(browser, f"{page}/stop") == 303
    assert do(browser, f"{page}/stop") == 409
    assert do(browser, f"{page}/test") == 303
    assert do(browser, f"{page}/trace", address="nobody@example.org") == 422
    workflow.send_soon(issue, timedelta(0), now=clock.now())
    workflow.begin_sending(issue, now=clock.now())
    assert do(browser, f"{page}/cancel") == 303
    assert do(browser, f"{page}/cancel") == 409
    first, *rest = said()[1:]
    assert first == "approved issue 1 as version 1."
    assert rest.pop(0).startswith(f"scheduled issue 1 for {wall_day()}")
    assert rest == [
        "stopped issue 1 before its first mail.",
        "sent a test of issue 1 to themselves.",
        "asked who got issue 1, about an address that no subscriber has.",
        "cancelled issue 1.",
    ]
    lists = db.session.scalars(sa.select(AuditEntry.mailing_list_id).where(AuditEntry.key == "1"))
    assert set(lists) == {None, issue.mailing_list_id}


def wall_day() -> str:
    when = clock.parse_wall_time(NEXT_YEAR)
    return f"{when:%A} {when.day} {when:%B %Y}, 09:00 (Europe/Vienna)"


def test_saving_again_withdraws_an_approval_and_both_are_written_down(
    browser: Browser, issue: Issue
) -> None:
    page = f"/desk/issues/{issue.id}"
    assert do(browser, f"{page}/schedule", version="1", at=NEXT_YEAR, zone="UTC") == 303
    assert do(browser, f"{page}/stop") == 303
    assert (
        do(browser, page, version="1", mailing_list="news", language="en", subject="Better") == 303
    )
    assert said()[-2:] == [
        "saved issue 1 as version 2.",
        "withdrew the approval of issue 1: it was changed.",
    ]


def test_a_change_says_which_facts_and_never_which_values(browser: Browser, issue: Issue) -> None:
    mailing_list = issue.mailing_list
    form = {
        "name": mailing_list.name,
        "from_address": "desk@example.net",
        "default_language": "en",
        "zone": "UTC",
        "is_public": "yes",
        "postal_address": "1 Example Street, 10115 Sample Town",
    }
    assert do(browser, "/desk/lists/news", **form) == 303
    assert do(browser, "/desk/lists/news", **form) == 303
    assert do(browser, "/desk/library/item/guidance-on-mms", **item(title="Better")) == 303
    assert do(browser, "/desk/library/item/guidance-on-mms/withdraw") == 303
    assert said()[1:] == [
        "changed the list “news”: from address.",
        "changed the list “news”: nothing.",
        "changed the item “guidance-on-mms”: title.",
        "withdrew the item “guidance-on-mms”.",
    ]


def item(**changes: str) -> Mapping[str, str]:
    return {
        "kind": "guidance",
        "title": "Guidance on MMS",
        "summary": "What Guidance on MMS says, in one sentence.",
        "url": "https://example.org/guidance-on-mms",
        "published_on": "2025-01-20",
        "language": "en",
        **changes,
    }


def test_what_is_refused_is_not_written_down(browser: Browser, issue: Issue) -> None:
    assert do(browser, "/desk/library/item/guidance-on-mms", **item(title="")) == 422
    assert do(browser, "/desk/lists/new", slug="No good", name="") == 422
    assert do(browser, "/desk/editors/", address="no address", role="author") == 422
    assert len(said()) == 1


def test_what_is_done_to_editors_is_written_down(browser: Browser) -> None:
    assert do(browser, "/desk/editors/", address="p@example.org", name="Paul", role="author") == 303
    paul = accounts.get_editor("p@example.org").id
    for what in ("link", "deactivate", "activate"):
        assert do(browser, f"/desk/editors/{paul}/{what}") == 303
    assert do(browser, f"/desk/editors/{paul}/role", role="editor") == 303
    assert said()[1:] == [
        f"invited editor {paul} as author.",
        f"made a sign-in link for editor {paul}.",
        f"deactivated editor {paul}.",
        f"let editor {paul} in again.",
        f"gave editor {paul} another role: editor.",
    ]


def test_erasing_a_reader_finds_nothing_of_them_in_the_log(browser: Browser, issue: Issue) -> None:
    zenobia = make_subscription(make_list("other"), "zenobia@example.com", name="Zenobia")
    number = zenobia.subscriber.id
    assert do(browser, "/desk/subscribers/", address="zenobia@example.com") == 200
    assert do(browser, "/desk/subscribers/suppress", address="zenobia@example.com", note="Z") == 303
    assert do(browser, f"/desk/issues/{issue.id}/trace", address="zenobia@example.com") == 200
    erasure.erase(addresses.parse("zenobia@example.com"), now=NOW)
    db.session.commit()
    assert said()[1:] == [
        f"looked up subscriber {number}.",
        f"suppressed subscriber {number}.",
        f"asked who got issue 1, about subscriber {number}.",
    ]
    rows = db.session.execute(sa.select(AuditEntry.__table__)).all()
    assert "zenobia" not in str(rows).lower()


def test_every_way_to_change_an_issue_notes_that_its_approval_is_gone(
    browser: Browser, issue: Issue
) -> None:
    make_item("second")
    image = make_image()
    page = f"/desk/issues/{issue.id}"
    form = fields_of(browser.get(page).text)
    ways: list[tuple[str, dict[str, str | Sequence[str]]]] = [
        ("/autosave", {"subject": "By itself"}),
        ("", {"subject": "By hand", "do": "save"}),
        ("/preview", {"subject": "In the inbox", "preheader": ""}),
        ("/basket", {"items": ["second"]}),
        ("/image", {"chosen": str(image.id)}),
        ("/versions/1/restore", {}),
    ]
    for path, fields in ways:
        before = said()
        workflow.approve(issue, by=None, now=NOW)
        fields = {**form, "version": str(issue.version), **fields}
        assert browser.post(page + path, fields).status_code in (200, 303)
        assert said()[len(before) :].count("withdrew the approval of issue 1: it was changed.") == 1
