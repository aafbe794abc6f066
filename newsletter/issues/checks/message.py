"""The message as it leaves: what the law, the eye and the ear need is in both parts.

Most of this can go wrong only where a template did (STANDARDS section 2); what would harm readers
stops the sending all the same.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser

from newsletter import languages
from newsletter.issues.checks import hosts, typed
from newsletter.issues.checks.facts import Facts, Message
from newsletter.issues.checks.findings import Finding, Level, shown

LARGEST = 1_000_000
"""Bytes of HTML that are looked through; more is a finding of its own."""

ACTIVE = (
    "script, form, input, button, iframe, object, embed, video, audio, link, base, "
    "meta[http-equiv=refresh]"
)
SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_TOKEN = re.compile(r"t[0-9a-f]{16}n[0-9]+e")
# Blanks, and marks of direction that are put around what is in another script.
_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_REMOTE = re.compile(r"@import|@font-face|url\(", re.I)

Fault = tuple[Level, str, str, str]
"""A level, a code, a sentence and why it matters."""


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each edition as it leaves."""
    known = {link.address for link in typed.links(facts.whole)}
    for message in facts.messages:
        if len(message.html) > LARGEST:
            continue
        dom = LexborHTMLParser(message.html)
        for level, code, sentence, why in _faults(message, dom, facts, known):
            yield Finding(level, code, sentence, why, "blocks", message.language, about=sentence)


def _faults(
    message: Message, dom: LexborHTMLParser, facts: Facts, known: set[str]
) -> Iterator[Fault]:
    yield from _way_out(message, dom)
    yield from _postal_address(message, dom, facts.postal_address)
    yield from _links(message, dom, known)
    for check_one in _PARTS:
        yield from check_one(message, dom)


def _way_out(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look for the way out in both parts."""
    in_html = any("/unsubscribe/" in (link.attributes["href"] or "") for link in dom.css("a[href]"))
    for part, has_it in (("HTML", in_html), ("plain-text", "/unsubscribe/" in message.text)):
        if not has_it:
            why = "Readers must always be able to leave. The template of the issue is broken."
            yield Level.STOP, "no-way-out", f"The {part} part has no link to unsubscribe.", why


def _postal_address(message: Message, dom: LexborHTMLParser, address: str) -> Iterator[Fault]:
    """Look for the postal address in both parts; a list without one is a finding of its own."""
    wanted = _squeezed(address)
    html = dom.body.text() if dom.body else ""
    for part, text in (("HTML", html), ("plain-text", message.text)):
        if wanted and wanted not in _squeezed(text):
            why = "The law of many countries wants it there. The template of the issue is broken."
            sentence = f"The {part} part has no postal address."
            yield Level.STOP, "no-postal-address", sentence, why


def _squeezed(text: str) -> str:
    return _UNSEEN.sub("", text)


def _links(message: Message, dom: LexborHTMLParser, known: set[str]) -> Iterator[Fault]:
    """Look whether our own links are whole, and each link of the HTML is in the text (H17, H19)."""
    text = _squeezed(message.text)
    # A button without an address is a finding of its own.
    found = dict.fromkeys(link.attributes["href"] or "" for link in dom.css("a[href]"))
    for address in filter(None, found):
        parts = hosts.split(address)
        if address not in known and (parts is None or parts.scheme not in SCHEMES):
            sentence = f"A link around the texts leads to {shown(address)}."
            yield Level.WARN, "mail-link", sentence, "In a mail every address is a whole one."
        bare = address.removeprefix("mailto:").removeprefix("tel:")
        if _squeezed(bare) not in text:
            sentence = f"The plain-text part does not have the link {shown(address)}."
            why = "Who reads mail as text, or hears it, has no way there."
            yield Level.WARN, "text-incomplete", sentence, why


def _language(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look whether language and direction are said (H01)."""
    said = dom.root.attributes if dom.root else {}
    wanted = {"lang": message.language, "dir": languages.direction(message.language)}
    if any(said.get(name) != value for name, value in wanted.items()):
        why = "Programs that read aloud would choose the wrong voice."
        yield Level.WARN, "mail-language", "The HTML part does not say its language.", why


def _title(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look whether the title is the subject, and for the one first heading (H02)."""
    title = dom.css_first("title")
    if title is None or _squeezed(title.text()) != _squeezed(message.subject):
        why = "It is the name of the page that “show in the browser” opens."
        yield Level.WARN, "mail-title", "The title of the HTML part is not the subject.", why
    if len(dom.css("h1")) != 1:
        why = "Who goes from heading to heading by ear begins there."
        yield Level.WARN, "mail-headings", "The HTML part has not exactly one first heading.", why


def _levels(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look whether the levels of headings jump (H02)."""
    levels = [int((node.tag or "h1")[1]) for node in dom.css("h1,h2,h3,h4,h5,h6")]
    if any(later - earlier > 1 for earlier, later in pairwise(levels)):
        why = "Who goes from heading to heading by ear takes a jump for something missing."
        yield Level.WARN, "mail-levels", "The headings of the HTML part jump over a level.", why


def _tables(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look whether tables for the layout say so, and others have heads (H04)."""
    for table in dom.css("table"):
        if table.attributes.get("role") == "presentation":
            continue
        heads = table.css("th")
        if not heads or any(not head.attributes.get("scope") for head in heads):
            why = "Read aloud, its cells would be counted instead of named."
            yield Level.WARN, "mail-tables", "A table of the HTML part has no heads.", why
            return


def _images(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look whether images have a size and an alternative text, and come from the web (H05)."""
    why = "Without them, the page jumps while it loads, or stays silent about an image."
    for image in dom.css("img"):
        said = image.attributes
        if not all(said.get(name) for name in ("width", "height")) or "alt" not in said:
            sentence = "An image of the HTML part lacks its size or its alternative text."
            yield Level.WARN, "mail-image", sentence, why
        source = said.get("src") or ""
        scheme = source.partition(":")[0].lower()
        if scheme not in ("http", "https"):
            sentence = f"An image of the HTML part comes from {shown(source)}."
            yield Level.STOP, "image-source", sentence, "Mail programs would not show it."


def _active(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look for what runs, and for what is fetched besides images (H15)."""
    why = "Mailboxes refuse such mail, and they are right. The template of the issue is broken."
    found = {node.tag or "" for node in dom.css(ACTIVE)}
    found |= {
        name
        for node in dom.css("*")
        for name, value in node.attributes.items()
        if name.startswith("on") or _runs(name, value)
    }
    if found:
        yield Level.STOP, "active", f"The HTML part has {', '.join(sorted(found))} in it.", why
    if any(_REMOTE.search(style.text()) for style in dom.css("style")):
        yield Level.STOP, "active", "The HTML part fetches a style or a typeface.", why


def _runs(name: str, value: str | None) -> bool:
    scheme = (value or "").strip().partition(":")[0].lower()
    return name in ("href", "src", "action") and scheme in ("javascript", "data", "vbscript")


def _stand_ins(message: Message, dom: LexborHTMLParser) -> Iterator[Fault]:
    """Look for places that were left open."""
    if any(_TOKEN.search(text) for text in (message.subject, message.html, message.text)):
        why = "A place that should have been filled was not. Change the texts around it."
        yield Level.STOP, "unresolved", "The message has a stand-in of ours left in it.", why


_PARTS: tuple[Callable[[Message, LexborHTMLParser], Iterator[Fault]], ...] = (
    _language,
    _title,
    _levels,
    _tables,
    _images,
    _active,
    _stand_ins,
)
