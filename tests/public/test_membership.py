"""“Become a member”: one answer for everybody, errors beside the fields, one button by mail."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import addresses, clock
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership import agreement, deciding
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Subscription, SuppressionReason
from tests.factories import make_editor, make_list
from tests.membership.applicants import make_application, make_waiting, token_of

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    "{{ 7331 * 1999 }} javascript:alert(1)",
)

TYPED = {
    "kind": "organisation",
    "name": "The midwives of Kisumu",
    "country": "KE",
    "address": "mary@example.org",
    "brings": "Forty midwives",
    "site": "midwives.example.org",
    "agrees": "yes",
    "words": "en-0",
}


@pytest.fixture(autouse=True)
def public_list(app: Flask) -> Iterator[None]:
    """A list in whose name applicants are written to."""
    make_list()
    db.session.commit()
    yield
    db.session.rollback()


def ask(client: FlaskClient, **changes: str) -> TestResponse:
    return client.post("/members/join", data={**TYPED, **changes})


def send(client: FlaskClient, path: str, opened: TestResponse | None = None) -> TestResponse:
    """Press the button of the page that a mailed link opens, or opened before."""
    page = LexborHTMLParser((opened or client.get(path)).text)
    shown = page.css_first("input[name=shown]")
    return client.post(path, data={"shown": shown.attributes["value"] if shown else ""})


def errors_of(answer: TestResponse) -> dict[str, str]:
    """Return the sentences of the summary, by the field that each leads to."""
    lines = LexborHTMLParser(answer.text).css("#errors a")
    return {(line.attributes["href"] or "").lstrip("#"): line.text() for line in lines}


def only_member() -> Member:
    return db.session.scalars(sa.select(Member)).one()


@pytest.mark.parametrize("path", ["/", "/archive/", "/library/", "/privacy", "/manage", "/nowhere"])
def test_every_page_of_readers_invites(client: FlaskClient, path: str) -> None:
    footer = LexborHTMLParser(client.get(f"{path}?lang=fr").text).css_first("footer")
    assert footer is not None
    assert 'href="/members/join?lang=fr">Devenir membre' in (footer.html or "")


def test_the_form_is_the_same_for_everybody_and_sets_no_cookie(client: FlaskClient) -> None:
    answer = client.get("/members/join")
    page = LexborHTMLParser(answer.text)
    assert "Set-Cookie" not in answer.headers
    assert page.css("script, input[checked], option[selected]") == []
    labelled = {label.attributes.get("for") for label in page.css("label")}
    fields = page.css("select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])")
    assert {field.attributes["id"] for field in fields} <= labelled
    heading = page.css_first("h1")
    assert heading is not None and heading.text().endswith("?")


@pytest.mark.parametrize(
    ("language", "country"), [("en", "Egypt"), ("fr", "Égypte"), ("ar", "مصر"), ("pt", "Egito")]
)
def test_countries_are_named_in_the_language_of_the_page(
    client: FlaskClient, language: str, country: str
) -> None:
    page = LexborHTMLParser(client.get(f"/members/join?lang={language}").text)
    names = {one.attributes["value"]: one.text() for one in page.css("#country option")}
    assert names["EG"] == country
    assert len(names) > 240


def test_an_application_is_kept_mailed_and_handed_over_by_one_button(client: FlaskClient) -> None:
    answer = ask(client)
    assert answer.status_code == 200
    assert "mary@example.org" in answer.text
    member = only_member()
    assert (member.state, member.website, member.country) == (
        MemberState.PENDING,
        "https://midwives.example.org",
        "KE",
    )
    [mail] = db.session.scalars(sa.select(OutboxMessage))
    path = mail.facts["confirm_url"].removeprefix("https://news.example.org")
    db.session.rollback()
    # Scanners open it, and nothing happens (STANDARDS L05).
    assert client.get(path).status_code == client.head(path).status_code == 200
    assert only_member().state is MemberState.PENDING
    db.session.rollback()
    pages = {send(client, path).text for _ in range(2)}
    assert len(pages) == 1 and "We have your application" in pages.pop()
    assert only_member().state is MemberState.WAITING
    assert "nothing left to do" in client.get(path).text


def test_only_what_was_shown_is_handed_over(client: FlaskClient) -> None:
    ask(client)
    token = token_of(only_member(), at=clock.now())
    db.session.rollback()
    path = f"/members/confirm/{token}"
    opened = client.get(path)
    shown = LexborHTMLParser(opened.text).css("dd.said")[-1].text()
    assert shown.startswith("We share the objectives") and "Members get e-mails" in shown
    ask(client, name="A stranger, by her address")
    answer = send(client, path, opened)
    assert answer.status_code == 409
    assert "Read it again" in answer.text and "A stranger" in answer.text
    assert only_member().state is MemberState.PENDING
    db.session.rollback()
    assert send(client, path, answer).status_code == 200
    assert only_member().state is MemberState.WAITING


@pytest.mark.parametrize("make", [make_application, make_waiting])
def test_applicants_take_back_what_nobody_decided_about(
    client: FlaskClient, make: Callable[..., Member]
) -> None:
    token = token_of(make(at=clock.now()), at=clock.now())
    db.session.commit()
    assert (
        f'action="/members/confirm/{token}/withdraw"'
        in client.get(f"/members/confirm/{token}").text
    )
    pages = {client.post(f"/members/confirm/{token}/withdraw").text for _ in range(2)}
    assert len(pages) == 1 and "The application is deleted" in pages.pop()
    assert db.session.scalars(sa.select(Member)).all() == []
    assert client.post("/members/confirm/nonsense/withdraw").status_code == 404


def test_what_was_decided_is_not_taken_back_by_the_link(client: FlaskClient) -> None:
    member = make_waiting(at=clock.now())
    deciding.accept(member, by=make_editor(), now=clock.now())
    token = token_of(member, at=clock.now())
    db.session.commit()
    assert "nothing left to do" in client.post(f"/members/confirm/{token}/withdraw").text
    assert only_member().state is MemberState.ACCEPTED


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"kind": ""}, "kind", "for an organisation or for yourself"),
        ({"kind": "admin"}, "kind", "for an organisation or for yourself"),
        ({"name": " "}, "name", "Enter the name"),
        ({"name": "x" * 201}, "name", "it may have 200"),
        ({"country": ""}, "country", "Choose a country"),
        ({"country": "XA"}, "country", "Choose a country"),
        ({"country": "Kenya"}, "country", "Choose a country"),
        ({"address": "mary"}, "address", "has one @"),
        ({"address": "news@news.example.org"}, "address", "belongs to us"),
        ({"address": "mary@example.org\r\nBcc: eve@example.org"}, "address", ""),
        ({"brings": ""}, "brings", "what you would bring"),
        ({"brings": "x" * 1_001}, "brings", "1,001 characters; it may have 1,000"),
        ({"site": "javascript://example.org/%0aalert(1)"}, "site", "whole address"),
        ({"site": "https://a:b@example.org"}, "site", "whole address"),
        ({"agrees": ""}, "agrees", "Tick the box"),
        ({"words": "en-7"}, "agrees", "changed a moment ago"),
        ({"words": ""}, "agrees", "changed a moment ago"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(
    client: FlaskClient, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = ask(client, **changes)
    assert answer.status_code == 422
    [(place, words)] = errors_of(answer).items()
    assert place == field
    assert sentence in words
    page = LexborHTMLParser(answer.text)
    assert page.css_first(f"#{field}") is not None
    assert page.css_first(f"#{field}-error") is not None
    assert db.session.scalars(sa.select(Member)).all() == []


def test_only_the_fields_of_the_form_count(client: FlaskClient) -> None:
    ask(client, state="accepted", decided_by="me", subscriber_id="1", id="7", language="xx")
    member = only_member()
    assert (member.id, member.state, member.decided_by, member.language) == (
        1,
        MemberState.PENDING,
        "",
        "en",
    )


def test_the_answer_is_the_same_whoever_asked_before(client: FlaskClient) -> None:
    edith = make_editor()
    make_application("pending@example.org")
    make_waiting("waiting@example.org")
    deciding.accept(make_waiting("accepted@example.org"), by=edith, now=clock.now())
    deciding.decline(make_waiting("declined@example.org"), "No", by=edith, now=clock.now())
    for reason in SuppressionReason:
        address = addresses.parse(f"{reason.value}@example.org")
        suppression.suppress(address, reason=reason, note="", now=clock.now())
    db.session.commit()
    names = ["new", "pending", "waiting", "accepted", "declined", *SuppressionReason]
    answers = {}
    for name in names:
        answer = ask(client, address=f"{name}@example.org")
        answers[name] = answer.text.replace(f"{name}@example.org", "ADDRESS")
        assert answer.status_code == 200
    assert len(set(answers.values())) == 1


def test_who_fills_every_field_gets_the_same_page_and_nothing_else(client: FlaskClient) -> None:
    caught = ask(client, fax="all of them")
    assert db.session.scalars(sa.select(Member)).all() == []
    db.session.rollback()
    assert caught.text == ask(client).text


def test_a_network_asks_twenty_times_an_hour(client: FlaskClient) -> None:
    answers = [ask(client, address=f"a{number}@example.org") for number in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_typed_is_shown_and_never_run(client: FlaskClient, hostile: str) -> None:
    plain = LexborHTMLParser(client.get("/members/join").text)
    answer = ask(client, name=hostile, brings=hostile, site=hostile, kind=hostile, words=hostile)
    page = LexborHTMLParser(answer.text)
    assert answer.status_code == 422
    for tags in ("script", "img", "svg", "iframe", "a[href^=javascript]", "[onload], [onerror]"):
        assert len(page.css(tags)) == len(plain.css(tags))


def test_the_words_are_those_of_the_language_and_are_kept_as_they_were_shown(
    client: FlaskClient,
) -> None:
    agreement.write("fr", "Nous voulons\nla même chose.", now=clock.now())
    agreement.write("en", "We want the same.", now=clock.now())
    db.session.commit()
    shown = LexborHTMLParser(client.get("/members/join?lang=fr").text)
    words = shown.css_first("blockquote")
    assert words is not None and words.text() == "Nous voulons\nla même chose."
    mark = shown.css_first("input[name=words]")
    assert mark is not None and mark.attributes["value"] == "fr-1"
    # Spanish has none of its own: the English ones, marked as such.
    spanish = LexborHTMLParser(client.get("/members/join?lang=es").text).css_first("blockquote")
    assert spanish is not None and spanish.attributes["lang"] == "en"
    answer = client.post("/members/join?lang=fr", data={**TYPED, "words": "fr-1"})
    assert answer.status_code == 200
    text = db.session.execute(sa.text("SELECT text, version FROM consent_wording")).one()
    assert text[0].startswith("Nous voulons\nla même chose.\n\nLes membres reçoivent")
    assert text[1] == "members fr-1"


def test_where_there_is_no_public_list_nobody_can_ask(app: Flask, client: FlaskClient) -> None:
    db.session.execute(sa.text("UPDATE mailing_list SET is_public = 0"))
    db.session.commit()
    assert client.get("/members/join").status_code == ask(client).status_code == 404


def test_the_page_to_leave_the_members_list_says_that_one_stays_a_member(
    client: FlaskClient,
) -> None:
    deciding.accept(make_waiting(), by=make_editor(), now=clock.now())
    mail = db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert mail is not None
    path = mail.facts["unsubscribe_url"].removeprefix("https://news.example.org")
    db.session.commit()
    assert "stays a member" in client.get(path).text
    assert "stays a member" in client.post(path, data={"stop": "list"}).text
    [subscription] = db.session.scalars(sa.select(Subscription))
    assert subscription.state == "unsubscribed"
    assert only_member().state is MemberState.ACCEPTED
