"""The archive: by year and list, each issue in its languages, what became of it on top."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser as Page

from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_due_issue, make_image, make_item, make_list, make_sent_issue
from tests.public.test_library import get, texts

YEAR = timedelta(days=365)


@pytest.fixture
def news(client: FlaskClient) -> MailingList:
    """A public list."""
    return make_list()


def head(page: Page, selector: str, attribute: str) -> list[str]:
    return [node.attributes[attribute] or "" for node in page.css(f"head {selector}")]


# The list


def test_every_issue_that_was_sent_is_listed_newest_first(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "First", at=NOW - YEAR)
    make_sent_issue(news, "Second")
    make_sent_issue(make_list("inner", is_public=False), "Secret")
    make_due_issue(news, subject="Not yet")
    page = get(client, "/archive/")
    assert texts(page, ".entries h2") == ["Second", "First"]
    assert texts(page, ".entries .meta") == ["Issue 2 · 1 March 2027", "Issue 1 · 1 March 2026"]


def test_years_lead_to_their_issues_and_say_how_many(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "Of 2026", at=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    make_sent_issue(news, "Of 2027", at=datetime(2027, 1, 1, tzinfo=UTC))
    make_sent_issue(news, "Also of 2027")
    years = get(client, "/archive/").css_first("nav[aria-label=Years]")
    assert [" ".join(one.text().split()) for one in years.css("a")] == [
        "All years",
        "2027 (2)",
        "2026 (1)",
    ]
    page = get(client, "/archive/?year=2026")
    assert texts(page, ".entries h2") == ["Of 2026"]
    assert texts(page, "nav a[aria-current]") == ["2026 (1)"]
    assert texts(get(client, "/archive/?year=2027"), ".entries h2") == ["Also of 2027", "Of 2027"]


def test_two_lists_can_be_told_apart(client: FlaskClient, news: MailingList) -> None:
    make_sent_issue(news, "Of news")
    make_sent_issue(make_list("tools", name="Tools"), "Of tools")
    page = get(client, "/archive/")
    assert "Tools" in texts(page, ".entries .meta")[0]
    page = get(client, "/archive/?list=tools")
    assert texts(page, ".entries h2") == ["Of tools"]
    assert texts(page, "nav[aria-label=Lists] a[aria-current]") == ["Tools"]
    assert page.css_first("p.small a").attributes["href"] == "/archive/lists/tools.xml"


@pytest.mark.parametrize(
    "query",
    ["year=x", "year=-5", "year=0", "year=99999", "year=" + "9" * 5_000, "list=nothing", "page=x",
     "page=0", "page=" + "9" * 30, "list=%3Cscript%3E", "year=2026&year=x", "lang=xx",
     "list=%F0%9F%98%80"],
)  # fmt: skip
def test_strange_questions_get_a_calm_page(
    client: FlaskClient, news: MailingList, query: str
) -> None:
    make_sent_issue(news)
    page = get(client, f"/archive/?{query}")
    assert texts(page, "h1") == ["What was sent?"]
    assert not page.css("script")


def test_where_nothing_was_sent_it_says_what_to_do(client: FlaskClient, news: MailingList) -> None:
    assert "The first one will be here" in get(client, "/archive/").body.text()
    make_sent_issue(news)
    page = get(client, "/archive/?year=1999")
    assert page.css_first(".notice a").attributes["href"] == "/archive/"
    assert head(page, "meta[name=robots]", "content") == ["noindex"]


def test_a_long_archive_has_pages_that_keep_the_year(
    client: FlaskClient, news: MailingList
) -> None:
    for number in range(45):
        make_sent_issue(news, f"Issue {number}", at=NOW + timedelta(minutes=number))
    page = get(client, "/archive/?year=2027&page=2")
    assert len(page.css(".entries > li")) == 20
    assert [link.attributes["href"] for link in page.css(".pager a")] == [
        "/archive/?page=1&year=2027",
        "/archive/?page=3&year=2027",
    ]


def test_readers_see_the_subjects_of_their_own_language(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "Dates", others={"fr": "Les dates", "ar": "المواعيد"})
    page = get(client, "/archive/?lang=fr")
    assert texts(page, ".entries h2") == ["Les dates"]
    assert page.css_first(".entries h2").attributes["lang"] == "fr"
    assert [one.attributes["href"] for one in page.css(".entries .meta a")] == [
        "/archive/1?lang=en",
        "/archive/1?lang=ar",
    ]
    assert texts(get(client, "/archive/?lang=es"), ".entries h2") == ["Dates"]


# One issue


def test_an_issue_is_shown_in_the_language_that_is_asked_for(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "Dates", others={"fr": "Les dates", "de": "Die Termine"})
    for query, language, subject in (
        ("", "en", "Dates"),
        ("?lang=fr", "fr", "Les dates"),
        # Our pages do not speak it, but the issue does.
        ("?lang=de", "de", "Die Termine"),
        ("?lang=ar", "en", "Dates"),
        ("?lang=nonsense", "en", "Dates"),
    ):
        page = get(client, f"/archive/1{query}")
        assert texts(page, "h1") == [subject]
        assert page.css_first("article").attributes["lang"] == language
    page = get(client, "/archive/1?lang=fr")
    assert {one.attributes["hreflang"]: one.text() for one in page.css("main .meta a")} == {
        "en": "English",
        "de": "Deutsch",
    }


def test_what_stands_around_an_issue_is_in_the_language_of_the_page(
    client: FlaskClient, news: MailingList
) -> None:
    issue = make_sent_issue(news)
    db.session.commit()
    page = client.get(f"/archive/{issue.id}?lang=fr").text
    assert "Ceci a été envoyé par e-mail." in page
    assert "This went out by e-mail." not in page


def test_search_engines_are_told_of_each_language(client: FlaskClient, news: MailingList) -> None:
    make_sent_issue(news, "Dates", others={"fr": "Les dates"})
    here = "https://news.example.org/archive/1"
    page = get(client, "/archive/1?lang=fr")
    assert head(page, "link[rel=canonical]", "href") == [f"{here}?lang=fr"]
    assert dict(
        zip(
            head(page, "link[hreflang]", "hreflang"), head(page, "link[hreflang]", "href"),
            strict=True,
        )
    ) == {"en": f"{here}?lang=en", "fr": f"{here}?lang=fr", "x-default": here}  # fmt: skip
    assert head(page, "meta[property='og:locale']", "content") == ["fr_FR"]
    assert head(get(client, "/archive/1"), "link[rel=canonical]", "href") == [here]
    assert head(get(client, "/archive/1?lang=ar"), "link[rel=canonical]", "href") == [here]


def test_an_issue_in_one_language_has_one_address(client: FlaskClient, news: MailingList) -> None:
    make_sent_issue(news)
    page = get(client, "/archive/1?lang=es")
    assert head(page, "link[rel=canonical]", "href") == ["https://news.example.org/archive/1"]
    assert head(page, "link[hreflang]", "href") == []


def test_an_issue_leads_to_those_before_and_after_it_on_its_list(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "First", at=NOW)
    make_sent_issue(make_list("tools"), "Elsewhere", at=NOW + timedelta(minutes=1))
    make_sent_issue(news, "Second", at=NOW + timedelta(minutes=2))
    make_sent_issue(news, "Third", at=NOW + timedelta(minutes=2))
    page = get(client, "/archive/3")
    assert texts(page, "a[rel=prev]") == ["First"]
    assert texts(page, "a[rel=next]") == ["Third"]
    assert not get(client, "/archive/1").css("a[rel=prev]")
    assert not get(client, "/archive/4").css("a[rel=next]")


def test_a_correction_stands_on_top_of_what_it_corrects(
    client: FlaskClient, news: MailingList
) -> None:
    wrong = make_sent_issue(news, "Dates")
    make_sent_issue(news, "Correction: Dates", corrects=wrong, at=NOW + timedelta(hours=1))
    page = get(client, "/archive/1")
    notice = page.css_first("main > .notice")
    assert "This issue was corrected on 1 March 2027." in notice.text()
    assert notice.css_first("a").attributes["href"] == "/archive/2"
    assert page.html.index("was corrected on") < page.html.index("<h1>")
    assert "Corrected" in texts(get(client, "/archive/"), ".entries .meta")[1]


def test_an_item_that_was_withdrawn_since_says_so(client: FlaskClient, news: MailingList) -> None:
    item = make_item()
    make_sent_issue(news, items=(item.slug,))
    assert get(client, "/archive/1").css_first(".block a.button") is not None
    catalogue.withdraw_item(item, now=NOW)
    page = get(client, "/archive/1")
    assert texts(page, ".block .notice") == ["This was withdrawn on 1 March 2027."]
    assert page.css_first(".block a.button") is None
    assert page.css_first(".block .title a").attributes["href"] == "/library/guidance-on-mms"


def test_a_card_has_title_summary_address_and_the_image_if_there_is_one(
    client: FlaskClient, news: MailingList
) -> None:
    make_sent_issue(news, "Without")
    make_sent_issue(news, "With", image=make_image(alt="A clinic"))
    for number, subject in ((1, "Without"), (2, "With")):
        page = get(client, f"/archive/{number}")
        said = {
            node.attributes["property"]: node.attributes["content"]
            for node in page.css("head meta[property]")
        }
        image = {name: said.pop(name) for name in [*said] if (name or "").startswith("og:image")}
        assert said == {
            "og:site_name": "Stay Informed",
            "og:type": "article",
            "og:title": subject,
            "og:description": subject,
            "og:url": f"https://news.example.org/archive/{number}",
            "og:locale": "en_US",
        }
    assert (image.pop("og:image") or "").startswith("https://news.example.org/media/")
    assert image == {
        "og:image:width": "12", "og:image:height": "8", "og:image:alt": "A clinic",
    }  # fmt: skip


def test_an_issue_without_a_text_is_described_by_its_items(
    client: FlaskClient, news: MailingList
) -> None:
    slugs = [make_item(f"item-{number}", title=f"Item {number}").slug for number in (1, 2)]
    make_sent_issue(news, items=tuple(slugs))
    described = head(get(client, "/archive/1"), "meta[name=description]", "content")
    assert described == ["Item 1 · Item 2"]


def test_ways_to_pass_an_issue_on_are_plain_links(client: FlaskClient, news: MailingList) -> None:
    make_sent_issue(news, "Dates & <places>")
    page = get(client, "/archive/1")
    links = [one.attributes["href"] or "" for one in page.css(".share a")]
    assert links[0] == (
        "mailto:?subject=Dates%20%26%20%3Cplaces%3E"
        "&body=https%3A%2F%2Fnews.example.org%2Farchive%2F1"
    )
    assert all(link.startswith(("mailto:", "https://")) for link in links)
    assert not page.css("script, iframe, img")


@pytest.mark.parametrize("number", ["2", "99999999999", "0"])
def test_what_was_not_sent_to_everybody_is_not_found(
    client: FlaskClient, news: MailingList, number: str
) -> None:
    make_sent_issue(news)
    make_due_issue(news)
    get(client, f"/archive/{number}", status=404)


# Asking again


def test_whoever_has_a_page_already_is_told_so(client: FlaskClient, news: MailingList) -> None:
    make_sent_issue(news, others={"fr": "Les dates"})
    make_item(published_on=date(2025, 1, 20))
    db.session.commit()
    for path in ("/archive/", "/archive/1", "/library/", "/library/guidance-on-mms"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert {"Accept-Language", "Accept-Encoding"} <= {*answer.headers["Vary"].split(", ")}
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
        other = client.get(f"{path}?lang=fr", headers={"If-None-Match": answer.headers["ETag"]})
        assert other.status_code == 200


def test_a_new_notice_makes_another_page(client: FlaskClient, news: MailingList) -> None:
    wrong = make_sent_issue(news)
    db.session.commit()
    tag = client.get("/archive/1").headers["ETag"]
    make_sent_issue(news, corrects=wrong)
    db.session.commit()
    assert client.get("/archive/1", headers={"If-None-Match": tag}).status_code == 200
