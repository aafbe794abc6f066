"""What readers think of an item, on the item's page: read, dealt with, deleted, taken along."""

from datetime import timedelta

from flask import Response, flash, redirect
from werkzeug.wrappers import Response as AnyResponse

from newsletter import clock, limits
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.comments import reading
from newsletter.comments.models import Comment
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.noting import note
from newsletter.extensions import db
from newsletter.library import catalogue

MOST_EXPORTS = 20
"""Files that one editor may take an hour."""


@blueprint.post("/library/item/<slug>/comments/<int:number>/done")
@needs(Action.REVIEW_MEMBERS)
def deal_with_comment(slug: str, number: int) -> AnyResponse:
    """Note that a comment was dealt with; who presses second is told who was first."""
    comment = _the_comment(slug, number)
    if reading.deal_with(comment, by=the_editor(), now=clock.now()):
        note(Deed.COMMENT_DEALT_WITH, number)
        words = "The comment is marked as dealt with."
    else:
        words = f"{comment.dealt_with_by} dealt with this comment already."
    return _back(slug, words)


@blueprint.post("/library/item/<slug>/comments/<int:number>/delete")
@needs(Action.REVIEW_MEMBERS)
def delete_comment(slug: str, number: int) -> AnyResponse:
    """Delete a comment for good."""
    reading.delete(_the_comment(slug, number))
    note(Deed.COMMENT_DELETED, number)
    return _back(slug, "The comment is deleted.")


@blueprint.post("/library/item/<slug>/comments.csv")
@needs(Action.REVIEW_MEMBERS)
def export_comments(slug: str) -> Response:
    """Give all comments on an item as a file for a spreadsheet."""
    limits.count(
        "export of comments",
        str(the_editor().id),
        window=timedelta(hours=1),
        most=MOST_EXPORTS,
        now=clock.now(),
        sentence=f"You took {MOST_EXPORTS} such files within the hour. Wait for the next hour.",
    )
    item = catalogue.find_item(slug)
    note(Deed.COMMENTS_EXPORTED, detail=item.slug)
    # By the mark spreadsheets know that it is UTF-8.
    text = "\ufeff" + reading.written(item)
    name = f"{item.slug}-comments.csv"
    db.session.commit()
    return Response(
        text,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _the_comment(slug: str, number: int) -> Comment:
    return reading.get(catalogue.find_item(slug), number)


def _back(slug: str, words: str) -> AnyResponse:
    db.session.commit()
    flash(words)
    return redirect(f"/desk/library/item/{slug}#comments", code=303)
