"""What is looked at before an issue goes out, as findings: stops, warnings, notes."""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from newsletter.issues import merge_fields, prose
from newsletter.issues.content import Content

LONG_SUBJECT = 78
"""Characters after which most inboxes cut a subject."""

PREHEADER_LENGTHS = range(40, 131)
"""Characters of a preheader that inboxes show whole and that leave no room for other text (H03)."""

LARGE_HTML = 90_000
"""Bytes of HTML at which a mail comes near being clipped (STANDARDS P08)."""

EMPTY_WORDS = frozenset({"click here", "here", "link", "this link", "read more", "more"})
"""Words of a link that say nothing to who hears them alone (STANDARDS H07)."""

_LEFTOVER = re.compile(
    r"\bTK\b|\b(?i:lorem ipsum)\b|\b(?i:xxx+)\b|%%\w{1,40}%%|\*\|\w{1,40}\|\*|\{%|<%="
)


class Level(enum.StrEnum):
    """How much a finding weighs: it stops the sending, wants a look, or only informs."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing found: a sentence, why it matters, and the place to mend it.

    Places are `subject`, `preheader`, `introduction`, `items`, `items/<slug>`,
    `audience` and `list`.
    """

    level: Level
    code: str
    sentence: str
    why: str
    place: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """What the checks must know besides the text; None means not counted."""

    recipients: int | None = None
    html_bytes: int | None = None
    postal_address: str = ""
    withdrawn: frozenset[str] = frozenset()
    sent_in: Mapping[str, int] = field(default_factory=dict)


def check(content: Content, facts: Facts) -> list[Finding]:
    """Return what is to be said about `content`, the stops first."""
    found = [
        *_check_subject(content),
        *_check_preheader(content),
        *_check_introduction(content),
        *_check_merge_fields(content),
        *_check_items(content, facts),
        *_check_facts(facts),
    ]
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def _check_subject(content: Content) -> Iterator[Finding]:
    if not content.subject.strip():
        yield Finding(
            Level.STOP,
            "empty-subject",
            "The subject is empty.",
            "Readers decide by the subject whether to open a mail.",
            "subject",
        )
    if len(content.subject) > LONG_SUBJECT:
        yield Finding(
            Level.WARN,
            "long-subject",
            f"The subject has {len(content.subject)} characters; "
            f"many inboxes show less than {LONG_SUBJECT}.",
            "What comes later is cut off. Put the most important words first.",
            "subject",
        )
    yield from _check_leftovers(content.subject, "subject")


def _check_preheader(content: Content) -> Iterator[Finding]:
    length = len(content.preheader)
    if not length:
        yield Finding(
            Level.WARN,
            "no-preheader",
            "There is no preheader.",
            "Inboxes then show the first words of the mail after the subject.",
            "preheader",
        )
    elif content.preheader.casefold() == content.subject.casefold():
        yield Finding(
            Level.WARN,
            "same-preheader",
            "The preheader repeats the subject.",
            "The line after the subject is room for one more reason to read.",
            "preheader",
        )
    elif length not in PREHEADER_LENGTHS:
        yield Finding(
            Level.NOTE,
            "preheader-length",
            f"The preheader has {length} characters; from {PREHEADER_LENGTHS.start} "
            f"to {PREHEADER_LENGTHS.stop - 1} fit most inboxes.",
            "A shorter one leaves room empty, a longer one is cut off.",
            "preheader",
        )
    yield from _check_leftovers(content.preheader, "preheader")


def _check_introduction(content: Content) -> Iterator[Finding]:
    if not content.introduction.strip() and not content.blocks:
        yield Finding(
            Level.STOP,
            "nothing-to-say",
            "The issue has neither items nor an introduction.",
            "There is nothing in it to read.",
            "items",
        )
    yield from _check_leftovers(content.introduction, "introduction")
    for link in LexborHTMLParser(prose.neutral_html(content.introduction)).css("a"):
        words = " ".join(link.text().split())
        yield from _check_link(words, link.attributes.get("href") or "")


def _check_link(words: str, address: str) -> Iterator[Finding]:
    if words.casefold().strip(".…:>» ") in EMPTY_WORDS:
        yield Finding(
            Level.WARN,
            "link-words",
            f"A link says only “{words}”.",
            "Who hears the links read out one after another cannot tell where it leads.",
            "introduction",
        )
    parts = _split(address)
    if parts is None or (parts.scheme in ("", "http", "https") and not parts.hostname):
        yield Finding(
            Level.WARN,
            "link-address",
            f"The link “{words[:80]}” has no whole address.",
            "A mail has no page to start from: write the address with https:// and the host.",
            "introduction",
        )
    elif parts.hostname in ("localhost", "127.0.0.1", "::1"):
        yield Finding(
            Level.WARN,
            "link-address",
            f"The link “{words[:80]}” leads to the reader's own machine.",
            f"Nobody else can open {parts.hostname}.",
            "introduction",
        )


def _check_leftovers(text: str, place: str) -> Iterator[Finding]:
    match = _LEFTOVER.search(text)
    if match:
        yield Finding(
            Level.WARN,
            "placeholder",
            f"The {place} still has “{match[0]}” in it.",
            "It looks like a stand-in for words that were to come.",
            place,
        )


def _check_merge_fields(content: Content) -> Iterator[Finding]:
    for place in ("subject", "preheader", "introduction"):
        text = getattr(content, place)
        for snippet in dict.fromkeys(merge_fields.unknown(text)):
            yield Finding(
                Level.STOP,
                "unknown-merge-field",
                f"“{snippet}” in the {place} is not a merge field.",
                "Readers would see it as it stands. Merge fields are {{ name }}, "
                "{{ name | friend }} and {{ attributes.country }}.",
                place,
            )
        for source in dict.fromkeys(
            found.source for found in merge_fields.fields(text) if not found.fallback
        ):
            yield Finding(
                Level.NOTE,
                "no-fallback",
                f"“{source}” in the {place} has no fallback.",
                "Readers of whom this is not known see nothing there. "
                "A fallback is written {{ name | friend }}.",
                place,
            )


def _check_items(content: Content, facts: Facts) -> Iterator[Finding]:
    for row in content.rows:
        place = f"items/{row.slug}"
        if row.slug in facts.withdrawn:
            yield Finding(
                Level.STOP,
                "withdrawn-item",
                f"“{row.title}” was withdrawn from the library.",
                "It is no longer to be read. Take it out, or restore it in the library.",
                place,
            )
        if row.slug in facts.sent_in:
            yield Finding(
                Level.WARN,
                "sent-before",
                f"“{row.title}” was already in issue {facts.sent_in[row.slug]}.",
                "Readers of this list have had it.",
                place,
            )
        if "{{" in row.title or "{{" in row.summary:
            yield Finding(
                Level.WARN,
                "placeholder",
                f"“{row.title}” has “{{{{” in its title or summary.",
                "Merge fields do not work in items: readers see it as it stands.",
                place,
            )


def _check_facts(facts: Facts) -> Iterator[Finding]:
    if facts.recipients == 0:
        yield Finding(
            Level.STOP,
            "no-recipients",
            "Nobody would get this issue.",
            "No confirmed subscriber of this list wants one of the chosen topics.",
            "audience",
        )
    if not facts.postal_address.strip():
        yield Finding(
            Level.STOP,
            "postal-address",
            "The list has no postal address.",
            "The law of many countries wants the sender's address in every issue. "
            "Add it to the list.",
            "list",
        )
    if facts.html_bytes is not None and facts.html_bytes > LARGE_HTML:
        yield Finding(
            Level.WARN,
            "large",
            f"The HTML part has {facts.html_bytes:,} bytes.",
            "Some programs cut off a mail after about 100,000 bytes. Leave something out.",
            "items",
        )


def _split(address: str) -> Any:
    try:
        return urlsplit(address)
    except ValueError:
        return None
