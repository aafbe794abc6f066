"""What a digest says: the items of its issues, each once, under the subjects of the issues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import current_app

from newsletter.delivery import compiling
from newsletter.delivery.digests.readers import Text
from newsletter.delivery.models import Period
from newsletter.extensions import db
from newsletter.issues import composing, editions, merge_fields
from newsletter.issues.content import Block, Content, Heading, ItemRow
from newsletter.issues.models import Issue
from newsletter.issues.rendering import Masthead
from newsletter.marking import marked
from newsletter.subscriptions.models import MailingList
from newsletter.translating import Translator, translator


@dataclass(frozen=True)
class Said:
    """What one issue says in the language of a digest; `url` is its page, if it has one."""

    number: int
    list_name: str
    subject: str
    preheader: str
    rows: Sequence[ItemRow]
    language: str
    url: str


NAMES = {
    Period.WEEKLY: marked("Weekly digest of %(day)s"),
    Period.MONTHLY: marked("Monthly digest of %(day)s"),
    Period.SUMMARY: marked("Summary of %(day)s"),
}


def name_of(period: Period, day: date, ours: Translator) -> str:
    """Return what a digest is called: “Weekly digest of 8 March 2027”."""
    return ours.gettext(NAMES[period], day=ours.day(day))


class Composer:
    """Makes texts of digests, each issue read once."""

    def __init__(self) -> None:
        self._issues: dict[int, Issue] = {}

    def compiled(self, text: Text) -> dict[str, Any]:
        """Return a text as CompiledEdition keeps it, ready to be sent."""
        said = [self._said(number, text.language) for number in text.issues]
        ours = translator(text.language)
        mailing_list = db.session.get_one(MailingList, text.run.list_id)
        names = ", ".join(dict.fromkeys(one.list_name for one in said))
        digest = name_of(text.run.period, text.run.day, ours)
        masthead = Masthead(
            list_name=names,
            issue_number=0,
            postal_address=mailing_list.postal_address,
            public_url=current_app.config["PUBLIC_URL"],
            is_archived=False,
            digest=digest,
        )
        content = compose(said, digest=digest, lists=names, ours=ours)
        return compiling.frozen(mailing_list, content, masthead)

    def _said(self, number: int, language: str) -> Said:
        issue = self._issues.get(number) or db.session.get_one(Issue, number)
        self._issues[number] = issue
        whole = composing.approved(issue)
        content = editions.in_language(whole, editions.nearest(whole.languages, language))
        has_page = issue.mailing_list.is_public
        return Said(
            number=number,
            list_name=issue.mailing_list.name,
            subject=merge_fields.neutral(content.subject),
            preheader=merge_fields.neutral(content.preheader),
            rows=content.rows,
            language=content.language,
            url=f"{current_app.config['PUBLIC_URL']}/archive/{number}" if has_page else "",
        )


def compose(said: Sequence[Said], *, digest: str, lists: str, ours: Translator) -> Content:
    """Return a digest of these issues, the oldest first; each item is at its newest place.

    Our words are English for who reads a language that we have no words in.
    """
    blocks = tuple(_blocks(_once(said)))
    items = sum(isinstance(block, ItemRow) for block in blocks)
    name = ours.isolated(lists)
    if items:
        subject = ours.ngettext(
            "%(digest)s: %(number)s new item from %(list)s",
            "%(digest)s: %(number)s new items from %(list)s",
            items,
            digest=digest,
            list=name,
        )
    else:
        subject = ours.gettext("%(digest)s: %(list)s", digest=digest, list=name)
    return Content(
        subject=subject,
        preheader=" · ".join(one.subject for one in said),
        introduction="",
        blocks=blocks,
        language=ours.language,
    )


def _once(said: Sequence[Said]) -> list[Said]:
    """Take out of each issue the items that a newer one has, too."""
    seen: set[str] = set()
    found: list[Said] = []
    for one in reversed(said):
        fresh: list[ItemRow] = []
        for row in one.rows:
            key = row.slug or row.url or row.title
            if key not in seen:
                fresh.append(row)
            seen.add(key)
        found.append(replace(one, rows=fresh))
    return found[::-1]


def _blocks(said: Sequence[Said]) -> Iterator[Block]:
    for one in said:
        note = "" if one.rows else one.preheader
        yield Heading(f"issue-{one.number}", one.subject, one.language, url=one.url, note=note)
        for row in one.rows:
            yield replace(row, key=f"issue-{one.number}-{row.key}")
