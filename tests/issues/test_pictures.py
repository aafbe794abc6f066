"""Which issues have which images."""

import pytest
from flask import Flask

from newsletter.errors import Refused
from newsletter.issues import composing, editing, pictures
from newsletter.issues.composition import BlockKind
from newsletter.issues.models import Issue
from newsletter.media import images
from tests.conftest import NOW
from tests.factories import make_image, make_list


def make_issue(slug: str) -> Issue:
    return composing.create_issue(make_list(slug), subject="Hello", by=None, now=NOW)


def test_an_image_knows_its_issues_the_newest_first(app: Flask) -> None:
    image, other = make_image("one"), make_image("two")
    first, second = make_issue("news"), make_issue("guidance")
    pictures.note_images(first, [image.id, other.id])
    pictures.note_images(second, [image.id])
    assert pictures.issues_with(image.id) == [second.id, first.id]
    assert pictures.issues_with(other.id) == [first.id]
    assert pictures.issues_with(99) == []


def test_noting_again_changes_nothing_and_what_is_gone_is_left_out(app: Flask) -> None:
    image = make_image()
    issue = make_issue("news")
    for numbers in ([image.id], [image.id, image.id], [], [99], [image.id, 99]):
        pictures.note_images(issue, numbers)
    assert pictures.issues_with(image.id) == [issue.id]


def test_saving_an_issue_keeps_its_images_also_after_they_left_it(app: Flask) -> None:
    image, issue = make_image(), make_issue("news")
    without = composing.current(issue)
    whole = editing.with_block(without, BlockKind.IMAGE, image=pictures.picked(image))
    for version, saved in enumerate((whole, without), start=1):
        composing.save(issue, saved, based_on_version=version, by=None, now=NOW)
    assert pictures.issues_with(image.id) == [issue.id]
    with pytest.raises(Refused):
        images.delete_image(image)
