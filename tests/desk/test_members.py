"""The desk's pages of members: who may see them, one decision, what is mailed and noted."""

import csv
import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import RoleName, bind_to_lists
from newsletter.addresses import parse
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership import audience, deciding
from newsletter.membership.models import Member, MembershipWords, MemberState
from newsletter.subscriptions import signup
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list
from tests.membership.applicants import make_application, make_waiting

APPLICATION = "/desk/members/1"


@pytest.fixture(autouse=True)
def waiting(app: Flask) -> Iterator[Member]:
    """An application that waits for a decision."""
    make_list()
    member = make_waiting()
    db.session.commit()
    yield member
    db.session.rollback()


def state() -> MemberState:
    found = db.session.scalars(sa.select(Member.state).where(Member.id == 1)).one()
    db.session.rollback()
    return found


def last_mail() -> tuple[str, str]:
    question = sa.select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)
    mail = db.session.scalars(question).one()
    return mail.kind, str(mail.facts.get("reason", ""))


def deeds() -> list[tuple[str, str]]:
    rows = db.session.execute(
        sa.select(AuditEntry.deed, AuditEntry.key).where(AuditEntry.kind == "member")
    )
    return [(deed, key) for deed, key in rows]


def test_who_waits_is_counted_on_the_first_page_and_listed_first(browser: Browser) -> None:
    assert "1 application waits for a decision." in browser.get("/desk/").text
    page = browser.get("/desk/members/").text
    assert "The midwives of Kisumu" in page and "Kenya" in page
    one = browser.get(APPLICATION).text
    for words in ("Forty midwives", "mary@example.org", "We share the objectives"):
        assert words in one


def test_they_are_taken_along_as_a_file_that_runs_nothing(browser: Browser) -> None:
    make_application("later@example.org")
    accepted = make_waiting("ann@example.org", name="=1+1")
    deciding.accept(accepted, by=make_editor("by@example.org"), now=NOW)
    subscriber = signup.find_subscriber(parse("ann@example.org"))
    assert subscriber is not None
    subscriber.address = "ann@elsewhere.example"
    db.session.commit()
    assert "Take all of them as CSV" in browser.get("/desk/members/").text
    for state, addresses in (("waiting", ["mary@example.org"]), ("accepted", [subscriber.address])):
        answer = browser.post("/desk/members/members.csv", {"state": state})
        assert f'filename="members-{state}.csv"' in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
        assert [row["address"] for row in rows] == addresses
    assert (rows[0]["name"], rows[0]["country"], rows[0]["state"]) == ("'=1+1", "KE", "accepted")
    assert [deed for deed, _ in deeds()] == ["member.exported"] * 2


def test_what_is_not_confirmed_is_nobodys_business(browser: Browser) -> None:
    number = make_application("later@example.org").id
    assert browser.get(f"/desk/members/{number}").status_code == 404
    assert browser.post(f"/desk/members/{number}/accept").status_code == 404


def test_accepting_tells_them_and_is_noted_without_a_name(browser: Browser) -> None:
    answer = browser.post(f"{APPLICATION}/accept")
    assert answer.status_code == 303
    assert "An e-mail tells them" in browser.get(answer.headers["Location"]).text
    assert state() is MemberState.ACCEPTED
    assert last_mail() == ("member-accepted", "")
    assert deeds() == [("member.accepted", "1")]
    assert "accepted application 1" in browser.get("/desk/log/").text
    evidence = browser.post("/desk/subscribers/1/evidence").text
    assert "As a member" in evidence and "We share the objectives" in evidence


def test_who_decides_second_is_told_who_was_first(app: Flask, browser: Browser) -> None:
    other = signed_in(app, make_editor("olga@example.org", name="Olga"))
    assert other.post(f"{APPLICATION}/decline", {"reason": "Too far away"}).status_code == 303
    for path, reason in (("accept", ""), ("decline", "Too late")):
        answer = browser.post(f"{APPLICATION}/{path}", {"reason": reason})
        assert answer.status_code == 409
        assert "Olga (editor" in answer.text and "declined this application already" in answer.text
    assert state() is MemberState.DECLINED
    assert last_mail() == ("member-declined", "Too far away")
    assert len(deeds()) == 1


@pytest.mark.parametrize("reason", [" ", "x" * 1_001])
def test_a_reason_is_needed_and_is_shown_again(browser: Browser, reason: str) -> None:
    answer = browser.post(f"{APPLICATION}/decline", {"reason": reason})
    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert state() is MemberState.WAITING


def test_a_membership_ends_with_a_reason(browser: Browser) -> None:
    browser.post(f"{APPLICATION}/accept")
    assert browser.post(f"{APPLICATION}/end", {"reason": ""}).status_code == 422
    assert browser.post(f"{APPLICATION}/end", {"reason": "It is over"}).status_code == 303
    assert state() is MemberState.ENDED
    assert last_mail() == ("member-ended", "It is over")


def test_authors_see_no_members(app: Flask) -> None:
    author = signed_in(app, make_editor("author@example.org", role=RoleName.AUTHOR))
    assert "/desk/members/" not in author.get("/desk/").text
    for path in ("/desk/members/", APPLICATION):
        assert author.get(path).status_code == 403
    assert author.post(f"{APPLICATION}/accept").status_code == 403
    assert state() is MemberState.WAITING


def test_who_is_bound_sees_them_with_the_members_list_only(app: Flask) -> None:
    bound = make_editor("bound@example.org")
    own = make_list("circle", name="Circle", is_public=False)
    news = db.session.scalars(sa.select(MailingList.id).where(MailingList.slug == "news")).one()
    bind_to_lists(bound, [news])
    audience.choose("circle")
    browser = signed_in(app, bound)
    assert "application" not in browser.get("/desk/").text
    assert browser.get(APPLICATION).status_code == 403
    assert browser.post(f"{APPLICATION}/accept").status_code == 403
    bind_to_lists(bound, [own.id])
    assert browser.get(APPLICATION).status_code == 200
    assert "1 application waits" in browser.get("/desk/").text


def test_admins_write_the_words_and_each_change_is_a_version(app: Flask, browser: Browser) -> None:
    assert browser.get("/desk/members/words").status_code == 403
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    for words in ("We want it", "We want it", "We really want it"):
        answer = admin.post("/desk/members/words", {"words-en": words, "words-fr": ""})
        assert answer.status_code == 303
    [row] = db.session.scalars(sa.select(MembershipWords))
    assert (row.language, row.text, row.version) == ("en", "We really want it", 2)
    db.session.rollback()
    page = admin.get("/desk/members/words").text
    assert "Version 2 of <time" in page and "&lt;time" not in page
    too_long = admin.post("/desk/members/words", {"words-en": "x" * 3_001})
    assert too_long.status_code == 422 and 'id="words-en-error"' in too_long.text
    assert [deed for deed, _ in deeds()] == ["member.words-changed"] * 2


def test_admins_choose_a_list_that_is_not_public(app: Flask) -> None:
    make_list("circle", name="Circle", is_public=False)
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    refused = admin.post("/desk/members/list", {"members_list": "news"})
    assert refused.status_code == 422 and "not public" in refused.text
    assert admin.post("/desk/members/list", {"members_list": "circle"}).status_code == 303
    chosen = audience.members_list()
    assert chosen is not None and chosen.slug == "circle"


def test_what_somebody_typed_is_escaped(browser: Browser, waiting: Member) -> None:
    waiting.name = waiting.brings = "<script>alert(1)</script>"
    waiting.website = 'https://example.org/"onmouseover="alert(1)'
    for path in ("/desk/members/", APPLICATION):
        page = browser.get(path).text
        assert "<script>alert" not in page and '"onmouseover' not in page
