"""Pages of other sites: which may be named, and that a page counts letter by letter."""

import pytest
from flask import Flask

from newsletter.errors import InvalidInput
from newsletter.subscriptions import embedding
from tests.factories import make_list

THANKS = "https://www.example.org/thanks?from=form"


@pytest.mark.parametrize(
    "page",
    [
        THANKS,
        "https://www.example.org",
        "https://www.example.org:8443/a/b.html",
        "https://xn--exmple-cua.xn--p1ai/",
        "https://WWW.4you.Example.org/a;b=*",
        "https://intranet/",
        "http://localhost:8000/thanks",
        "http://127.0.0.1/",
        "http://[::1]:8000/",
    ],
)
def test_a_whole_address_with_https_can_be_named(page: str) -> None:
    assert embedding.read_pages(f"\n  {page} \r\n{page}\n") == [page]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("http://www.example.org/thanks", "must begin with https"),
        ("http://127.0.0.1.evil.example/", "must begin with https"),
        ("javascript:alert(1)", "not a whole address"),
        ("data:text/html,x", "not a whole address"),
        ("//www.example.org/", "must begin with https"),
        ("/thanks", "not a whole address"),
        ("https:///thanks", "not a whole address"),
        ("https://[::1/", "not a whole address"),
        ("https://www.example.org:port/", "not a whole address"),
        ("https://ok@evil.example/", "a name or a password"),
        ("https://www.example.org/#top", "a place within"),
        ("https://www.example.org/a b", "letters that no address has"),
        ("https://www.example.org\\@evil.example/", "letters that no address has"),
        ("https://www.exämple.org/", "letters that no address has"),
        ("https://x.example;script-src/", "a host that cannot be"),
        ("https://*/", "a host that cannot be"),
        ("https://*.example.org/", "a host that cannot be"),
        ("https://x..y/", "a host that cannot be"),
        ("https://-/", "a host that cannot be"),
        ("https://www.example.org./", "a host that cannot be"),
        ("https://a,b.example/", "a host that cannot be"),
        ("https://[2001:db8::1;x]/", "not a whole address"),
        ("https://'self'/", "a host that cannot be"),
        ("https://www.example.org/" + "x" * 300, "may have 300"),
    ],
)
def test_what_is_no_such_address_is_refused_with_the_reason(page: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        embedding.read_pages(page)


def test_a_list_has_twenty_pages_at_most() -> None:
    pages = [f"https://www.example.org/{number}" for number in range(21)]
    assert len(embedding.read_pages("\n".join(pages[:20]))) == 20
    with pytest.raises(InvalidInput, match="may have 20"):
        embedding.read_pages("\n".join(pages))


@pytest.mark.parametrize(
    ("page", "origin"),
    [
        (THANKS, "https://www.example.org"),
        ("https://WWW.example.org:443/a", "https://www.example.org"),
        ("https://www.example.org:8443/a", "https://www.example.org:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_what_browsers_call_it(page: str, origin: str) -> None:
    assert embedding.origin_of(page) == origin


def test_a_page_leads_back_only_letter_by_letter(app: Flask) -> None:
    news = make_list()
    news.return_pages = [THANKS]
    assert embedding.way_back(news, THANKS) == THANKS
    for other in ("", THANKS + "&x=1", THANKS.upper(), THANKS[:-1], "https://www.example.org/"):
        assert embedding.way_back(news, other) == ""
