"""Who only applied or commented is found and erased like a reader."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock, erasure
from newsletter.accounts import RoleName
from newsletter.addresses import parse
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.extensions import db
from newsletter.membership.models import Member
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import SuppressionReason
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list, make_subscription
from tests.leftovers import left_in_files
from tests.membership.applicants import make_waiting

ADDRESS = "zenobie.q@example.org"
NAME = "Zenobie Quarrington"
WORDS = ("zenobie.q", "Quarrington")


@pytest.fixture
def admin(app: Flask) -> Browser:
    make_list()
    editor = make_editor("admin@example.net", role=RoleName.ADMIN, has_joined=True)
    db.session.commit()
    return signed_in(app, editor)


def apply() -> None:
    make_waiting(ADDRESS, name=NAME, at=clock.now())
    db.session.commit()


def comment() -> None:
    item = make_item("with-comments")
    item.comments_until = clock.now().date()
    said = Thought(name=NAME, address=parse(ADDRESS), text="I am Quarrington", language="en")
    commenting.add(item, said, now=clock.now())
    db.session.commit()


@pytest.mark.parametrize(
    ("do", "kept"),
    [(apply, "1 application to become a member, 0 comments"), (comment, "0 applications")],
)
def test_the_desk_finds_and_erases_them(
    app: Flask, admin: Browser, tmp_path: Path, do: object, kept: str
) -> None:
    assert callable(do)
    do()
    found = admin.post("/desk/subscribers/", {"address": ADDRESS})
    assert found.status_code == 200
    assert kept in found.text and "Erase this person" in found.text
    named = {"address": ADDRESS, "erase_why": "Quarrington asked"}
    assert admin.post("/desk/subscribers/erase", named).status_code == 422
    asked = {"address": ADDRESS, "erase_why": "asked by letter"}
    assert admin.post("/desk/subscribers/erase", asked).status_code == 303
    db.session.remove()
    assert left_in_files(tmp_path, WORDS) == []


def test_all_evidence_of_them_is_on_one_page(admin: Browser, app: Flask) -> None:
    apply()
    comment()
    found = admin.post("/desk/subscribers/", {"address": ADDRESS}).text
    assert 'action="/desk/subscribers/evidence"' in found
    page = admin.post("/desk/subscribers/evidence", {"address": ADDRESS}).text
    for words in (
        "We share the objectives",
        "Version ",
        "waits for a decision",
        "192.0.2.0/24",
        "Confirmed by mail",
        "On “Guidance on MMS”",
        "I am Quarrington",
        f'name="address" value="{ADDRESS}"',
    ):
        assert words in page, words
    assert "192.0.2.7" not in page
    facts = admin.post("/desk/subscribers/evidence", {"address": ADDRESS, "as": "json"}).json
    assert facts is not None
    assert (facts["subscriber"], len(facts["applications"]), len(facts["comments"])) == (None, 1, 1)
    for nobody in ("nobody@example.org", "no address"):
        answer = admin.post("/desk/subscribers/evidence", {"address": nobody})
        assert answer.status_code == 404
    bound = make_editor("bound@example.net")
    accounts.bind_to_lists(bound, [make_list("other").id])
    db.session.commit()
    answer = signed_in(app, bound).post("/desk/subscribers/evidence", {"address": ADDRESS})
    assert answer.status_code == 404


def test_the_commands_show_them(app: Flask) -> None:
    make_list()
    apply()
    comment()
    run = app.test_cli_runner().invoke
    shown = run(args=["subscribers", "show", ADDRESS]).output
    assert f"{ADDRESS}  on no list" in shown
    assert "applications to become a member: 1, comments: 1" in shown
    shown = run(args=["subscribers", "evidence", ADDRESS]).output
    assert "We share the objectives" in shown and "I am Quarrington" in shown


def test_the_command_says_what_it_did(app: Flask) -> None:
    make_list()
    apply()
    run = app.test_cli_runner().invoke
    assert '"erased": true' in run(args=["subscribers", "erase", ADDRESS, "--json"]).output
    assert '"erased": false' in run(args=["subscribers", "erase", ADDRESS, "--json"]).output


def test_the_page_of_an_application_erases_whom_it_is_of(app: Flask, admin: Browser) -> None:
    apply()
    number = db.session.scalars(sa.select(Member.id)).one()
    page = admin.get(f"/desk/members/{number}").text
    assert f'name="address" value="{ADDRESS}"' in page
    db.session.remove()
    other = signed_in(app, make_editor("editor@example.net"))
    assert "Erase this person" not in other.get(f"/desk/members/{number}").text


def test_why_a_suppression_is_lifted_does_not_say_who_it_was(
    admin: Browser, tmp_path: Path
) -> None:
    make_subscription(make_list("other"), ADDRESS, name=NAME)
    suppression.suppress(
        parse(ADDRESS), reason=SuppressionReason.OPERATOR, note="", now=clock.now()
    )
    db.session.commit()
    told = {"address": ADDRESS, "why": f"{NAME} phoned"}
    answer = admin.post("/desk/subscribers/lift", told)
    assert answer.status_code == 422
    assert "Leave out the name" in answer.text
    assert admin.post("/desk/subscribers/lift", told | {"why": "phoned"}).status_code == 303
    erased = erasure.erase(parse(ADDRESS), now=clock.now())
    db.session.commit()
    erasure.finish(erased)
    db.session.remove()
    assert left_in_files(tmp_path, WORDS) == []
