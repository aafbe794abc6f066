"""Images and their words: added, found, changed, deleted."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from newsletter.issues import composing, pictures
from newsletter.media import images, store
from newsletter.media.formats import ImageFormat
from newsletter.media.images import Added
from tests.conftest import NOW
from tests.factories import make_editor, make_image, make_list
from tests.media import samples

SOON = NOW + timedelta(hours=1)


def add(data: bytes, *, alt: str = "A nurse", name: str = "Clinic") -> Added:
    return images.add_image(data, name=name, alt=alt, is_decorative=False, by_id=None, now=NOW)


def test_an_upload_becomes_an_image_with_its_facts(app: Flask) -> None:
    editor = make_editor()
    added = images.add_image(
        samples.jpeg(),
        name="",
        alt="A nurse",
        is_decorative=False,
        by_id=editor.id,
        now=NOW,
        file_name="clinic.jpg",
    )
    image = added.image
    assert (image.name, image.alt, image.is_decorative) == ("clinic", "A nurse", False)
    assert (image.width, image.height, image.format) == (300, 200, ImageFormat.JPEG)
    assert (image.uploaded_by_id, image.uploaded_at) == (editor.id, NOW)
    assert image.octets == store.path_of(image.digest, image.format).stat().st_size
    assert image.path == f"/media/{image.digest}.jpg"
    assert not added.was_here


def test_the_same_pixels_twice_are_one_image_with_its_first_words(app: Flask) -> None:
    first = add(samples.png()).image
    again = add(samples.with_chunk(samples.png(), b"tEXt", samples.SECRET), alt="Somebody")
    assert again.was_here
    assert again.image.id == first.id
    assert again.image.alt == "A nurse"


def test_words_are_checked_before_the_pixels_are_looked_at(app: Flask) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(b"no image at all", alt="")
    assert caught.value.field == "alt"


def test_what_is_refused_leaves_no_file(app: Flask) -> None:
    with pytest.raises(InvalidInput):
        add(samples.png_bomb())
    assert images.newest_images().total == 0
    assert images.sweep(now=SOON) == 0


def test_images_are_found_by_number(app: Flask) -> None:
    one, two = make_image("one"), make_image("two")
    assert images.find_image(one.id) is one
    assert images.find_images([one.id, two.id, two.id, 99]) == {one.id: one, two.id: two}
    assert images.find_images([]) == {}
    with pytest.raises(NotFound, match="no image 99"):
        images.find_image(99)


def test_images_are_found_by_their_path(app: Flask) -> None:
    image = make_image()
    assert images.find_stored(image.digest, ImageFormat.PNG) is image
    for digest, form in ((image.digest, ImageFormat.GIF), ("0" * 64, ImageFormat.PNG)):
        with pytest.raises(NotFound):
            images.find_stored(digest, form)


def test_the_newest_come_first_a_page_at_a_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert images.newest_images(5) == images.Page([], 1, 0)
    monkeypatch.setattr(images, "PAGE_SIZE", 2)
    made = [make_image(str(number)) for number in range(5)]
    assert list(images.newest_images().images) == [made[4], made[3]]
    last = images.newest_images(99)
    assert (list(last.images), last.number, last.pages) == ([made[0]], 3, 3)
    assert images.newest_images(-1).number == 1


def test_words_change_and_are_checked_again(app: Flask) -> None:
    image = make_image()
    images.change_texts(image, name="", alt="", is_decorative=True)
    assert (image.name, image.alt, image.is_decorative) == ("A clinic", "", True)
    with pytest.raises(InvalidInput):
        images.change_texts(image, name="Clinic", alt="", is_decorative=False)


def test_an_image_that_is_in_no_issue_is_deleted_and_its_file_follows(app: Flask) -> None:
    image = make_image()
    path = store.path_of(image.digest, image.format)
    images.delete_image(image)
    db.session.commit()
    assert images.newest_images().total == 0
    assert images.sweep(now=SOON + timedelta(days=9000)) == 1
    assert not path.exists()


def test_an_image_that_an_issue_ever_had_stays(app: Flask) -> None:
    image, other = make_image("one"), make_image("two")
    issue = composing.create_issue(make_list(), subject="Hello", by=None, now=NOW)
    pictures.note_images(issue, [image.id])
    # The next version has another one.
    pictures.note_images(issue, [other.id])
    with pytest.raises(Refused, match="It stays"):
        images.delete_image(image)
    db.session.commit()
    assert images.find_image(image.id).name == "one"
    assert images.sweep(now=SOON + timedelta(days=9000)) == 0


def test_an_image_that_was_deleted_may_be_added_again(app: Flask) -> None:
    image = make_image()
    number = image.id
    images.delete_image(image)
    db.session.commit()
    again = make_image()
    assert again.id != number
    assert store.path_of(again.digest, again.format).exists()


def test_images_are_found_by_their_words_until_they_are_deleted(app: Flask) -> None:
    image = make_image("Clinic", alt="A nurse hands out tablets")
    images.change_texts(image, name="Hospital", alt="A nurse", is_decorative=False)
    assert list(images.find_by_words("nurse hosp", most=5)) == [image]
    assert list(images.find_by_words("tablets", most=5)) == []
    images.delete_image(image)
    assert list(images.find_by_words("nurse", most=5)) == []
