"""The table of pages has all of them, so that each is measured and looked at."""

from flask import Flask

from tests import pages


def test_every_page_is_in_the_table(app: Flask) -> None:
    tables = (pages.DESK, pages.DESK_OF_NOBODY, pages.READERS, pages.READERS_OWN)
    known = {*pages.FOR_PROGRAMS}.union(*tables)
    assert pages.rules(app, "/") == known, "tests/pages.py has to name every address"
