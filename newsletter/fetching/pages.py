"""A page that somebody pasted the address of, as what it says about itself."""

import time

from newsletter.errors import FetchFailed
from newsletter.fetching import page_facts
from newsletter.fetching.fetch import Answer, fetch
from newsletter.fetching.names import UNAVAILABLE
from newsletter.fetching.page_facts import PageFacts
from newsletter.fetching.rules import Rules, of_installation
from newsletter.fetching.troubles import Trouble

MOST_BYTES = 1024 * 1024
"""Bytes of a page that are looked at: what it says about itself stands at its beginning."""

_HTML = ("text/html", "application/xhtml+xml")


def read_page(url: str, *, rules: Rules | None = None) -> PageFacts:
    """Return what the page at `url` says about itself; raise FetchFailed with a sentence.

    It waits for the network, for up to ten seconds: end the transaction
    before. Every site that cannot be reached is told in the same words, and no
    sooner than after a second, so that nobody explores our network by it
    (STANDARDS XE04).
    """
    rules = rules or of_installation()
    started = time.monotonic()
    try:
        answer = fetch(url, rules=rules, most_bytes=MOST_BYTES, may_be_cut=True)
    except FetchFailed as exc:
        if exc.trouble != Trouble.ADDRESS:
            time.sleep(max(0, started + rules.least_seconds - time.monotonic()))
        raise
    return _facts(answer)


def _facts(answer: Answer) -> PageFacts:
    kind = answer.content_type.partition(";")[0].strip().lower()
    if answer.status != 200:
        raise FetchFailed(UNAVAILABLE, trouble=Trouble.UNREADABLE)
    if kind not in _HTML:
        raise FetchFailed(
            "This is a file, not a page, so it has no title to take over. Write one.",
            trouble=Trouble.UNREADABLE,
        )
    return page_facts.read(answer.body, content_type=answer.content_type, url=answer.url)
