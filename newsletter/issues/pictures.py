"""Images in issues: what is kept of one, and which issues have it, so that it is not deleted."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.issues.composition import PickedImage
from newsletter.issues.models import Issue, issue_image
from newsletter.media import images
from newsletter.media.models import Image


def picked(image: Image) -> PickedImage:
    """Return what an issue keeps of an image; what it shows is for the block to say."""
    return PickedImage(image.id, image.path, image.width, image.height, image.is_decorative)


def note_images(issue: Issue, numbers: Collection[int]) -> None:
    """Note that a version of the issue has these images; earlier ones are not forgotten.

    An earlier version may be restored, and a mail that was sent shows its images for years.
    """
    wanted = set(numbers)
    question = sa.select(issue_image.c.image_id).where(issue_image.c.issue_id == issue.id)
    # An image that is gone was in a stale form; the form says so by itself.
    new = images.find_images(wanted - set(db.session.scalars(question))) if wanted else {}
    if new:
        rows = [{"issue_id": issue.id, "image_id": number} for number in sorted(new)]
        db.session.execute(sa.insert(issue_image), rows)


def issues_with(image_id: int, *, of_lists: Collection[int] | None = None) -> Sequence[int]:
    """Return the numbers of the issues that have an image or had it, the newest first.

    With `of_lists`, those of other mailing lists are left out.
    """
    question = sa.select(issue_image.c.issue_id).where(issue_image.c.image_id == image_id)
    if of_lists is not None:
        question = question.join(Issue, Issue.id == issue_image.c.issue_id).where(
            Issue.mailing_list_id.in_(of_lists)
        )
    return db.session.scalars(question.order_by(issue_image.c.issue_id.desc())).all()
