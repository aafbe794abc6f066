"""The form for other sites: what is copied works as it stands, and only named pages lead back."""

import pytest
import sqlalchemy as sa
from flask import Flask
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.subscriptions import consent, lists
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentWording,
    Source,
    Subscription,
    Tracking,
)
from newsletter.translating import translator, written
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list, make_topic

HERE = "/desk/lists/news/form"
THANKS = "https://www.example.org/thanks"


@pytest.fixture
def browser(app: Flask) -> Browser:
    """An admin, on an installation with a list that has topics."""
    make_list("news", topics=(make_topic("mms", "MMS & <more>"), make_topic("bep")))
    return signed_in(app, make_editor(role=RoleName.ADMIN))


def pasted(browser: Browser, **asked: str) -> LexborHTMLParser:
    page = LexborHTMLParser(browser.get(HERE, query_string=asked).text)
    text = page.css_first("textarea#pasted")
    assert text is not None
    return LexborHTMLParser(text.text())


def typed(form: LexborHTMLParser, **changes: str) -> dict[str, str]:
    """What a browser sends for the form as it stands, with some fields filled in."""
    fields = {
        str(field.attributes["name"]): str(field.attributes.get("value") or "")
        for field in form.css("input")
        if field.attributes.get("type") not in ("checkbox", "radio")
        or "checked" in field.attributes
    }
    assert set(changes) <= set(fields)
    return fields | changes


@pytest.mark.parametrize("code", written())
def test_what_is_copied_signs_up_in_its_language_with_the_words_it_shows(
    browser: Browser, code: str
) -> None:
    form = pasted(browser, **{"in": code})
    action = form.css_first("form").attributes["action"]
    assert action == f"https://news.example.org/subscribe?lang={code}"
    assert form.css("script, style, link, [style], [onclick], img") == []
    fields = typed(form, address="ada@example.org")
    answer = browser.client.post(
        f"/subscribe?lang={code}", data=fields, headers={"Origin": "https://www.example.org"}
    )
    assert answer.status_code == 200
    assert f'lang="{code}"' in answer.text
    subscription = db.session.scalars(sa.select(Subscription)).one()
    assert (subscription.source, subscription.subscriber.language) == (Source.EMBED, code)
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert event.page == "https://www.example.org"
    assert (
        db.session.get_one(ConsentWording, event.wording_id).text in form.css_first("form").text()
    )


def test_an_old_copy_is_evidence_of_its_own_words(browser: Browser) -> None:
    form = pasted(browser)
    news = lists.get_list("news")
    lists.change_list(news, now=clock.now(), name="Renamed", tracking=Tracking.INDIVIDUAL)
    db.session.commit()
    for name in ("ada", "eve"):
        fields = typed(form, address=f"{name}@example.org")
        browser.client.post("/subscribe?lang=en", data=fields)
        assert last_words() in form.css_first("form").text()
    assert "Nobody records what I open" in last_words()


def test_words_that_were_not_given_out_for_this_list_are_evidence_of_nothing(
    browser: Browser,
) -> None:
    make_list("other", name="Other")
    consent.wording_id(wording := consent.tracking_wording("Other", translator("en")))
    db.session.commit()
    of_other = typed(LexborHTMLParser(browser.client.get("/?list=other").text))["words"]
    for words in (
        of_other,
        wording.digest,
        f"{of_other}x",
        of_other[1:],
        "x" * 9000,
        "ü.\ud7ff",
        ".",
    ):
        fields = typed(pasted(browser), address="ada@example.org", words=words)
        assert browser.client.post("/subscribe?lang=en", data=fields).status_code == 200
        event = last_event()
        assert event.wording_id is None
        assert event.detail == "embed: all topics; every; en; words not known to us"
    fields |= {"list": "other", "words": of_other}
    browser.client.post("/subscribe?lang=en", data=fields)
    assert "“Other”" in last_words()


def test_a_form_on_a_site_that_does_not_name_itself_is_elsewhere_all_the_same(
    browser: Browser,
) -> None:
    fields = typed(pasted(browser), address="ada@example.org")
    browser.client.post("/subscribe?lang=en", data=fields, headers={"Origin": "null"})
    event = last_event()
    assert (event.page, event.detail) == ("", "embed: all topics; every; en")
    assert db.session.scalars(sa.select(Subscription.source)).one() is Source.EMBED
    browser.client.post(
        "/subscribe", data={"address": "eve@example.org"}, headers={"Origin": "null"}
    )
    assert last_event().page == "https://news.example.org/"


@pytest.mark.parametrize(
    ("origin", "page"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("javascript:alert(1)<script>", ""),
        ("https://www.example.org/page", ""),
        ("https://a@www.example.org", ""),
        ("https://" + "x" * 300, ""),
    ],
)
def test_what_is_no_origin_is_not_kept_as_one(browser: Browser, origin: str, page: str) -> None:
    for fields in ({}, typed(pasted(browser))):
        fields |= {"address": "ada@example.org"}
        browser.client.post("/subscribe?lang=en", data=fields, headers={"Origin": origin})
        assert (last_event().page, last_event().detail[:5]) == (page, "embed")


def last_event() -> ConsentEvent:
    return db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id.desc())).all()[0]


def last_words() -> str:
    return db.session.get_one(ConsentWording, last_event().wording_id).text


def test_the_field_that_nobody_sees_is_hidden_without_any_style(browser: Browser) -> None:
    trap = pasted(browser).css_first("[hidden] input[name=website]")
    assert trap is not None
    assert trap.attributes["tabindex"] == "-1"


def test_a_page_is_named_and_then_the_form_leads_there(browser: Browser) -> None:
    answer = browser.post(HERE, {"return_pages": f"{THANKS}\n"})
    assert answer.status_code == 303
    assert lists.get_list("news").return_pages == [THANKS]
    fields = typed(pasted(browser, back=THANKS), address="ada@example.org")
    answer = browser.client.post("/subscribe?lang=en", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, THANKS)
    assert "next" not in typed(pasted(browser, back="https://evil.example/"))


def test_a_wrong_page_is_refused_beside_its_field_and_nothing_is_kept(browser: Browser) -> None:
    answer = browser.post(HERE, {"return_pages": "http://www.example.org/thanks"})
    assert answer.status_code == 422
    assert 'id="return_pages-error"' in answer.text
    assert "http://www.example.org/thanks" in answer.text
    assert lists.get_list("news").return_pages == []


def test_the_preview_is_framed_and_can_do_nothing(browser: Browser) -> None:
    answer = browser.get(f"{HERE}.html?in=ar")
    assert 'dir="rtl"' in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


def test_editors_who_manage_no_lists_see_none_of_it(app: Flask) -> None:
    make_list("news")
    editor = signed_in(app, make_editor())
    assert editor.get(HERE).status_code == 403
    assert editor.post(HERE, {"return_pages": THANKS}).status_code == 403
