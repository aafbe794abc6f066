"""Feeds: what RFC 4287 asks of each, one for everything that can be followed."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.library.models import Topic
from newsletter.public import feeds
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_sent_issue, make_topic

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
FEEDS = ["/feed.xml", "/archive/lists/news.xml", "/library/feed.xml", "/library/topics/mms.xml"]


@pytest.fixture
def topic(client: FlaskClient) -> Topic:
    """A topic."""
    return make_topic("mms", "Supplements & more")


@pytest.fixture
def news(topic: Topic) -> MailingList:
    """A public list with two sent issues and two items."""
    news = make_list(topics=(topic,))
    make_item("one", title="Guidance <on> “MMS” & more", topics=(topic,))
    make_item("two", topics=(topic,))
    make_sent_issue(news, "Dates & <places>", others={"fr": "Les dates"})
    make_sent_issue(news, "New guidance", at=NOW + timedelta(hours=1))
    db.session.commit()
    return news


def read(client: FlaskClient, path: str) -> ET.Element:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/atom+xml"
    return ET.fromstring(answer.text)


def texts(element: ET.Element, name: str) -> list[str]:
    return [node.text or "" for node in element.iterfind(f"{ATOM}{name}")]


def links(element: ET.Element, rel: str) -> list[str]:
    return [
        node.attrib["href"] for node in element.iterfind(f"{ATOM}link") if node.get("rel") == rel
    ]


def check_dated_thing(thing: ET.Element) -> None:
    """Both a feed and an entry have exactly one id, title and time (RFC 4287, 4.1.1, 4.1.2)."""
    for name in ("id", "title", "updated"):
        [text] = texts(thing, name)
        assert text.strip()
    [identity] = texts(thing, "id")
    assert urlsplit(identity).scheme == "https"
    for moment in texts(thing, "updated") + texts(thing, "published"):
        assert MOMENT.fullmatch(moment), moment
    assert len(links(thing, "alternate")) == 1
    for link in thing.iterfind(f"{ATOM}link"):
        assert urlsplit(link.attrib["href"]).netloc == "news.example.org"


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_as_the_standard_wants_it(
    client: FlaskClient, news: MailingList, path: str
) -> None:
    feed = read(client, path)
    assert feed.tag == f"{ATOM}feed"
    assert feed.attrib[LANG] == "en"
    check_dated_thing(feed)
    assert links(feed, "self") == [f"https://news.example.org{path}"]
    # No entry needs an author of its own then (4.2.1).
    assert len(feed.findall(f"{ATOM}author/{ATOM}name")) == 1
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 2
    for entry in entries:
        check_dated_thing(entry)
        assert entry.attrib[LANG] == "en"
        assert texts(entry, "published")
        for category in entry.iterfind(f"{ATOM}category"):
            assert category.attrib["term"]
        assert all(node.get("type", "text") == "text" for node in entry if node.tag == "summary")
    assert len({texts(entry, "id")[0] for entry in entries}) == 2
    newest = max(texts(entry, "updated")[0] for entry in entries)
    assert texts(feed, "updated") == [newest]


@pytest.mark.parametrize("path", FEEDS)
def test_the_page_of_a_feed_leads_to_it(client: FlaskClient, news: MailingList, path: str) -> None:
    [page] = links(read(client, path), "alternate")
    answer = client.get(page.removeprefix("https://news.example.org"))
    assert answer.status_code == 200
    found = LexborHTMLParser(answer.text).css("link[type='application/atom+xml']")
    assert f"https://news.example.org{path}" in [node.attributes["href"] for node in found]


def test_titles_are_as_they_were_typed(client: FlaskClient, news: MailingList) -> None:
    issues = read(client, "/feed.xml").findall(f"{ATOM}entry")
    assert [texts(one, "title")[0] for one in issues] == ["New guidance", "Dates & <places>"]
    items = read(client, "/library/topics/mms.xml")
    assert texts(items, "title") == ["Stay Informed: Supplements & more"]
    assert texts(items.findall(f"{ATOM}entry")[1], "title") == ["Guidance <on> “MMS” & more"]


def test_identities_stay_whatever_the_language(client: FlaskClient, news: MailingList) -> None:
    english, french = read(client, "/feed.xml"), read(client, "/feed.xml?lang=fr")
    for name in ("id",):
        assert texts(english, name) == texts(french, name)
    old = f"{ATOM}entry[2]"
    for feed, title, path in (
        (english, "Dates & <places>", "/archive/1?lang=en"),
        (french, "Les dates", "/archive/1?lang=fr"),
    ):
        entry = feed.find(old)
        assert entry is not None
        assert texts(entry, "id") == ["https://news.example.org/archive/1"]
        assert texts(entry, "title") == [title]
        assert links(entry, "alternate") == [f"https://news.example.org{path}"]
    assert links(french, "self") == ["https://news.example.org/feed.xml?lang=fr"]
    assert (french.attrib[LANG], french.findall(f"{ATOM}entry")[0].attrib[LANG]) == ("fr", "en")


def test_a_correction_changes_the_entry_and_not_its_identity(
    client: FlaskClient, news: MailingList
) -> None:
    wrong = make_sent_issue(news, "Wrong", at=NOW + timedelta(hours=2))
    at = NOW + timedelta(hours=3)
    make_sent_issue(news, "Correction", corrects=wrong, at=at)
    db.session.commit()
    entry = read(client, "/feed.xml").findall(f"{ATOM}entry")[1]
    assert texts(entry, "id") == [f"https://news.example.org/archive/{wrong.id}"]
    assert texts(entry, "updated") == [at.isoformat()]


def test_a_correction_brings_back_an_issue_that_is_no_more_among_the_newest(
    client: FlaskClient, news: MailingList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    wrong = make_sent_issue(news, "Wrong", at=NOW)
    for days in (1, 2):
        make_sent_issue(news, f"Day {days}", at=NOW + timedelta(days=days))
    at = NOW + timedelta(days=3)
    make_sent_issue(make_list("other", is_public=False), "Corr", corrects=wrong, at=at)
    db.session.commit()
    first = read(client, "/feed.xml").find(f"{ATOM}entry")
    assert first is not None and texts(first, "title") == ["Wrong"]
    assert f"<lastmod>{at:%Y-%m-%d}" in client.get("/sitemap.xml").text


def test_who_follows_the_library_hears_that_something_was_withdrawn(
    client: FlaskClient, news: MailingList
) -> None:
    item = catalogue.find_item("two")
    later = datetime(2028, 1, 1, tzinfo=UTC)
    catalogue.withdraw_item(item, now=later)
    db.session.commit()
    entry = read(client, "/library/feed.xml").findall(f"{ATOM}entry")[0]
    assert texts(entry, "title") == ["Withdrawn: Guidance on MMS"]
    assert texts(entry, "updated") == [later.isoformat()]


@pytest.mark.parametrize("path", ["/library/feed.xml", "/library/topics/mms.xml"])
def test_what_becomes_of_an_old_item_is_heard_of_too(
    client: FlaskClient, topic: Topic, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    old = make_item("old", title="Old", topics=(topic,), published_on=date(2019, 1, 1))
    for year in (2024, 2025, 2026):
        make_item(f"of-{year}", title=str(year), topics=(topic,), published_on=date(year, 1, 1))
    db.session.commit()
    said = []
    for days, change in enumerate((catalogue.withdraw_item, catalogue.restore_item), start=1):
        change(old, now=NOW + timedelta(days=days))
        db.session.commit()
        entries = read(client, path).findall(f"{ATOM}entry")
        said.append([texts(entry, "title")[0] for entry in entries])
    assert said == [["Withdrawn: Old", "2026"], ["Old", "2026"]]


@pytest.mark.parametrize("path", FEEDS)
def test_who_has_it_already_gets_no_body(client: FlaskClient, news: MailingList, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert {"Accept-Language", "Accept-Encoding"} <= {*answer.headers["Vary"].split(", ")}
    for headers in (
        {"If-None-Match": answer.headers["ETag"]},
        {"If-Modified-Since": answer.headers["Last-Modified"]},
    ):
        again = client.get(path, headers={**headers, "Accept-Encoding": "gzip"})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/archive/lists/none.xml", "/archive/lists/inner.xml", "/library/topics/none.xml"]
)
def test_there_is_no_feed_of_what_is_not_public(
    client: FlaskClient, news: MailingList, path: str
) -> None:
    make_sent_issue(make_list("inner", is_public=False), "Secret")
    db.session.commit()
    assert client.get(path).status_code == 404
    assert "Secret" not in client.get("/feed.xml").text


@pytest.mark.parametrize("path", ["/feed.xml", "/library/feed.xml"])
def test_before_anything_was_sent_there_is_an_empty_feed(client: FlaskClient, path: str) -> None:
    feed = read(client, path)
    check_dated_thing(feed)
    assert not feed.findall(f"{ATOM}entry")
