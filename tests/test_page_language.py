"""The language of readers' pages: by link, by what they chose once, by what the browser asks."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock, languages, links
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import ConsentWording, MailingList
from tests.factories import make_list, make_subscription, make_topic

HEADINGS = {
    "en": "What happens with your address?",
    "fr": "adresse",
    "es": "dirección",
    "pt": "endereço",
    "ar": "عنوان",
}
"""A word of the privacy notice's heading, in each language."""


@pytest.fixture(autouse=True)
def _list(client: FlaskClient) -> None:
    make_list(topics=(make_topic("mms", "Multiple micronutrient supplements"),))
    db.session.commit()


def heading(page: str) -> str:
    found = LexborHTMLParser(page).css_first("h1")
    assert found is not None
    return found.text()


@pytest.mark.parametrize("language", languages.OFFERED)
def test_a_page_is_in_each_language_and_says_so(client: FlaskClient, language: str) -> None:
    answer = client.get(f"/privacy?lang={language}")
    page = LexborHTMLParser(answer.text)
    html = page.css_first("html")
    assert html is not None and html.attributes["lang"] == language
    assert html.attributes["dir"] == ("rtl" if language == "ar" else "ltr")
    assert HEADINGS[language] in heading(answer.text)
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("fr", "fr"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("sw,ar-EG;q=0.8,en;q=0.5", "ar"),
        ("sw", "en"),
        ("", "en"),
        ("en;q=0.4,es;q=0.7", "es"),
        ("*", "en"),
        ("fr;q=0", "en"),
        ("sw,fr;q=0,es;q=0.1", "es"),
        ("x" * 5000, "en"),
    ],
)
def test_without_a_link_the_browser_is_asked(client: FlaskClient, asked: str, spoken: str) -> None:
    answer = client.get("/privacy", headers={"Accept-Language": asked})
    assert answer.headers["Content-Language"] == spoken


def test_a_link_beats_the_browser_and_its_language_goes_on(client: FlaskClient) -> None:
    answer = client.get("/?lang=fr", headers={"Accept-Language": "es"})
    assert answer.headers["Content-Language"] == "fr"
    page = LexborHTMLParser(answer.text)
    paths = [link.attributes["href"] or "" for link in page.css("a[href^='/']")]
    pages = [path for path in paths if not path.startswith(("/feed", "#"))]
    assert pages and all("lang=" in path for path in pages)
    form = page.css_first("form[method=post]")
    assert form is not None and form.attributes["action"] == "/subscribe?lang=fr"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("nonsense", ["xx", "fr-FR", "../fr", "", "FR"])
def test_a_link_to_a_language_that_we_do_not_speak_is_no_choice(
    client: FlaskClient, nonsense: str
) -> None:
    answer = client.get("/privacy", query_string={"lang": nonsense})
    assert answer.headers["Content-Language"] == "en"


def test_the_languages_of_a_page_lead_to_itself(client: FlaskClient) -> None:
    page = LexborHTMLParser(client.get("/library/?q=iron&lang=es").text)
    offered = {
        link.attributes["lang"]: link.attributes["href"] for link in page.css(".languages a")
    }
    assert set(offered) == set(languages.OFFERED) - {"es"}
    assert offered["ar"] == "/library/?q=iron&lang=ar"


def test_what_a_reader_chose_once_beats_the_browser(client: FlaskClient) -> None:
    subscription = make_subscription(
        db.session.scalars(sa.select(MailingList)).one(),
        language="ar",
    )
    db.session.commit()
    link = links.CONFIRM.token(f"{subscription.id}-{subscription.wish}", now=clock.now())
    spoken = client.get(f"/confirm/{link}", headers={"Accept-Language": "es"})
    assert spoken.headers["Content-Language"] == "ar"
    linked = client.get(f"/confirm/{link}?lang=pt", headers={"Accept-Language": "es"})
    assert linked.headers["Content-Language"] == "pt"


def test_refusals_and_the_words_of_consent_are_in_the_language_of_the_page(
    client: FlaskClient,
) -> None:
    refused = client.post("/subscribe?lang=fr", data={"address": "ada@"})
    assert refused.status_code == 422
    assert "adresse" in refused.text and "address has" not in refused.text
    taken = client.post("/subscribe", data={"address": "ada@example.org", "language": "es"})
    assert taken.headers["Content-Language"] == "es"
    assert db.session.scalars(sa.select(ConsentWording.language)).all() == ["es"]
    [mail] = db.session.scalars(sa.select(OutboxMessage)).all()
    assert mail.language == "es"


def test_error_pages_are_in_the_language_of_who_asks(client: FlaskClient) -> None:
    for path in ("/nowhere", "/library/nothing", "/archive/9", "/confirm/x", "/unsubscribe/x"):
        answer = client.get(path, headers={"Accept-Language": "fr"})
        assert answer.status_code == 404
        assert answer.headers["Content-Language"] == "fr"
        assert "Not found" not in answer.text and "does not work" not in answer.text


def test_the_desk_is_in_english_for_everybody(client: FlaskClient) -> None:
    answer = client.get("/desk/sign-in?lang=fr", headers={"Accept-Language": "fr"})
    assert '<html lang="en"' in answer.text
    assert "Skip to the content" in answer.text
