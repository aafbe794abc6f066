"""Uploaded images: adding, finding, describing and deleting them."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter import searching
from newsletter.errors import NotFound, Refused
from newsletter.extensions import add_if_free, db
from newsletter.marking import marked
from newsletter.media import reencoding, store, texts
from newsletter.media.formats import ImageFormat
from newsletter.media.models import Image
from newsletter.searching import Index

PAGE_SIZE = 24
"""Images on one page of the desk."""


@dataclass(frozen=True)
class Added:
    """What became of an upload: the image, which may have been here before, with its old words."""

    image: Image
    was_here: bool
    was_stilled: bool


@dataclass(frozen=True)
class Page:
    """One page of images, the newest first; `number` counts from 1, `total` those on all pages."""

    images: Sequence[Image]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; without images there is one."""
        return max(1, math.ceil(self.total / PAGE_SIZE))


def add_image(
    data: bytes,
    *,
    name: str,
    alt: str,
    is_decorative: bool,
    by_id: int | None,
    now: datetime,
    file_name: str = "",
) -> Added:
    """Make an uploaded image anew, store it, and return its row, flushed; raise InvalidInput.

    The pixels take up to a few seconds: begin with no transaction open, so
    that nobody waits for the database meanwhile. The same pixels twice are
    one image, and its first words stay.
    """
    words = texts.check(name, alt, is_decorative=is_decorative, file_name=file_name)
    clean = reencoding.clean(data)
    store.keep(clean)
    image = Image(
        digest=clean.digest,
        format=clean.format,
        width=clean.width,
        height=clean.height,
        octets=len(clean.data),
        name=words.name,
        alt=words.alt,
        is_decorative=words.is_decorative,
        uploaded_by_id=by_id,
        uploaded_at=now,
    )
    if add_if_free(image):
        _index(image)
        return Added(image, was_here=False, was_stilled=clean.was_stilled)
    known = find_stored(clean.digest, clean.format)
    return Added(known, was_here=True, was_stilled=clean.was_stilled)


def find_image(number: int) -> Image:
    """Return the image with this number; raise NotFound if there is none."""
    image = db.session.get(Image, number)
    if image is None:
        raise NotFound(f"There is no image {number}.")
    return image


def find_images(numbers: Collection[int]) -> Mapping[int, Image]:
    """Return the images with these numbers, by number; those that are gone are left out."""
    if not numbers:
        return {}
    found = db.session.scalars(sa.select(Image).where(Image.id.in_(set(numbers))))
    return {image.id: image for image in found}


def find_stored(digest: str, form: ImageFormat) -> Image:
    """Return the image that a public path names; raise NotFound if there is none."""
    wanted = sa.select(Image).where(Image.digest == digest, Image.format == form)
    image = db.session.scalar(wanted)
    if image is None:
        raise NotFound(marked("There is no such image."))
    return image


def newest_images(page: int = 1) -> Page:
    """Return one page of the images; a page beyond the last one is the last one."""
    total = db.session.scalars(sa.select(sa.func.count(Image.id))).one()
    number = min(max(page, 1), Page([], 1, total).pages)
    newest_first = sa.select(Image).order_by(Image.id.desc())
    found = newest_first.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return Page(db.session.scalars(found).all(), number, total)


def change_texts(image: Image, *, name: str, alt: str, is_decorative: bool) -> None:
    """Change the words about an image; issues that have it keep the words they were given."""
    words = texts.check(name or image.name, alt, is_decorative=is_decorative)
    image.name, image.alt, image.is_decorative = words.name, words.alt, words.is_decorative
    db.session.flush()
    _index(image)


def delete_image(image: Image) -> None:
    """Delete an image; raise Refused if an issue has it, or had it in any version.

    From the commit on nobody gets it; its file goes with the next sweep.
    """
    try:
        with db.session.begin_nested():
            searching.drop(Index.IMAGES, image.id)
            db.session.delete(image)
    except sa.exc.IntegrityError as exc:
        raise Refused(
            "An issue has this image, or had it in an earlier version. It stays, "
            "because people’s mail shows it."
        ) from exc


def find_by_words(search: str, *, most: int) -> Sequence[Image]:
    """Return the images whose name and alt text have all words of a search, the best first."""
    found = searching.best(Index.IMAGES, search)
    question = sa.select(Image).join(found, found.c.id == Image.id).limit(most)
    return db.session.scalars(question.order_by(found.c.place, found.c.id.desc())).all()


def sweep(*, now: datetime) -> int:
    """Delete the files that belong to no image, and return how many there were."""
    known = set(db.session.scalars(sa.select(Image.digest)))
    # Nobody waits for the database while files are deleted.
    db.session.rollback()
    return store.remove_unknown(known, now=now)


def _index(image: Image) -> None:
    searching.put(Index.IMAGES, image.id, title=image.name, text=image.alt)
