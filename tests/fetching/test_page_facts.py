"""What a page says about itself, in whichever way, and whatever else stands in it."""

import json
from datetime import date

import pytest

from newsletter.fetching.page_facts import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    PageFacts,
    read,
)
from newsletter.fetching.plain import charset_of
from tests.naughty import NAUGHTY
from tests.timing import within

URL = "https://www.site.example/news/mms?id=7"


def facts(head: str, *, body: str = "", attributes: str = "", url: str = URL) -> PageFacts:
    markup = f"<!doctype html><html {attributes}><head>{head}</head><body>{body}</body></html>"
    return read(markup.encode(), content_type="text/html; charset=utf-8", url=url)


def meta(**values: str) -> str:
    return "".join(
        f'<meta name="{_OWN_NAMES.get(name, name)}" content="{value}">'
        for name, value in values.items()
    )


_OWN_NAMES = {
    "og_title": "og:title",
    "og_description": "og:description",
    "og_site_name": "og:site_name",
    "og_locale": "og:locale",
    "og_url": "og:url",
    "twitter_title": "twitter:title",
    "twitter_description": "twitter:description",
    "article_published_time": "article:published_time",
    "dc_language": "dc.language",
}


def json_ld(thing: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


def test_a_page_says_all_of_it() -> None:
    found = facts(
        """<title>Guidance on MMS | Site</title>
        <link rel="canonical" href="/news/mms">
        <meta property="og:title" content="Guidance on  MMS &amp; more">
        <meta property="og:description" content="What
            changed.">
        <meta property="og:site_name" content="Site">
        <meta property="article:published_time" content="2027-02-28T23:30:00-05:00">""",
        attributes='lang="en-US"',
    )
    assert found == PageFacts(
        url="https://www.site.example/news/mms",
        title="Guidance on MMS & more",
        description="What changed.",
        site="Site",
        language="en-US",
        published_on=date(2027, 2, 28),
    )


def test_a_page_that_says_nothing_is_its_address() -> None:
    assert facts("") == PageFacts(url=URL)
    assert read(b"", content_type="", url=URL) == PageFacts(url=URL)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (meta(og_title="A") + meta(twitter_title="B") + "<title>C</title>", "", "A"),
        (meta(og_title=" ") + meta(twitter_title="B") + "<title>C</title>", "", "B"),
        (json_ld({"@type": "Article", "headline": "L"}) + "<title>C</title>", "", "L"),
        ("<title>C</title>", "<h1>D</h1>", "C"),
        ("<title> </title>", "<h1>D <b>E</b></h1>", "D E"),
        ("", "<svg><title>An icon</title></svg>", ""),
        ("<title>C | Site</title>" + meta(og_site_name="Site"), "", "C"),
        ("<title>C – Site</title>" + meta(og_site_name="Site"), "", "C"),
        ("<title>Site</title>" + meta(og_site_name="Site"), "", "Site"),
        ("<title>C | Other</title>" + meta(og_site_name="Site"), "", "C | Other"),
        ("<title>A &lt;b&gt; C</title>", "", "A <b> C"),
        ("<title>A\u202egnp.exe\u2066 \u200bB\x00\x1b</title>", "", "Agnp.exe B"),
    ],
)
def test_the_best_title_is_taken(head: str, body: str, title: str) -> None:
    assert facts(head, body=body).title == title


@pytest.mark.parametrize(
    ("head", "description"),
    [
        (meta(description="D") + meta(twitter_description="T") + meta(og_description="O"), "O"),
        (meta(description="D") + meta(twitter_description="T"), "T"),
        (meta(description="D") + json_ld({"@type": "Article", "description": "L"}), "D"),
        (json_ld({"@type": "Article", "description": "L"}), "L"),
        ('<META NAME="Description" CONTENT="loud">', "loud"),
        ('<meta name="description">', ""),
    ],
)
def test_the_best_description_is_taken(head: str, description: str) -> None:
    assert facts(head).description == description


@pytest.mark.parametrize(
    ("attributes", "head", "language"),
    [
        ('lang="de"', "", "de"),
        ('lang="PT_br"', "", "pt-BR"),
        ('lang="zh-hans-cn"', "", "zh-Hans-CN"),
        ('lang=""', meta(og_locale="en_GB"), "en-GB"),
        ('lang="english please"', meta(dc_language="fr"), "fr"),
        ("", json_ld({"@type": "Article", "inLanguage": "es"}), "es"),
        ("", json_ld({"@type": "Article", "inLanguage": {"name": "Spanish"}}), ""),
        ("", "", ""),
    ],
)
def test_the_language_is_a_tag_or_nothing(attributes: str, head: str, language: str) -> None:
    assert facts(head, attributes=attributes).language == language


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        (meta(article_published_time="2027-02-03T10:00:00Z"), "", date(2027, 2, 3)),
        (meta(citation_publication_date="2026/11/30"), "", date(2026, 11, 30)),
        ('<meta name="DC.date.issued" content="2026-11-30">', "", date(2026, 11, 30)),
        (json_ld({"@type": "Report", "datePublished": "2026-11-30"}), "", date(2026, 11, 30)),
        ("", '<article><time datetime="2026-11-30T08:00">x</time></article>', date(2026, 11, 30)),
        ("", '<time datetime="2026-11-30">an opening hour</time>', None),
        (meta(date="yesterday") + meta(pubdate="2026-11-30"), "", date(2026, 11, 30)),
        (meta(date="2026-02-30"), "", None),
        (meta(date="0001-01-01"), "", None),
        (meta(date="1700000000"), "", None),
        (meta(date="20261130"), "", None),
        (meta(date="2026-11-301"), "", None),
    ],
)
def test_the_day_is_one_that_there_was(head: str, body: str, day: date | None) -> None:
    assert facts(head, body=body).published_on == day


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="/a">', "https://www.site.example/a"),
        ('<link rel="canonical" href="http://site.example/a#b">', "http://site.example/a"),
        (meta(og_url="https://www.site.example/a"), "https://www.site.example/a"),
        ('<link rel="canonical" href="https://other.example/a">', URL),
        ('<link rel="canonical" href="https://www.site.example/">', URL),
        ('<link rel="canonical" href="javascript:alert(1)">', URL),
        ('<link rel="canonical" href="https://ada:secret@www.site.example/a">', URL),
        ('<link rel="canonical" href="http://[">', URL),
        ('<link rel="canonical" href="">', URL),
        ('<link rel="canonical" href>', URL),
        ('<link rel="alternate" href="/a">', URL),
    ],
)
def test_the_canonical_address_is_taken_if_it_is_of_the_same_site(head: str, url: str) -> None:
    assert facts(head).url == url


def test_the_front_page_may_be_its_own_canonical_address() -> None:
    there = "https://www.site.example/?from=mail"
    head = '<link rel="canonical" href="https://www.site.example/">'
    assert facts(head, url=there).url == "https://www.site.example/"


def test_long_texts_are_cut_between_words() -> None:
    found = facts(f"<title>{'word ' * 500}</title>" + meta(description="字" * 5_000))
    assert len(found.title) <= LONGEST_TITLE
    assert found.title.endswith("word…")
    assert len(found.description) == LONGEST_DESCRIPTION
    assert found.description.endswith("字…")


@pytest.mark.parametrize("text", NAUGHTY)
def test_whatever_a_page_says_is_one_line_that_can_be_shown(text: str) -> None:
    octets = f"<title>{text}</title><h1>x</h1>".encode("utf-8", "replace")
    found = read(octets, content_type="text/html; charset=utf-8", url=URL)
    letters = set(found.title) - {"\u200d", "\u200c"}
    assert all(letter.isprintable() for letter in letters)
    assert len(found.title) <= LONGEST_TITLE


@pytest.mark.parametrize(
    ("octets", "content_type"),
    [
        ("<title>Größe</title>".encode(), "text/html"),
        ("<title>Größe</title>".encode(), "text/html; charset=UTF-8"),
        ("<title>Größe</title>".encode("latin-1"), "text/html"),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("<title>Größe</title>".encode("cp1252"), 'text/html;charset="windows-1252"'),
        (b"<meta charset=latin1>" + "<title>Größe</title>".encode("latin-1"), "text/html"),
        (
            b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
            + "<title>Größe</title>".encode("latin-1"),
            "text/html",
        ),
        ("\ufeff<title>Größe</title>".encode(), "text/html; charset=latin1"),
        ("\ufeff<title>Größe</title>".encode("utf-16-le"), "text/html"),
        ("\ufeff<title>Größe</title>".encode("utf-16-be"), "text/html"),
        ("<title>Größe</title>".encode(), "text/html; charset=nonsense"),
        # Names of Python's that are no encodings of text, or of no page.
        ("<title>Größe</title>".encode(), "text/html; charset=punycode"),
        ("<title>Größe</title>".encode(), "text/html; charset=rot13"),
        ("<title>Größe</title>".encode(), "text/html; charset=unicode_escape"),
        ("<title>Größe</title>".encode(), "text/html; charset=idna"),
        ("<title>Größe</title> ü".encode()[:-1], "text/html"),
    ],
)
def test_a_page_is_read_in_its_own_encoding(octets: bytes, content_type: str) -> None:
    assert read(octets, content_type=content_type, url=URL).title == "Größe"


def test_other_scripts_arrive_as_they_are() -> None:
    octets = "<title>ガイダンス</title>".encode("shift_jis")
    assert read(octets, content_type="text/html; charset=Shift_JIS", url=URL).title == "ガイダンス"
    octets = "<title>راهنمای نمی\u200cشود</title>".encode()
    assert "\u200c" in read(octets, content_type="text/html", url=URL).title


@pytest.mark.parametrize(
    ("thing", "title"),
    [
        (
            {
                "@graph": [
                    {"@type": "BreadcrumbList", "name": "x"},
                    {"@type": "Report", "name": "R"},
                ]
            },
            "R",
        ),
        ([{"@type": "WebPage", "name": "W"}, {"@type": "NewsArticle", "headline": "N"}], "N"),
        ({"@type": ["Thing", "https://schema.org/Article"], "headline": "A"}, "A"),
        ({"@type": "WebPage", "mainEntity": {"@type": "Article", "headline": "M"}}, "M"),
        ({"@type": "Organization", "name": "x"}, ""),
        ({"@type": "Article", "headline": ["a", "b"]}, ""),
        ({"@type": {"a": "b"}, "headline": "x"}, ""),
        ("text", ""),
        (17, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_linked_data_is_read_where_it_is_about_the_page(thing: object, title: str) -> None:
    assert facts(json_ld(thing)).title == title


@pytest.mark.parametrize(
    "script",
    ["", "{", "[" * 100_000, '{"a":' * 30_000, "9" * 10_000, '{"@graph":' * 10_000 + "1"],
    ids=["empty", "open", "lists", "things", "number", "graphs"],
)
def test_linked_data_that_cannot_be_read_says_nothing(script: str) -> None:
    head = f'<title>Still</title><script type="application/ld+json">{script}</script>'
    assert facts(head).title == "Still"


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<h1>",
        "<time>",
        "<html lang=",
        "<meta a='",
        '<meta a="',
        "<meta a=\"'<link b='\"",
        "<title",
        "</title",
        "<",
        "<!-- --",
        "<script>",
        "<meta a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "<a ",
        "<meta charset=",
        "<meta ",
        '<meta name="description" content="',
        "<title>",
        "<!--",
        "&amp;",
        "<b><p>",
        '<link rel="canonical" href="/">',
        '<script type="application/ld+json">[]</script>',
        "<table><tr><td>",
        "e\u0301\u0323",
        "\u200b",
        "<svg><math>",
    ],
)
def test_a_page_that_was_made_to_be_slow_is_not(piece: str) -> None:
    octets = (piece * (1024 * 1024 // len(piece.encode()))).encode()
    within(2, lambda: read(octets, content_type="text/html", url=URL))


def test_a_title_that_was_made_to_be_slow_is_not() -> None:
    def read_all() -> str:
        facts("<title>" + "a\u0301\u0323\u0300" * 100_000 + "</title>")
        facts("<title>" + " " * 500_000 + "x</title>")
        return charset_of("charset" * 100_000)

    assert within(2, read_all) == ""
