"""What anybody typed stays words in every view of the preview (STANDARDS XC04, XC08, XC10)."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from newsletter import addresses
from newsletter.desk.looks import View
from newsletter.issues import composing, editing
from newsletter.issues.composition import BlockKind, Composition, PickedImage, Words
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts
from newsletter.subscriptions import signup
from tests.conftest import NOW
from tests.desk.browser import Browser
from tests.factories import (
    make_subscription,
)

PRODUCT = str(7331 * 1999)
"""What nobody typed, and what only a template that was run would say."""

EVIL = [
    "{{7331*1999}}",
    "{{config}}",
    "{{ ''.__class__ }}",
    "{% for one in [1] %}x{% endfor %}",
    "${7331*1999}",
    "<%= 7331*1999 %>",
    "#{7331*1999}",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "\"><iframe srcdoc='<script>alert(1)</script>'>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<style>@import 'https://evil.example'</style>",
    "</title></style></pre><script>alert(1)</script>",
    "</mj-text><mj-raw><script>alert(1)</script></mj-raw>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_anybody_typed_does_nothing_in_any_view(
    browser: Browser, issue: Issue, evil: str
) -> None:
    harmless = {view: elements_of(page_of(browser, issue, view, "words")) for view in View}
    for view in View:
        page = page_of(browser, issue, view, evil)
        assert elements_of(page) == harmless[view]
        assert PRODUCT not in LexborHTMLParser(page).text()
        assert not acting_in(page)
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?as=reader").text
    assert elements_of(framed) <= MAIL_ELEMENTS
    assert not acting_in(framed)


MAIL_ELEMENTS = frozenset(
    ("html", "head", "title", "meta", "style", "body", "div", "table", "tbody", "tr", "td")
    + ("h1", "h2", "h3", "p", "a", "br", "img", "strong", "em", "ul", "li")
)


def page_of(browser: Browser, issue: Issue, view: View, words: str) -> str:
    """A page of the preview where everything that somebody can type are these words."""
    whole = with_all_blocks(composing.current(issue), words)
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=NOW)
    issue.mailing_list.name = issue.mailing_list.from_name = words
    reader = signup.find_subscriber(addresses.parse("ada@example.org"))
    if reader is None:
        reader = make_subscription(issue.mailing_list).subscriber
        browser.post(f"/desk/issues/{issue.id}/preview/reader", {"address": reader.address})
    reader.name, reader.attributes = words, {"country": words}
    return browser.get(f"/desk/issues/{issue.id}/preview?view={view}&as=reader").text


def elements_of(page: str) -> set[str]:
    found = {node.tag for node in LexborHTMLParser(page).css("*") if node.tag}
    return {tag for tag in found if tag not in ("-text", "-comment")}


def acting_in(page: str) -> list[str]:
    """What would run, load or lead elsewhere by itself."""
    tree = LexborHTMLParser(page)
    names = [name for node in tree.css("*") for name in node.attributes]
    found = [name for name in names if name.startswith("on") or name == "srcdoc"]
    found += [node.text() for node in tree.css("script") if node.text().strip()]
    found += [node.text() for node in tree.css("style") if "evil" in node.text()]
    contents = [node.attributes.get("content") or "" for node in tree.css("meta")]
    return found + [content for content in contents if "evil" in content]


def with_all_blocks(whole: Composition, words: str) -> Composition:
    """Every kind of block, with the same words in each of its places."""
    whole = editing.with_texts(whole, "en", Texts(words, words, words))
    picture = PickedImage(1, "/media/a.png", 600, 400)
    known = {block.kind for block in whole.blocks}
    for kind in BlockKind:
        if kind in known:
            continue
        image = picture if kind is BlockKind.IMAGE else None
        whole = editing.with_block(whole, kind, image=image)
    for block in whole.blocks:
        if block.kind is not BlockKind.DIVIDER:
            said = Words(title=words, text=words)
            whole = editing.with_words(whole, block.key, "en", said)
    return whole
