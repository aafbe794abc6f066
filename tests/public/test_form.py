"""The form at the door: same answer for everybody, errors beside the fields, no cookie."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask, render_template
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import addresses
from newsletter.extensions import db
from newsletter.limits import Counter
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import lists, suppression
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentWording,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic


@pytest.fixture(autouse=True)
def public_list(app: Flask) -> None:
    """A public list with two topics."""
    make_list("news", topics=(make_topic("mms", "MMS"), make_topic("bep", "BEP")))
    db.session.commit()


def ask(client: FlaskClient, **fields: object) -> TestResponse:
    return client.post("/subscribe", data={"address": "ada@example.org", **fields})


def mails() -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))


def test_the_form_offers_topics_unticked_and_sets_no_cookie(client: FlaskClient) -> None:
    answer = client.get("/")
    page = LexborHTMLParser(answer.text)
    boxes = page.css("input[type=checkbox]")
    assert [box.attributes["value"] for box in boxes] == ["bep", "mms"]
    assert not any("checked" in box.attributes for box in boxes)
    assert "Set-Cookie" not in answer.headers
    assert page.css("script") == []
    trap = page.css_first("input[name=website]")
    assert trap is not None
    assert trap.attributes["tabindex"] == "-1"


def test_every_field_of_the_form_has_a_label(client: FlaskClient) -> None:
    page = LexborHTMLParser(client.get("/").text)
    labelled = {label.attributes.get("for") for label in page.css("label")}
    for field in page.css("select, input:not([type=hidden]):not([type=checkbox], [type=radio])"):
        assert field.attributes["id"] in labelled


def test_signing_up_answers_with_the_address_and_stores_the_wish(client: FlaskClient) -> None:
    answer = ask(client, name="Ada", language="fr", topics=["mms"])
    assert answer.status_code == 200
    assert "ada@example.org" in answer.text
    assert "Set-Cookie" not in answer.headers
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert subscription.state is SubscriptionState.PENDING
    assert [topic.slug for topic in subscription.topics] == ["mms"]
    assert (subscription.subscriber.name, subscription.subscriber.language) == ("Ada", "fr")


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_the_answer_is_the_page_that_would_be_made_for_this_address_alone(
    app: Flask, client: FlaskClient, language: str
) -> None:
    for address in ("o'neil&co@example.org", "ada@example.org"):
        query = f"/subscribe?lang={language}"
        answer = client.post(query, data={"address": address}).text
        with app.test_request_context(query, method="POST"):
            made = render_template(
                "public/asked.html",
                address=address,
                sender_address=lists.sender_address(lists.get_list("news")),
                begin={"list": "news"},
            )
        assert answer == made


@pytest.mark.parametrize("address", ["ada@example.org", "ada"])
def test_who_begins_again_is_asked_about_the_same_list(client: FlaskClient, address: str) -> None:
    make_list("second")
    db.session.commit()
    for slug in ("news", "second", "news"):
        answer = client.post("/subscribe?lang=fr", data={"list": slug, "address": address})
        found = LexborHTMLParser(answer.text).css("main a, a[hreflang]")
        links = [link.attributes["href"] or "" for link in found]
        begin = [link for link in links if link.startswith("/?")]
        assert len(begin) >= 4
        assert {parse_qs(urlsplit(link).query)["list"][0] for link in begin} == {slug}


def test_the_evidence_has_the_words_that_the_page_showed_whatever_language_was_chosen(
    client: FlaskClient,
) -> None:
    french = {"Accept-Language": "fr"}
    page = LexborHTMLParser(client.get("/", headers=french).text)
    words = page.css_first("input[name=words]")
    assert words is not None
    lists.get_list("news").name = "Renamed"
    db.session.commit()
    answer = client.post(
        "/subscribe",
        data={"address": "ada@example.org", "language": "en", "words": words.attributes["value"]},
        headers=french,
    )
    assert answer.headers["Content-Language"] == "en"
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    said = db.session.get_one(ConsentWording, event.wording_id)
    assert said.language == "fr"
    assert said.text in page.css_first("form").text()
    assert (event.page, event.detail) == (
        "https://news.example.org/",
        "form: all topics; every; en",
    )


def test_a_bare_address_from_another_site_is_enough(client: FlaskClient) -> None:
    answer = client.post(
        "/subscribe",
        data={"address": "ada@example.org"},
        headers={"Origin": "https://www.example.org", "Referer": "https://www.example.org/"},
    )
    assert answer.status_code == 200
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert event.page == "https://www.example.org"
    assert event.detail.startswith("embed")


def test_the_answer_is_the_same_whatever_the_address_is(client: FlaskClient) -> None:
    states = {
        "pending": SubscriptionState.PENDING,
        "confirmed": SubscriptionState.CONFIRMED,
        "left": SubscriptionState.UNSUBSCRIBED,
        "paused": SubscriptionState.PAUSED,
    }
    mailing_list = db.session.get_one(Subscription.mailing_list.property.mapper.class_, 1)
    for name, state in states.items():
        make_subscription(mailing_list, f"{name}@example.org", state=state)
    for reason in SuppressionReason:
        address = addresses.parse(f"{reason.value}@example.org")
        suppression.suppress(address, reason=reason, note="", now=NOW)
    db.session.commit()
    names = ["new", *states, *SuppressionReason]
    answers = [ask(client, address=f"{name}@example.org") for name in names]
    pages = {
        answer.text.replace(f"{name}@example.org", "ADDRESS")
        for name, answer in zip(names, answers, strict=True)
    }
    assert len(pages) == 1
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        del answer.headers["Content-Length"]
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"address": ""}, "address", "Enter your e-mail address"),
        ({"address": "ada"}, "address", "has one @"),
        ({"address": "Ada <ada@example.org>"}, "address", "Enter the address alone"),
        ({"address": "ada@example.org,eve@example.org"}, "address", "Enter the address alone"),
        ({"address": "news@news.example.org"}, "address", "belongs to us"),
        ({"name": "x" * 201}, "name", "it may have 200"),
        ({"name": "a\x07b"}, "name", "cannot be shown"),
        ({"language": "klingon!"}, "language", "not a language tag"),
        ({"topics": ["rumours"]}, "topics", "does not exist here"),
        ({"frequency": "hourly"}, "frequency", "Choose how often"),
        ({"list": "nowhere"}, "list", "There is no such list"),
    ],
)
def test_wrong_input_gets_a_sentence_and_keeps_what_was_typed(
    client: FlaskClient, fields: dict[str, object], field: str, sentence: str
) -> None:
    answer = ask(client, **{"name": "Ada & <b>", "topics": ["mms"], **fields})
    page = LexborHTMLParser(answer.text)
    assert answer.status_code == 422
    assert sentence in (page.css_first("#errors").text() if page.css_first("#errors") else "")
    assert page.css_first(f'#errors a[href="#{field}"]') is not None
    assert page.css_first(f"#{field}") is not None
    typed = page.css_first("input[name=address]")
    assert typed is not None
    assert typed.attributes["value"] == fields.get("address", "ada@example.org")
    if "topics" not in fields:
        assert page.css_first("input[value=mms][checked]") is not None
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    assert mails() == []


def test_what_another_site_asked_for_survives_a_mistake(client: FlaskClient) -> None:
    answer = ask(client, address="ada@", frequency="monthly", language="de")
    page = LexborHTMLParser(answer.text)
    [frequency] = page.css("input[name=frequency][checked]")
    [language] = page.css("select[name=language] option[selected]")
    assert frequency.attributes["value"] == "monthly"
    assert language.attributes["value"] == "de"


def test_the_trap_gives_the_same_page_and_stores_nothing(client: FlaskClient) -> None:
    caught = ask(client, website="https://spam.example")
    assert caught.status_code == 200
    assert mails() == []
    assert caught.text == ask(client).text


def test_fields_that_nobody_offered_are_ignored(client: FlaskClient) -> None:
    ask(client, state="confirmed", is_admin="1", **{"attributes[x]": "1", "list_id": "7"})
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert subscription.state is SubscriptionState.PENDING
    assert subscription.subscriber.attributes == {}


def test_a_list_that_is_not_public_takes_no_sign_ups(client: FlaskClient) -> None:
    make_list("internal", is_public=False)
    db.session.commit()
    assert ask(client, list="internal").status_code == 422
    assert client.get("/?list=internal").status_code == 404
    assert client.get("/?list=news").status_code == 200


def test_a_network_that_asks_too_often_is_told_to_wait(client: FlaskClient) -> None:
    answers = [ask(client, address=f"a{n}@example.org").status_code for n in range(61)]
    assert answers == [200] * 60 + [429]
    last = ask(client)
    assert int(last.headers["Retry-After"]) > 0
    assert "Too many requests" in last.text


def test_refused_input_does_not_count(client: FlaskClient) -> None:
    for _ in range(70):
        assert ask(client, address="wrong").status_code == 422
    assert db.session.scalars(sa.select(Counter)).all() == []


def test_the_mailed_link_shows_a_page_with_one_button_and_only_post_confirms(
    client: FlaskClient,
) -> None:
    ask(client)
    path = re.sub(r"https://[^/]+", "", str(mails()[0].facts["confirm_url"]))
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open(path, method=method).status_code == 200
    page = LexborHTMLParser(client.get(path, headers={"Purpose": "prefetch"}).text)
    assert len(page.css("button")) == 1
    assert "ada@example.org" not in page.html
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert subscription.state is SubscriptionState.PENDING
    db.session.rollback()
    done = client.post(path)
    assert done.status_code == 200
    assert "Set-Cookie" not in done.headers
    db.session.expire_all()
    assert subscription.state is SubscriptionState.CONFIRMED
    again = client.post(path)
    assert (again.status_code, again.text) == (200, done.text)
    assert "nothing left to do" in client.get(path).text


@pytest.mark.parametrize("token", ["x", "1-abc.def", "%E2%80%8B", "a" * 5000])
def test_a_bad_link_gets_a_page_that_says_what_to_do_next(client: FlaskClient, token: str) -> None:
    for method in ("get", "post"):
        answer = getattr(client, method)(f"/confirm/{token}")
        assert answer.status_code == 404
        assert "does not work any more" in answer.text
        assert "Sign up again" in answer.text
        assert 'href="/"' in answer.text


def test_without_a_public_list_the_form_says_so(client: FlaskClient) -> None:
    db.session.execute(sa.text("UPDATE mailing_list SET is_public = false"))
    db.session.commit()
    assert client.get("/").status_code == 404
    assert client.get("/privacy").status_code == 200
