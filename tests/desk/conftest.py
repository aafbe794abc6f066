"""What most tests of the desk begin with; a module that needs another one has its own."""

import pytest
from flask import Flask

from newsletter.issues import composing
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Somebody who writes and sends, signed in."""
    return signed_in(app, make_editor())


@pytest.fixture
def issue(app: Flask) -> Issue:
    """A draft that greets its reader by name, with one item."""
    make_item()
    return composing.create_issue(
        make_list(),
        subject="Hello {{ name | friend }}",
        introduction="Dear {{ name | friend }}",
        items=["guidance-on-mms"],
        by=None,
        now=NOW,
    )
