"""The first visit of the start page: small, complete without scripts, readable as plain text."""

import gzip
import socket
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import languages
from newsletter.extensions import db
from tests.factories import make_item, make_list, make_sent_issue, make_topic
from tests.web_process import web_process

MOST = 30_000
"""Octets of everything that a browser loads, headers included."""

PACKED = {"Accept-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def _furnished(client: FlaskClient) -> None:
    topics = tuple(make_topic(f"topic-{number}", f"Topic {number}") for number in range(12))
    news = make_list(topics=topics)
    for number in range(6):
        make_item(f"item-{number}", title=f"Guidance {number} on a subject with a long name")
    make_sent_issue(news, "The issue of last month", others={"ar": "عدد الشهر الماضي"})
    db.session.commit()


class Reader(HTMLParser):
    """What a browser for text shows, in the order in which it reads the page."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("head", "script", "style")
        names = dict(attrs)
        if tag == "input" and names.get("type") not in ("hidden", None):
            self.said.append(f"[{names.get('type')}]")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("head", "script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.said.append(" ".join(data.split()))


def octets(answer: TestResponse) -> int:
    """What travels: the status line, the headers and the body as it is sent."""
    headers = sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())
    return len(f"HTTP/1.1 {answer.status}\r\n\r\n") + headers + len(answer.data)


@pytest.mark.parametrize("language", languages.OFFERED)
def test_everything_that_it_loads_is_small(client: FlaskClient, language: str) -> None:
    page = client.get(f"/?lang={language}", headers=PACKED)
    loaded = {"page": octets(page)}
    plain = LexborHTMLParser(client.get(f"/?lang={language}").text)
    assert plain.css("script, img, iframe, object, embed, video, audio, style") == []
    sheets = plain.css("link[rel=stylesheet]")
    assert len(sheets) == 1
    for link in [*sheets, *plain.css("link[rel=icon]")]:
        path = link.attributes["href"] or ""
        assert urlsplit(path).netloc == ""
        loaded[path] = octets(client.get(path, headers=PACKED))
    assert sum(loaded.values()) <= MOST, loaded


def test_what_gunicorn_sends_of_it_is_small_to_the_last_octet(app: Flask, tmp_path: Path) -> None:
    """Counted at the socket, as a browser loads it: the page, its style sheet, its icon."""
    with web_process(tmp_path, app.config["SQLALCHEMY_DATABASE_URI"]) as served:
        head, _, body = _load(served.port, "/").partition(b"\r\n\r\n")
        page = LexborHTMLParser(gzip.decompress(body).decode())
        paths = [
            node.attributes["href"] or ""
            for node in page.css("link[rel=stylesheet], link[rel=icon]")
        ]
        loaded = {
            "/": len(head) + 4 + len(body),
            **{path: len(_load(served.port, path)) for path in paths},
        }
    assert len(loaded) == 3
    assert b"set-cookie" not in head.lower()
    assert sum(loaded.values()) <= MOST, loaded


def _load(port: int, path: str) -> bytes:
    """Everything that comes back over one connection."""
    asked = f"GET {path} HTTP/1.1\r\nHost: news.example.org\r\n"
    asked += "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(asked.encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_it_sets_no_cookie_and_asks_nobody_else(client: FlaskClient) -> None:
    answer = client.get("/")
    assert "Set-Cookie" not in answer.headers
    page = LexborHTMLParser(answer.text)
    for node in page.css("[src], link[rel=stylesheet], link[rel=icon], link[rel=preload]"):
        address = node.attributes.get("src") or node.attributes.get("href") or ""
        assert address.startswith("/") and not address.startswith("//")
    with client.get("/static/site.css") as sheet:
        assert "url(" not in sheet.text and "@import" not in sheet.text
        assert "@font-face" not in sheet.text


def test_read_as_text_it_says_everything_in_order(client: FlaskClient) -> None:
    reader = Reader()
    reader.feed(client.get("/").text)
    places = [
        reader.said.index(words)
        for words in (
            "Stay Informed",
            "What are you interested in?",
            "Topic 0",
            "How often?",
            "In which language should we write to you?",
            "Your e-mail address",
            "[email]",
            "What is new?",
            "The issue of last month",
            "Guidance 5 on a subject with a long name",
            "Privacy notice",
        )
    ]
    assert places == sorted(places)
    assert "[checkbox]" in reader.said
    assert len([one for one in reader.said if one.endswith("a long name")]) == 3


def test_the_latest_issue_is_named_in_the_language_of_the_page(client: FlaskClient) -> None:
    page = LexborHTMLParser(client.get("/?lang=ar").text)
    latest = page.css_first("[aria-labelledby=recent] h3")
    assert latest is not None
    assert (latest.text().strip(), latest.attributes["lang"]) == ("عدد الشهر الماضي", "ar")


def test_who_has_it_already_asks_and_gets_no_body(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": answer.headers["ETag"], **PACKED})
    assert (again.status_code, again.data) == (304, b"")


def test_each_language_of_the_page_has_an_address(client: FlaskClient) -> None:
    page = LexborHTMLParser(client.get("/?lang=fr").text)
    here = "https://news.example.org/"
    assert {
        link.attributes["hreflang"]: link.attributes["href"]
        for link in page.css("head link[hreflang]")
    } == {"x-default": here} | {code: f"{here}?lang={code}" for code in languages.OFFERED}
    canonical = page.css_first("link[rel=canonical]")
    assert canonical is not None and canonical.attributes["href"] == f"{here}?lang=fr"
