"""Signing up as JSON: the same as the form, for programs and for pages that the desk names."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from newsletter import addresses
from newsletter.extensions import db
from newsletter.limits import Counter
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import lists, suppression
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentWording,
    Frequency,
    Source,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

HERE = "/api/v1/subscriptions"
SITE = "https://www.example.org"
DOCUMENT = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def two_lists(app: Flask) -> None:
    """A public list with a topic, whose form stands on one site; and one that is not public."""
    news = make_list("news", topics=(make_topic("mms", "MMS"),))
    news.return_pages = [f"{SITE}/thanks"]
    make_list("other").return_pages = ["https://other.example.org/"]
    make_list("internal", is_public=False).return_pages = ["https://internal.example.org/"]
    db.session.commit()


def ask(client: FlaskClient, _headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
    body = {"list": "news", "address": "ada@example.org", **fields}
    return client.post(HERE, json=body, headers=_headers)


def send(client: FlaskClient, body: str | bytes, kind: str = "application/json") -> TestResponse:
    return client.post(HERE, data=body, content_type=kind)


def nothing_is_kept() -> bool:
    return not any(
        db.session.scalars(sa.select(model)).all() for model in (Subscriber, OutboxMessage)
    )


def test_the_lines_of_the_document_work_as_they_stand(client: FlaskClient) -> None:
    lines = re.findall(r"^ {4}(curl .+)$", DOCUMENT, re.MULTILINE)
    shown, taken = (_curl(client, line) for line in lines)
    [example, answer, _] = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert shown.json is not None
    assert shown.json.keys() == json.loads(example).keys()
    assert shown.json["lists"][0].keys() == json.loads(example)["lists"][0].keys()
    assert taken.status_code == 202
    assert taken.json is not None
    assert taken.json.keys() == json.loads(answer).keys()
    assert "ada@example.org" in taken.json["message"]
    assert (taken.json["language"], taken.headers["Content-Language"]) == ("fr", "fr")
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert subscription.frequency is Frequency.MONTHLY
    assert [topic.slug for topic in subscription.topics] == ["mms"]


def _curl(client: FlaskClient, line: str) -> TestResponse:
    """Send what curl would."""
    _, address, *options = shlex.split(line)
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert set(given) <= {"-H", "-d"}
    path = address.removeprefix("https://news.example.org")
    if "-d" not in given:
        return client.get(path)
    name, _, value = given["-H"].partition(": ")
    return client.post(path, data=given["-d"], headers={name: value})


def test_only_public_lists_are_named_with_the_words_to_show(client: FlaskClient) -> None:
    answer = client.get("/api/v1/?lang=pt")
    assert answer.json is not None
    news, other = answer.json["lists"]
    assert (news["list"], other["list"]) == ("news", "other")
    assert news["consent"]["language"] == "pt"
    ask(client, words=news["consent"]["words"])
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.page, event.detail[:5]) == (f"https://news.example.org{HERE}", "embed")
    assert db.session.get_one(ConsentWording, event.wording_id).text == news["consent"]["text"]


def test_the_answer_is_the_same_whatever_the_address_is(client: FlaskClient) -> None:
    mailing_list = lists.get_list("news")
    for state in SubscriptionState:
        make_subscription(mailing_list, f"{state.value}@example.org", state=state)
    for reason in SuppressionReason:
        address = addresses.parse(f"{reason.value}@example.org")
        suppression.suppress(address, reason=reason, note="", now=NOW)
    db.session.commit()
    names = ["new", *SubscriptionState, *SuppressionReason]
    answers = [ask(client, address=f"{name}@example.org") for name in names]
    assert {answer.status_code for answer in answers} == {202}
    bodies = [
        answer.text.replace(f"{name}@", "@") for name, answer in zip(names, answers, strict=True)
    ]
    assert len(set(bodies)) == 1


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"address": ""}, "address", "Enter your e-mail address"),
        ({"address": None}, "address", "Enter your e-mail address"),
        ({"address": "ada"}, "address", "has one @"),
        ({"address": ["ada@example.org"]}, "address", "must be a text"),
        ({"address": {"$ne": ""}}, "address", "must be a text"),
        ({"address": 7}, "address", "must be a text"),
        ({"address": "a\0@example.org"}, "address", "must be a text"),
        ({"address": "news@news.example.org"}, "address", "belongs to us"),
        ({"address": "Postmaster@example.org"}, "address", "nobody reads the news there"),
        ({"name": "\ud800"}, "name", "must be a text"),
        ({"name": "x" * 201}, "name", "it may have 200"),
        ({"language": "klingon!"}, "language", "not a language tag"),
        ({"frequency": "hourly"}, "frequency", "Choose how often"),
        ({"topics": ["rumours"]}, "topics", "does not exist here"),
        ({"topics": "mms"}, "topics", "must be a list"),
        ({"topics": ["mms"] * 201}, "topics", "must be a list"),
        ({"topics": [["mms"]]}, "topics", "must be a list"),
        ({"list": "nowhere"}, "list", "There is no such list"),
        ({"list": "internal"}, "list", "There is no such list"),
        ({"list": "a\0"}, "list", "must be a text"),
        ({"website": {}}, "", ""),
    ],
)
def test_wrong_fields_are_problems_with_a_sentence_each(
    client: FlaskClient, fields: dict[str, Any], field: str, sentence: str
) -> None:
    answer = ask(client, **fields)
    if not field:
        assert answer.status_code == 202
        return
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    [error] = answer.json["errors"]
    assert error["field"] == field
    assert sentence in error["detail"]
    assert sentence in answer.json["detail"]
    assert nothing_is_kept()


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "ada"},
        {"address": 7},
        {"topics": "mms"},
        {"frequency": "hourly"},
        {"list": "nowhere"},
    ],
)
def test_errors_come_in_the_language_that_was_asked_for(
    client: FlaskClient, fields: dict[str, Any]
) -> None:
    said = {ask(client, **fields, language=code).text for code in ("en", "fr", "es", "pt", "ar")}
    assert len(said) == 5


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b'{"list": "a", "list": "b"}', ""),
        (b'{"address": "ada@example.org"}', "https://evil.example"),
    ],
)
def test_what_nobody_can_take_is_said_in_the_language_of_the_link(
    client: FlaskClient, body: bytes, origin: str
) -> None:
    headers = {"Content-Type": "application/json", "Origin": origin}
    answers = [
        client.post(f"{HERE}?lang={code}", data=body, headers=headers)
        for code in ("en", "fr", "es", "pt", "ar")
    ]
    assert {answer.status_code for answer in answers} <= {400, 403}
    assert len({answer.text for answer in answers}) == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"ada@example.org"',
        b"null",
        b"NaN",
        b"\xff\xfe{}",
        b'{"address": "ada@example.org", "address": "eve@example.org"}',
        b'{"a": {"b": 1, "b": 2}, "address": "ada@example.org"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"address": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_json_object_is_a_problem_and_no_fault_of_ours(
    client: FlaskClient, body: bytes
) -> None:
    """STANDARDS XC20."""
    answer = send(client, body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert nothing_is_kept()


def test_a_number_beyond_all_numbers_is_a_wrong_field(client: FlaskClient) -> None:
    assert send(client, b'{"address": 1e400, "list": "news"}').status_code == 422


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""],
)
def test_other_types_of_content_are_refused(client: FlaskClient, kind: str) -> None:
    """STANDARDS XD01: what a form of another site can send without asking is not taken."""
    answer = send(client, '{"address": "ada@example.org"}', kind)
    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", HERE, 405), ("DELETE", HERE, 405), ("GET", "/api/v2/", 404), ("POST", "/api/", 404)],
)
def test_other_requests_are_problems_too(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_fields_that_nobody_offered_are_ignored(client: FlaskClient) -> None:
    """STANDARDS XA17."""
    ask(client, state="confirmed", is_admin=True, attributes={"x": 1}, source="import", id=7)
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert subscription.state is SubscriptionState.PENDING
    assert (subscription.source, subscription.subscriber.attributes) == (Source.EMBED, {})


def test_the_trap_gives_the_same_answer_and_stores_nothing(client: FlaskClient) -> None:
    caught = ask(client, website="https://spam.example")
    assert nothing_is_kept()
    assert (caught.status_code, caught.text) == (202, ask(client).text)


def test_form_and_json_share_the_limits_of_a_network(client: FlaskClient) -> None:
    """STANDARDS XA05: 60 sign-ups an hour, whichever way."""
    for number in range(30):
        address = f"a{number}@example.org"
        assert client.post("/subscribe", data={"address": address}).status_code == 200
        assert ask(client, address=address).status_code == 202
    refused = ask(client)
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0
    assert client.post("/subscribe", data={"address": "b@example.org"}).status_code == 429


def test_refused_input_does_not_count(client: FlaskClient) -> None:
    for _ in range(70):
        assert ask(client, address="wrong").status_code == 422
    assert db.session.scalars(sa.select(Counter)).all() == []


def test_pages_that_the_list_names_may_ask_and_read_the_answer(client: FlaskClient) -> None:
    asked = client.options(HERE, headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == SITE
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "Content-Type"
    answer = ask(client, {"Origin": SITE})
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "Origin" in answer.headers["Vary"]
    assert db.session.scalars(sa.select(ConsentEvent.page)).one() == SITE


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b"{", "application/json"),
        (400, b"[]", "application/json"),
        (413, b" " * 3_000_000, "application/json"),
        (413, b"a" * 3_000_000, "application/x-www-form-urlencoded"),
        (415, b"{}", "text/plain"),
        (422, b"{}", "application/json"),
        (403, b'{"list": "other", "address": "ada@example.org"}', "application/json"),
    ],
)
def test_such_a_page_can_read_also_what_went_wrong(
    client: FlaskClient, status: int, body: bytes, kind: str
) -> None:
    headers = {"Origin": SITE, "Content-Type": kind}
    answer = client.post(HERE, data=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert answer.content_type == "application/problem+json"


def test_such_a_page_can_read_when_to_come_again(client: FlaskClient) -> None:
    for number in range(60):
        ask(client, {"Origin": SITE}, address=f"a{number}@example.org", website="x")
    refused = ask(client, {"Origin": SITE})
    assert refused.status_code == 429
    assert refused.headers["Access-Control-Allow-Origin"] == SITE
    assert refused.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://www.example.org",
        "https://www.example.org.evil.example",
        "https://evil.example/https://www.example.org",
        "https://WWW.example.org",
        "https://internal.example.org",
        "*",
    ],
)
def test_pages_that_no_list_names_are_refused_and_read_nothing(
    client: FlaskClient, origin: str
) -> None:
    """STANDARDS XA20: never `*`, never credentials, never the origin that just asks."""
    answers = [
        client.options(HERE, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
        client.get("/api/v1/", headers={"Origin": origin}),
        ask(client, {"Origin": origin}),
    ]
    assert [answer.status_code for answer in answers] == [204, 200, 403]
    for answer in answers:
        assert not any(name.startswith("Access-Control") for name, _ in answer.headers)
    assert nothing_is_kept()


def test_a_page_of_one_list_cannot_sign_readers_up_for_another(client: FlaskClient) -> None:
    assert ask(client, {"Origin": SITE}, list="other").status_code == 403
    assert ask(client, {"Origin": "https://news.example.org"}, list="other").status_code == 202


def test_no_answer_allows_or_sets_cookies(client: FlaskClient) -> None:
    for answer in (ask(client, {"Origin": SITE}), client.get("/api/v1/", headers={"Origin": SITE})):
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Set-Cookie" not in answer.headers
