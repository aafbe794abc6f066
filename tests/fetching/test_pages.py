"""Reading a page whose address was pasted, and how a failure sounds."""

import time
from dataclasses import replace

import pytest
from flask import Flask

from newsletter.errors import FetchFailed
from newsletter.fetching.names import UNAVAILABLE
from newsletter.fetching.pages import read_page
from newsletter.fetching.rules import is_on
from newsletter.fetching.troubles import Trouble
from tests.website import PRIVATE, Names, Website, page

PAGE = """<!doctype html><html lang="en-gb"><head><title>New guidance</title>
<meta name="description" content="What changed."></head><body>"""


def test_a_page_says_what_it_is() -> None:
    with Website(page(PAGE)) as site:
        facts = read_page(site.url("/new"), rules=site.rules())
    assert (facts.title, facts.description) == ("New guidance", "What changed.")
    assert (facts.language, facts.url) == ("en-GB", site.url("/new"))


def test_what_is_said_stands_at_the_beginning_of_even_the_largest_page() -> None:
    with Website(page(PAGE + "a" * 3_000_000)) as site:
        assert read_page(site.url(), rules=site.rules()).title == "New guidance"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oops", "204 Nothing"])
def test_an_error_page_is_not_the_page(status: str) -> None:
    with (
        Website(page("<title>Sorry</title>", status=status)) as site,
        pytest.raises(FetchFailed, match=UNAVAILABLE),
    ):
        read_page(site.url(), rules=site.rules())


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "text/plain", ""])
def test_a_file_has_no_title(kind: str) -> None:
    with (
        Website(page("%PDF", Content_Type=kind)) as site,
        pytest.raises(FetchFailed, match="Write one"),
    ):
        read_page(site.url(), rules=site.rules())


def test_whatever_was_found_out_sounds_the_same_and_takes_as_long() -> None:
    seen = []
    with Website(page(), address=PRIVATE) as inside, Website(page()) as gone:
        pass
    patient = replace(gone.rules(ports=frozenset({gone.port, inside.port})), least_seconds=0.5)
    names = Names({"inside.example": (PRIVATE,), "gone.example": ("127.0.0.1",)})
    for url in (
        inside.url(host="inside.example"),
        inside.url(host=PRIVATE),
        inside.url(host="nobody.example"),
        gone.url(host="gone.example"),
    ):
        started = time.monotonic()
        with pytest.raises(FetchFailed) as caught:
            read_page(url, rules=replace(patient, lookup=names))
        took = time.monotonic() - started
        seen.append((str(caught.value), 0.5 <= took < 1))
    assert set(seen) == {(UNAVAILABLE, True)}


def test_an_address_that_nobody_may_ask_for_says_so_at_once() -> None:
    with Website(page()) as site, pytest.raises(FetchFailed, match="must begin with") as caught:
        read_page("file:///etc/passwd", rules=site.rules(least_seconds=60))
    assert caught.value.trouble == Trouble.ADDRESS


def test_an_installation_may_ask_for_nothing(app: Flask) -> None:
    assert not is_on()
    with pytest.raises(FetchFailed, match="does not look at pages elsewhere") as caught:
        read_page("https://www.site.example/")
    assert caught.value.trouble == Trouble.OFF


def test_the_rules_are_those_of_the_installation(app: Flask) -> None:
    with Website(page(PAGE)) as site:
        app.config["FETCH_RULES"] = site.rules()
        assert is_on()
        assert read_page(site.url()).title == "New guidance"
