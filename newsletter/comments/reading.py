"""Comments as the desk has them: read, dealt with, deleted, taken along as CSV."""

import csv
import io
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.accounts import Editor
from newsletter.comments.commenting import KIND
from newsletter.comments.models import Comment
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.library.models import Item
from newsletter.mail import outbox
from newsletter.spreadsheets import safe_cell

PER_PAGE = 20

KEPT = timedelta(days=730)
"""How long a comment is kept, dealt with or not."""

HEADER = ("at", "name", "address", "language", "comment", "dealt_with_at", "dealt_with_by")


def of_item(item: Item, *, number: int) -> tuple[Sequence[Comment], bool]:
    """Return a page of what was said about an item, and whether there is more.

    What nobody has dealt with comes first, then the newest.
    """
    rows = db.session.scalars(
        sa.select(Comment)
        .where(Comment.item_id == item.id)
        .order_by(Comment.dealt_with_at.is_not(None), Comment.id.desc())
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def count_of(item: Item) -> int:
    """Return how many comments an item has."""
    question = sa.select(sa.func.count()).where(Comment.item_id == item.id)
    return db.session.scalars(question).one()


def get(item: Item, number: int) -> Comment:
    """Return a comment on this item; raise NotFound."""
    found = db.session.get(Comment, number)
    if found is None or found.item_id != item.id:
        raise NotFound("This comment is not there any more.")
    return found


def deal_with(comment: Comment, *, by: Editor, now: datetime) -> bool:
    """Note that somebody dealt with it; False if somebody did before, who is kept."""
    db.session.refresh(comment, with_for_update=True)
    if comment.dealt_with_at is not None:
        return False
    comment.dealt_with_at, comment.dealt_with_by = now, by.signature
    db.session.flush()
    return True


def delete(comment: Comment) -> None:
    """Delete a comment, and the mail with it that has not left."""
    outbox.withdraw_about(KIND, "comment", comment.id)
    db.session.delete(comment)
    db.session.flush()


def written(item: Item) -> str:
    """Return everything that was said about an item as CSV, the oldest first.

    Cells that a spreadsheet would run get an apostrophe in front (STANDARDS XC13).
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    question = sa.select(Comment).where(Comment.item_id == item.id).order_by(Comment.id)
    for row in db.session.scalars(question):
        dealt_with_at = row.dealt_with_at.isoformat() if row.dealt_with_at else ""
        typed = [safe_cell(cell) for cell in (row.name, row.address, row.language, row.text)]
        writer.writerow([row.at.isoformat(), *typed, dealt_with_at, safe_cell(row.dealt_with_by)])
    return out.getvalue()


def all_of(canonicals: Collection[str]) -> Sequence[tuple[Comment, str]]:
    """Return what came from these addresses, each with the title of its item."""
    question = sa.select(Comment, Item.title).join(Item, Item.id == Comment.item_id)
    is_theirs = Comment.canonical.in_(canonicals)
    rows = db.session.execute(question.where(is_theirs).order_by(Comment.id))
    return [(comment, title) for comment, title in rows]


def came_from(canonical: str) -> bool:
    """Tell whether a comment came from an address."""
    question = sa.select(sa.exists().where(Comment.canonical == canonical))
    return bool(db.session.scalar(question))


def canonicals() -> set[str]:
    """Return every address that a comment came from."""
    return set(db.session.scalars(sa.select(Comment.canonical).distinct()))


def forget_person(canonicals: Collection[str]) -> bool:
    """Delete what came from these addresses, and the mails with it that have not left."""
    theirs = db.session.scalars(sa.select(Comment).where(Comment.canonical.in_(canonicals))).all()
    for comment in theirs:
        delete(comment)
    return bool(theirs)


def forget_old(*, now: datetime) -> None:
    """Delete what was said two years ago."""
    db.session.execute(
        sa.delete(Comment)
        .where(Comment.at <= now - KEPT)
        .execution_options(synchronize_session="fetch")
    )
