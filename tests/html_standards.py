"""What the HTML part of every message must satisfy, read off its final bytes (STANDARDS section 2).

H01 to H05, H07, H12 to H15, H17, H19 to H22 and H25 are here; tests/browser/test_messages.py looks
at H06, H08 to H11 and H13 in a browser, tests/services/test_spam_score.py asks about H23, and
tests/browser/test_accessible_*.py has H24. H16 is what tests/media is about, H18 what
tests/issues/test_rendering.py and tests/mail/test_texts.py say of the last words.
"""

import html
import re
from collections import Counter
from itertools import pairwise
from urllib.parse import quote, unquote, urlsplit

import html5lib
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.message_standards import html_of, parse, text_of

LARGEST = 100_000
"""Bytes of the HTML part: Gmail cuts off what is longer."""

LARGEST_STYLE = 8_192
SMALLEST_TYPE = 14
SHORTEST_PREHEADER, LONGEST_PREHEADER = 30, 130

LEAST_ALIKE = 0.6
"""The part of the words that both parts have: the HTML says more about its button."""

NEVER = "script, form, iframe, object, embed, video, audio, link, base, svg, template, [ping]"
GENERIC = ("serif", "sans-serif", "monospace")
NOT_IN_WORD = re.compile(
    r"display:\s*(?:flex|grid)|background-image|float:|position:", re.IGNORECASE
)
EMPTY_WORDS = {"click here", "here", "read more", "more", "link"}
OPEN_PLACE = re.compile(r"\{\{|\}\}|%%|\*\||\|\*|\[\[")

_CONDITIONAL = re.compile(r"<!--\[if ([^\]]*)\]>(.*?)<!\[endif\]-->", re.DOTALL)
_FOR_OTHERS = re.compile(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)


def check_html(raw: bytes, *, own_domain: str, is_issue: bool, name: str = "") -> None:
    """Assert of a message, as the relay gets it, what can be computed from its HTML part.

    Lines of the text part may be long where the reader's `name` is in them.
    """
    source = html_of(raw)
    assert len(source.encode()) <= LARGEST
    check_source(source)
    dom = LexborHTMLParser(source)
    _check_frame(dom, subject=str(parse(raw)["Subject"]))
    _check_preheader(dom, subject=str(parse(raw)["Subject"]))
    _check_tables(dom)
    _check_images(dom)
    _check_links(dom, own_domain)
    _check_styles(dom)
    _check_text_part(dom, text_of(raw), name)
    if is_issue:
        _check_rewriting(source, own_domain)


def check_source(source: str) -> None:
    """Assert that it is valid HTML, for Word's engine, too (H12, H15, H21, H25)."""
    assert source.lower().startswith("<!doctype html>")
    assert_valid(source)
    assert_valid(for_word(source))
    dom = LexborHTMLParser(source)
    ids = Counter(node.attributes["id"] for node in dom.css("[id]"))
    assert [name for name, count in ids.items() if count > 1] == []
    assert not dom.css(NEVER)
    for node in dom.css("*"):
        assert not any(name.startswith("on") for name in node.attributes)
        assert not {"amp4email", "⚡4email", "itemscope"} & set(node.attributes)
    for meta in dom.css("meta"):
        assert (meta.attributes.get("http-equiv") or "").lower() != "refresh"


def assert_valid(source: str) -> None:
    """Assert that a parser of the standard has nothing to mend."""
    parser = html5lib.HTMLParser()
    parser.parse(source)
    assert parser.errors == []


def for_word(source: str) -> str:
    """Return what Outlook on Windows reads: its conditional comments are there, others' are not."""
    source = _FOR_OTHERS.sub("", source)
    # One of them inside another would end with the first one's end.
    assert not any("<!--" in inner for _, inner in _CONDITIONAL.findall(source))
    opened = _CONDITIONAL.sub(lambda found: found[2] if "mso" in found[1] else "", source)
    assert "<!--[if" not in opened and "<![endif]" not in opened
    # Word knows XML in the head; a parser of HTML does not.
    return re.sub(r"<noscript>\s*<xml>.*?</xml>\s*</noscript>", "", opened, flags=re.DOTALL)


def _check_frame(dom: LexborHTMLParser, *, subject: str) -> None:
    """H01, H02."""
    root, outer = _one(dom, "html"), _one(dom, "body > [lang]")
    assert (root.attributes["lang"], root.attributes["dir"]) == (
        outer.attributes["lang"],
        outer.attributes["dir"],
    )
    assert _one(dom, "title").text() == subject
    levels = [int((node.tag or "")[1]) for node in dom.css("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def _check_preheader(dom: LexborHTMLParser, *, subject: str) -> None:
    """H03."""
    hidden = _one(dom, "[style*='display:none']")
    body = _one(dom, "body")
    assert body.text().lstrip().startswith(hidden.text().lstrip())
    shown = re.sub("[\u034f\u200c\u2007\u00a0]", "", hidden.text()).strip()
    assert SHORTEST_PREHEADER <= len(shown) <= LONGEST_PREHEADER, shown
    assert shown != subject
    style = hidden.attributes["style"] or ""
    for way in ("mso-hide:all", "max-height:0", "overflow:hidden", "font-size:1px"):
        assert way in style


def _check_tables(dom: LexborHTMLParser) -> None:
    """H04."""
    for table in dom.css("table"):
        if table.css("th"):
            assert all(node.attributes.get("scope") for node in table.css("th"))
            continue
        assert table.attributes.get("role") == "presentation"
        for name in ("border", "cellpadding", "cellspacing"):
            assert table.attributes.get(name) == "0"


def _check_images(dom: LexborHTMLParser) -> None:
    """H05."""
    for image in dom.css("img"):
        about = image.attributes
        assert "alt" in about
        assert (about["alt"] or "") not in (about["src"] or "")[-60:] or not about["alt"]
        assert int(about["width"] or 0) <= 600 and int(about["height"] or 0) > 0
        assert (about["src"] or "").startswith("https://")
        assert "display:block" in (about["style"] or "")
    for linked in dom.css("a img"):
        assert linked.attributes["alt"]


def _check_links(dom: LexborHTMLParser, own_domain: str) -> None:
    """H07, H19."""
    body = _one(dom, "body")
    assert not OPEN_PLACE.search(body.text())
    for link in dom.css("a"):
        parts = urlsplit(link.attributes["href"] or "")
        assert parts.scheme in ("https", "mailto", "tel"), parts
        assert not OPEN_PLACE.search(parts.geturl())
        assert (parts.hostname or "").rpartition(".")[2] not in ("localhost", "local", "internal")
        words = link.text().strip()
        assert words or link.css("img[alt]")
        assert words.lower() not in EMPTY_WORDS
        if shown := re.match(r"https?://([^/\s]+)", words):
            # Who reads one address and gets to another is being phished.
            assert shown[1] == parts.netloc
        style = link.attributes["style"] or ""
        assert "text-decoration:underline" in style or "background:" in style
    assert any(
        urlsplit(link.attributes["href"] or "").netloc == own_domain for link in dom.css("a")
    )


def _check_styles(dom: LexborHTMLParser) -> None:
    """H12, H13, H14."""
    for style in dom.css("style"):
        assert len(style.text().encode()) <= LARGEST_STYLE
        assert "@import" not in style.text() and "@font-face" not in style.text()
    for node in dom.css("body [style]"):
        style = node.attributes["style"] or ""
        assert not NOT_IN_WORD.search(style), style
        assert "url(" not in style
        for family in re.findall(r"font-family:([^;]+)", style):
            assert family.rpartition(",")[2].strip() in GENERIC
        for size in re.findall(r"font-size:(\d+)px", style):
            # What has no words is made small so that it takes no room.
            assert int(size) >= SMALLEST_TYPE or int(size) <= 1
    # Word does not know max-width: there a table says how wide it is.
    word = LexborHTMLParser(for_word(dom.html or ""))
    for limited in word.css("div[style*='max-width:600px']"):
        around = limited.parent
        while around is not None and around.tag != "table":
            around = around.parent
        assert around is not None and around.attributes["width"] == "600"


def _check_text_part(dom: LexborHTMLParser, text: str, name: str) -> None:
    """H17: the plain text has the same addresses and the same words."""
    for link in dom.css("a"):
        assert (link.attributes["href"] or "").removeprefix("mailto:") in text
    for line in text.split("\n"):
        assert len(line.rstrip("\r")) <= 78 or "://" in line or (name and name in line), line
    hidden = _one(dom, "[style*='display:none']").text()
    body = _words(_one(dom, "body").text(separator=" ").replace(hidden, ""))
    assert len(body & _words(text)) >= LEAST_ALIKE * len(body), body - _words(text)


def _check_rewriting(source: str, own_domain: str) -> None:
    """H22: whatever a mailbox does to the addresses in a message, one can still leave."""
    [leave, *_] = re.findall(r'href="([^"]*/unsubscribe/[^"]*)"', source)
    assert leave.startswith(f"https://{own_domain}/unsubscribe/")
    # Nothing in it means anything to HTML, to a URL or to who encodes either once more.
    assert re.fullmatch(r"https://[A-Za-z0-9.~_/-]+", leave)
    wrapped = html.escape(f"https://safe.example/?url={quote(quote(leave, safe=''), safe='')}&v=1")
    inner = html.unescape(wrapped).partition("url=")[2].partition("&")[0]
    assert unquote(unquote(inner)) == leave
    as_in_gmail = re.sub(r"<style.*?</style>", "", source, flags=re.DOTALL)
    as_in_gmail = re.sub(r'class="([^"]*)"', r'class="m_1\1"', as_in_gmail)
    assert_valid(as_in_gmail)
    assert as_in_gmail.count(leave) == source.count(leave) >= 2


def _one(dom: LexborHTMLParser, selector: str) -> LexborNode:
    found = dom.css_first(selector)
    assert found is not None, selector
    return found


def _words(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"\w{3,}", text)}
