"""The archive: every issue sent to a public list, as pages and as a feed."""

from flask import Blueprint, Response, render_template, request

from newsletter import links
from newsletter.issues import archiving, composing, correcting, web_version

IN_FEED = 20
"""Entries in the feed."""

LAST_PAGE = 10_000

blueprint = Blueprint("archive", __name__)


@blueprint.get("/archive/")
def show_archive() -> str:
    """List the issues, newest first."""
    page = request.args.get("page", default=1, type=int)
    page = min(max(page, 1), LAST_PAGE)
    entries, has_more = archiving.entries(page=page)
    return render_template("public/archive.html", entries=entries, page=page, has_more=has_more)


@blueprint.get("/archive/<int:number>")
def show_issue(number: int) -> str:
    """Show one issue with neutral values in place of merge fields."""
    issue = archiving.find_public(number)
    return render_template(
        "public/archived_issue.html",
        issue=issue,
        corrections=[one for one in correcting.of(issue) if one.begun_at is not None],
        page=web_version.archive_page_parts(composing.approved_content(issue)),
    )


@blueprint.get("/feed.xml")
def feed() -> Response:
    """Return the newest issues as an Atom feed (RFC 4287)."""
    entries = archiving.latest(IN_FEED)
    document = render_template(
        "public/feed.xml",
        entries=entries,
        home=links.public_url("/"),
        archive=links.public_url("/archive/"),
        itself=links.public_url("/feed.xml"),
    )
    return Response(document, mimetype="application/atom+xml")
