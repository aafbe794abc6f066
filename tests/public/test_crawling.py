"""What search engines are told: all public pages, none of anybody's own."""

import urllib.robotparser
import xml.etree.ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.public import crawling
from tests.conftest import NOW
from tests.factories import make_due_issue, make_item, make_list, make_sent_issue

HERE = "https://news.example.org"
SITEMAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def addresses(client: FlaskClient, path: str = "/sitemap.xml") -> list[str]:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    return [node.text or "" for node in ET.fromstring(answer.text).iter(f"{SITEMAPS}loc")]


def furnish() -> None:
    news = make_list()
    make_item("one")
    catalogue.withdraw_item(make_item("gone"), now=NOW)
    make_sent_issue(news, others={"fr": "Les dates"})
    make_due_issue(news)
    make_sent_issue(make_list("inner", is_public=False))
    db.session.commit()


def test_the_sitemap_names_every_public_page_and_nothing_else(client: FlaskClient) -> None:
    furnish()
    assert addresses(client) == [
        f"{HERE}{path}"
        for path in (
            *("/", "/archive/", "/library/", "/members/join", "/privacy"),
            *("/archive/1", "/archive/1?lang=en", "/archive/1?lang=fr"),
            "/library/one",
        )
    ]


def test_every_page_of_the_sitemap_is_there(client: FlaskClient) -> None:
    furnish()
    for address in addresses(client):
        assert client.get(address.removeprefix(HERE)).status_code == 200


def test_many_pages_are_named_in_several_files(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish()
    whole = addresses(client)
    monkeypatch.setattr(crawling, "MOST", 3)
    parts = addresses(client)
    assert parts == [f"{HERE}/sitemap-{number}.xml" for number in (1, 2, 3)]
    named = [addresses(client, part.removeprefix(HERE)) for part in parts]
    assert [one for part in named for one in part] == whole
    assert [len(part) for part in named] == [3, 3, 3]
    for number in (0, 4, 2**31 - 1):
        assert client.get(f"/sitemap-{number}.xml").status_code == 404


def test_pages_of_personal_links_are_for_no_search_engine(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    robots = urllib.robotparser.RobotFileParser()
    robots.parse(answer.text.splitlines())
    for rule in app.url_map.iter_rules():
        may = robots.can_fetch("AnyBot", rule.rule)
        # Counted links lead elsewhere, whoever they are for.
        private = ("/desk/", "/manage", "/r/")
        is_private = "<token>" in rule.rule or rule.rule.startswith(private)
        assert may != is_private, rule.rule
    assert robots.site_maps() == [f"{HERE}/sitemap.xml"]


def test_a_page_of_a_personal_link_says_so_itself(client: FlaskClient) -> None:
    assert client.get("/confirm/no-such-token").headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/library/").headers


@pytest.mark.parametrize("path", ["/robots.txt", "/sitemap.xml"])
def test_they_may_be_kept_for_an_hour(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "public, max-age=3600"
