"""Images on PostgreSQL: its own rules say the same."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.media import images
from tests.factories import make_image
from tests.issues import test_pictures
from tests.media import test_images


@pytest.mark.parametrize(
    "tell",
    [
        test_images.test_an_upload_becomes_an_image_with_its_facts,
        test_images.test_the_same_pixels_twice_are_one_image_with_its_first_words,
        test_images.test_words_change_and_are_checked_again,
        test_images.test_an_image_that_was_deleted_may_be_added_again,
        test_images.test_an_image_that_an_issue_ever_had_stays,
        test_pictures.test_noting_again_changes_nothing_and_what_is_gone_is_left_out,
    ],
)
def test_it_is_as_on_sqlite(app: Flask, tell: Callable[[Flask], None]) -> None:
    tell(app)


def test_an_image_without_words_is_refused_by_the_database_itself(app: Flask) -> None:
    image = make_image()
    image.alt = ""
    with pytest.raises(sa.exc.IntegrityError, match="says_what_it_shows"):
        db.session.flush()
    db.session.rollback()
    assert images.newest_images().total == 0
