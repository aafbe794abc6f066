"""PostgreSQL finds what SQLite finds, and takes any text."""

from flask import Flask

from newsletter import audit, searching
from newsletter.accounts import RoleName
from newsletter.audit import Deed
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.searching import Index
from tests.conftest import NOW
from tests.desk.browser import signed_in
from tests.factories import make_editor, make_image, make_item, make_list
from tests.naughty import NAUGHTY
from tests.searching.test_index import SEARCHES, best, fill, found, make_items


def test_the_same_is_found(app: Flask) -> None:
    fill()
    assert [(search, found(search)) for search, _ in SEARCHES] == SEARCHES


def test_what_is_best_is_the_same(app: Flask) -> None:
    make_items()
    assert best("delivery", most=10) == [2, 5, 4, 1]
    assert best("delivery tablets", most=2) == [5, 4]


def test_nothing_that_is_typed_is_a_mistake(app: Flask) -> None:
    for text in [*NAUGHTY, '" "" x', "\ud800", "x\0y"]:
        found(text)
        found(f'"{text}"')
        searching.put(Index.ITEMS, 1, title=text, text=text)


def test_the_largest_text_is_taken(app: Flask) -> None:
    # Each word is another one, as long as a word may be, in letters of four octets.
    alphabet = [chr(0x1D7F) + chr(code) for code in range(0x10400, 0x10428)]
    many = " ".join(
        "".join(alphabet[number // 40**place % 40] for place in range(3)) + "\U00010428" * 37
        for number in range(16_000)
    )
    searching.put(Index.ITEMS, 1, title="Large", text=many)
    db.session.commit()
    assert found("large") == [1]


def test_the_pages_of_the_desk_find_it_too(app: Flask) -> None:
    admin = signed_in(app, make_editor("ann@example.org", role=RoleName.ADMIN, name="Ann"))
    composing.create_issue(make_list(), subject="Zinc", by=None, now=NOW)
    make_item("zinc-guide", title="Zinc in pregnancy")
    make_image("Tablets of zinc", alt="A hand")
    audit.record(Deed.ITEM_ADDED, by=None, now=NOW, key="zinc-guide")
    page = admin.get("/desk/search?q=zin").text
    for path in ("issues/1", "library/item/zinc-guide", "images/1", "log/?before="):
        assert f'href="/desk/{path}' in page
    assert "signed in by link" in admin.get("/desk/log/?kind=editor&since=2020-01-01").text
    answer = admin.post("/desk/log/log.csv")
    assert "added the item “zinc-guide”." in answer.text
