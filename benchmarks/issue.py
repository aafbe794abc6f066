"""The issue that is sent: 20 kB in two parts, ten personal values, eight signed links."""

from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.texts import INTRODUCTION, PARAGRAPH, SUBJECT
from newsletter.delivery.models import Send
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.subscriptions.models import MailingList

ITEMS = 3

LAST_WORDS = {"html_part": "</body>", "text_part": ""}
"""Before what of each part the added link stands."""


def write(mailing_list: MailingList, *, now: datetime) -> Issue:
    """Write the issue, approve it and schedule it for right now."""
    issue = composing.create_issue(
        mailing_list,
        subject=SUBJECT,
        preheader="What changed, and what it means where you work.",
        introduction=INTRODUCTION + PARAGRAPH * 4,
        items=[_item(number, now=now) for number in range(1, ITEMS + 1)],
        by=None,
        now=now,
    )
    workflow.approve(issue, by=None, now=now)
    workflow.send_soon(issue, timedelta(0), now=now)
    return issue


def _item(number: int, *, now: datetime) -> str:
    item = catalogue.add_item(
        kind="guidance",
        title=f"Guidance {number}: from pilot to programme",
        summary=f"Chapter {number} tells what worked in four countries, and what it took.",
        url=f"https://example.org/guidance/{number}",
        published_on=date(2026, 1, number),
        topics=[],
        now=now,
    )
    return item.slug


def add_links(send: Send) -> None:
    """Give a planned issue one more link in either part, so that a message has eight.

    Every issue has six: one in the header, two in the text, three in the HTML.
    """
    for edition in send.editions:
        parts = edition.content["edition"]
        more = {part: _with_link(parts[part], words) for part, words in LAST_WORDS.items()}
        edition.content = {**edition.content, "edition": {**parts, **more}}


def _with_link(segments: list[Any], last_words: str) -> list[Any]:
    *rest, last = segments
    before, _, after = last.rpartition(last_words) if last_words else (last, "", "")
    link = {"slot": "preferences_url", "fallback": "", "in_url": False}
    opening, closing = ('<a href="', '">More</a>') if last_words else ("\n", "\n")
    return [*rest, before + opening, link, closing + last_words + after]
