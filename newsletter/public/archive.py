"""The archive: every issue sent to a public list, by year, in each of its languages."""

from flask import Blueprint, Response, render_template, request

from newsletter import links, page_language
from newsletter.issues import archiving, composing, correcting, editions, web_version
from newsletter.issues.models import Issue
from newsletter.issues.web_version import ArchivePage
from newsletter.languages import tongue
from newsletter.library import catalogue
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.public import cards, sharing
from newsletter.public.cards import Card
from newsletter.serving import freshness

LAST_PAGE = 10_000
LONGEST_SLUG = 80

WITHDRAWN = marked("This was withdrawn on %(day)s.")
"""What stands at an item, in the language of the issue."""

blueprint = Blueprint("archive", __name__)


@blueprint.get("/archive/")
def show_archive() -> Response:
    """List the issues, newest first: all, or those of a year, of a list, or both."""
    page = min(max(request.args.get("page", default=1, type=int), 1), LAST_PAGE)
    year = request.args.get("year", default=0, type=int)
    of_list = request.args.get("list", "").strip()[:LONGEST_SLUG]
    entries, has_more = archiving.entries(
        page=page, year=year, list_slug=of_list, language=page_language.spoken()
    )
    lists = archiving.lists()
    shown = render_template(
        "public/archive.html",
        entries=entries,
        page=page,
        has_more=has_more,
        chosen={"year": year, "list": of_list},
        years=archiving.years(list_slug=of_list),
        lists=lists,
        card=cards.of_page(
            gettext("Archive"),
            gettext("Every issue that was sent, the newest first."),
            "/archive/",
            feeds=(cards.feed(gettext("Archive"), "/feed.xml"),)
            + tuple(cards.feed(one.name, f"/archive/lists/{one.slug}.xml") for one in lists),
            # A list that somebody made up is no page to find.
            is_indexed=bool(entries),
            year=year,
            list=of_list,
            page=page if page > 1 else 0,
        ),
    )
    return freshness.public(shown, keep=freshness.PAGE)


@blueprint.get("/archive/<int:number>")
def show_issue(number: int) -> Response:
    """Show one issue, in the language asked for if it has it, with neutral values for everybody."""
    issue = archiving.find_public(number)
    asked, spoken = request.args.get(page_language.FIELD, ""), page_language.spoken()
    whole = composing.approved(issue)
    # A link may name a language that the issue has and our pages have not.
    has_it = tongue(asked) in map(tongue, whole.languages)
    language = editions.nearest(whole.languages, asked if has_it else spoken)
    page = web_version.archive_page_parts(editions.in_language(whole, language))
    earlier, later = archiving.neighbours(issue, language=spoken)
    shown = render_template(
        "public/archived_issue.html",
        issue=issue,
        corrections=[one for one in correcting.of(issue) if one.begun_at is not None],
        page=page,
        languages=whole.languages,
        withdrawn_words=WITHDRAWN,
        withdrawn=catalogue.withdrawn_among([row.slug for row in page.rows if row.slug]),
        earlier=earlier,
        later=later,
        ways=sharing.ways(page.subject, _address(issue, page.language, whole.languages)),
        card=_card(issue, page, whole.languages, asked),
    )
    return freshness.public(shown, keep=freshness.PAGE)


def _card(issue: Issue, page: ArchivePage, known: tuple[str, ...], asked: str) -> Card:
    path = f"/archive/{issue.id}"
    pictures = [
        block.image for block in page.blocks if block.image and not block.image.is_decorative
    ]
    return Card(
        title=page.subject,
        description=_description(page),
        # Without a language of the issue in it, an address shows what the browser asks for.
        address=links.public_url(
            page_language.plain(path, lang=page.language)
            if asked == page.language and len(known) > 1
            else path
        ),
        language=page.language,
        kind="article",
        others=(
            {code: _address(issue, code, known) for code in known}
            | {cards.ANY_LANGUAGE: links.public_url(path)}
            if len(known) > 1
            else {}
        ),
        picture=next(
            (
                cards.Picture(links.public_url(one.path), one.width, one.height, one.alt)
                for one in pictures
            ),
            None,
        ),
        feeds=(cards.feed(gettext("Archive"), "/feed.xml"),),
    )


def _description(page: ArchivePage) -> str:
    """Return what an issue says of itself first: some have neither a preheader nor a text."""
    titles = " · ".join(row.title for row in page.rows)
    return page.preheader or page.introduction.striptags().strip() or titles or page.subject


def _address(issue: Issue, language: str, known: tuple[str, ...]) -> str:
    path = f"/archive/{issue.id}"
    if len(known) > 1:
        path = page_language.plain(path, lang=language)
    return links.public_url(path)
