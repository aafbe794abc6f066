"""An image that comes with a form: on the page of images, or while an issue is written."""

from datetime import datetime, timedelta

from flask import flash, request

from newsletter import clock, limits
from newsletter.audit import Deed
from newsletter.desk.guard import the_editor
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.media import images
from newsletter.media.images import Added
from newsletter.media.models import Image
from newsletter.media.reencoding import LARGEST_UPLOAD

LARGEST_BODY = LARGEST_UPLOAD + 2 * 1024 * 1024
"""Bytes that a view must take which calls `take_upload`: see `largest_body` of `guard.needs`."""

ACCEPTED = "image/jpeg,image/png,image/gif,image/webp"
"""What a file field offers first; what comes is looked at all the same."""

AN_HOUR = timedelta(hours=1)
MOST_IN_AN_HOUR = 120
"""Images that one editor may add within an hour (STANDARDS XE14)."""


def take_upload(*, prefix: str = "") -> Image | None:
    """Add the image that came in the field `image`, if one did, with its words beside it.

    The words are in `alt`, `is_decorative` and `name`; all four names begin with `prefix`, and so
    does the field of an InvalidInput. Call it before anything is changed: it commits, so
    that nobody waits for the database while pixels are counted. The image is flushed.
    """
    file = request.files.get(f"{prefix}image")
    if file is None or not file.filename:
        return None
    now, by_id = clock.now(), the_editor().id
    _count(by_id, now=now)
    db.session.commit()
    try:
        added = images.add_image(
            file.read(),
            name=request.form.get(f"{prefix}name", ""),
            alt=request.form.get(f"{prefix}alt", ""),
            is_decorative=f"{prefix}is_decorative" in request.form,
            by_id=by_id,
            now=now,
            file_name=file.filename,
        )
    except InvalidInput as exc:
        raise InvalidInput(str(exc), field=f"{prefix}{exc.field}") from exc
    _tell(added)
    return added.image


def _count(editor_id: int, *, now: datetime) -> None:
    limits.count(
        "images",
        str(editor_id),
        window=AN_HOUR,
        most=MOST_IN_AN_HOUR,
        now=now,
        sentence=f"You have added {MOST_IN_AN_HOUR} images within an hour, which is all one may. "
        "Go on in the next hour.",
    )


def _tell(added: Added) -> None:
    """Say what else is to be known about an image that was added."""
    if added.was_here:
        flash(f"This image was here before, as “{added.image.name}”. Its words are as they were.")
        return
    note(Deed.IMAGE_ADDED, added.image.id, added.image.name)
    if added.was_stilled:
        flash("The image does not move any more: its animation is too large for a mail.")
