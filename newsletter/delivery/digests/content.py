"""What a digest says: the items of its issues, each once, under the subjects of the issues."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import current_app

from newsletter.delivery import compiling
from newsletter.delivery.digests.readers import Text
from newsletter.delivery.models import Period
from newsletter.extensions import db
from newsletter.issues import composing, correcting, editions, merge_fields, wording
from newsletter.issues.composition import Composition
from newsletter.issues.content import (
    Block,
    Button,
    Content,
    Heading,
    Image,
    ItemRow,
    Prose,
)
from newsletter.issues.models import Issue
from newsletter.issues.rendering import Masthead
from newsletter.library import catalogue
from newsletter.marking import marked
from newsletter.subscriptions.models import MailingList
from newsletter.translating import Translator, translator


@dataclass(frozen=True)
class Said:
    """What one issue says in the language of a digest; `url` is its page, if it has one.

    `corrected` is our sentence where another issue corrected this one since.
    """

    number: int
    list_name: str
    subject: str
    blocks: Sequence[Block]
    language: str
    url: str
    is_correction: bool = False
    corrected: str = ""

    @property
    def rows(self) -> list[ItemRow]:
        """Its items."""
        return [block for block in self.blocks if isinstance(block, ItemRow)]


SAYING = (Prose, ItemRow, Button, Image)
"""Blocks that say something by themselves."""

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
        self._issues: dict[int, _Known] = {}

    def compiled(self, text: Text) -> dict[str, Any] | None:
        """Return a text as CompiledEdition keeps it, ready to be sent; None if it says nothing."""
        ours = translator(text.language)
        said = worth_saying([self._said(number, text.language, ours) for number in text.issues])
        if not said:
            return None
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

    def _said(self, number: int, language: str, ours: Translator) -> Said:
        if number not in self._issues:
            self._issues[number] = _known(number)
        known = self._issues[number]
        issue, whole = known.issue, known.whole
        content = editions.in_language(whole, editions.nearest(whole.languages, language))
        has_page = issue.mailing_list.is_public
        return Said(
            number=number,
            list_name=issue.mailing_list.name,
            subject=merge_fields.neutral(content.subject),
            blocks=[block for block in _all(content) if not _is_any(block, known.withdrawn)],
            language=content.language,
            url=f"{current_app.config['PUBLIC_URL']}/archive/{number}" if has_page else "",
            is_correction=issue.corrects_id is not None,
            corrected=_corrected(known.corrected_on, ours),
        )


@dataclass(frozen=True)
class _Known:
    """An issue, the items of it that were withdrawn since, and the day of its last correction."""

    issue: Issue
    whole: Composition
    withdrawn: Collection[str]
    corrected_on: date | None


def _known(number: int) -> _Known:
    issue = db.session.get_one(Issue, number)
    whole = composing.approved(issue)
    begun = [one.begun_at for one in correcting.of(issue) if one.begun_at is not None]
    return _Known(
        issue,
        whole,
        catalogue.withdrawn_among(list(whole.slugs)),
        begun[0].date() if begun else None,
    )


def _all(content: Content) -> list[Block]:
    """Return all that an edition says below its subject."""
    opening = Prose("introduction", content.introduction, content.language)
    return [opening, *content.blocks] if content.introduction.strip() else list(content.blocks)


def _is_any(block: Block, slugs: Collection[str]) -> bool:
    return isinstance(block, ItemRow) and block.slug in slugs


def _corrected(day: date | None, ours: Translator) -> str:
    if day is None:
        return ""
    return ours.gettext("This issue was corrected on %(day)s.", day=ours.day(day))


def worth_saying(said: Sequence[Said]) -> list[Said]:
    """Return what of these issues, the oldest first, is in a digest; each item at its newest place.

    Of an issue that is its items. One without any, and a correction, says all its words. One
    that has nothing left to say, because its items come below or were withdrawn, is left out.
    """
    found = []
    for one in _once(said):
        blocks = one.blocks if one.is_correction or not one.rows else one.rows
        if any(isinstance(block, SAYING) for block in blocks):
            found.append(replace(one, blocks=blocks))
    return found


def compose(said: Sequence[Said], *, digest: str, lists: str, ours: Translator) -> Content:
    """Return a digest of what is worth saying.

    Our words are English for who reads a language that we have no words in.
    """
    blocks = tuple(_blocks(said, ours))
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
    seen = _Seen()
    found: list[Said] = []
    for one in reversed(said):
        fresh = [
            block for block in one.blocks if not isinstance(block, ItemRow) or seen.is_new(block)
        ]
        found.append(replace(one, blocks=fresh))
    return found[::-1]


class _Seen:
    """The items that stand in a digest already, and the pages that they lead to."""

    def __init__(self) -> None:
        self._slugs: set[str] = set()
        self._pages_of_items: set[str] = set()
        self._elsewhere: set[str] = set()

    def is_new(self, row: ItemRow) -> bool:
        """Note an item, and tell whether it was not there yet.

        Two items of the library may lead to one page; a page that was typed in is what leads there.
        """
        has_page = row.slug or row.url
        address = wording.item_url(row, current_app.config["PUBLIC_URL"])
        page = wording.same_page(address) if has_page else row.title
        if row.slug:
            is_known = row.slug in self._slugs or page in self._elsewhere
            self._slugs.add(row.slug)
            self._pages_of_items.add(page)
        else:
            is_known = page in self._elsewhere or page in self._pages_of_items
            self._elsewhere.add(page)
        return not is_known


def _blocks(said: Sequence[Said], ours: Translator) -> Iterator[Block]:
    for one in said:
        key = f"issue-{one.number}"
        yield Heading(key, one.subject, one.language, url=one.url)
        if one.corrected:
            yield Prose(f"{key}-corrected", one.corrected, ours.language)
        for block in one.blocks:
            if isinstance(block, Heading):
                block = replace(block, level=3)
            yield replace(block, key=f"{key}-{block.key}")
