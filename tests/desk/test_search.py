"""One field for everything: what each editor finds, and what never gets into an address."""

import pytest
from flask import Flask

from newsletter import accounts, audit
from newsletter.accounts import RoleName
from newsletter.audit import Deed
from newsletter.issues import composing
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_image, make_item, make_list, make_subscription


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list(name="Country news")


@pytest.fixture
def issue(news: MailingList) -> Issue:
    return composing.create_issue(
        news, subject="Iron for {{ name }}", introduction="All about *zinc*.", by=None, now=NOW
    )


@pytest.fixture
def admin(app: Flask) -> Browser:
    return signed_in(app, make_editor("ann@example.org", role=RoleName.ADMIN, name="Ann"))


def found(browser: Browser, words: str) -> str:
    """Search as somebody does who fills in the field, and return the page that comes of it."""
    answer = browser.post("/desk/search", {"q": words})
    if answer.status_code == 303:
        answer = browser.get(answer.headers["Location"])
    assert answer.status_code == 200
    return " ".join(answer.text.partition("<main")[2].split())


def test_the_field_is_on_every_page(admin: Browser) -> None:
    for page in ("/desk/", "/desk/account/", "/desk/issues/99"):
        assert '<form class="find" method="post" action="/desk/search"' in admin.get(page).text
    assert 'action="/desk/search"' not in admin.client.application.test_client().get(
        "/desk/sign-in"
    ).get_data(as_text=True)


def test_everything_is_found_by_its_words_in_the_order_of_the_places(
    admin: Browser, issue: Issue
) -> None:
    make_item("zinc-guide", title="Zinc in pregnancy")
    make_image("Tablets of zinc", alt="A hand")
    make_list("zinc", name="Zinc friends")
    make_editor("zinc@example.org", name="Zinc Zimmer")
    audit.record(Deed.ITEM_ADDED, by=None, now=NOW, key="zinc-guide")
    page = found(admin, "ZIN")
    places = ["Issues", "Library", "Images", "Lists", "Editors", "Who did what"]
    positions = [page.index(f">{place}</a></h2>") for place in places]
    assert positions == sorted(positions)
    for path in (
        f"/desk/issues/{issue.id}",
        "/desk/library/item/zinc-guide",
        "/desk/images/1",
        "/desk/lists/zinc",
        "/desk/editors/",
        "/desk/log/?before=",
    ):
        assert f'href="{path}' in page
    assert "Nothing in" not in page


def test_what_is_not_found_is_said(admin: Browser, issue: Issue) -> None:
    page = found(admin, "zinc")
    assert f"Issue {issue.id}: Iron for" in page
    assert '<span class="state draft">Draft</span> · Country news' in page
    assert "Nothing in Library, Images, Lists, Editors, Who did what." in page
    assert "Nothing in Issues, Library" in found(admin, "unheard-of")
    assert "A number leads straight to the issue." in found(admin, " ")


@pytest.mark.parametrize("typed", ["1", "#1", "issue 1", "Issue 1 "])
def test_a_number_leads_straight_to_the_issue(admin: Browser, issue: Issue, typed: str) -> None:
    assert issue.id == 1
    answer = admin.post("/desk/search", {"q": typed})
    assert answer.headers["Location"] == "/desk/issues/1"
    make_item("one", title="Issue 1 of 10")
    page = admin.get("/desk/search?q=1").text
    assert page.index("/desk/issues/1") < page.index("/desk/library/item/one")


@pytest.mark.parametrize("typed", ["99", "99999999999", "#", "٣"])
def test_a_number_of_no_issue_is_a_word(admin: Browser, typed: str) -> None:
    assert admin.post("/desk/search", {"q": typed}).headers["Location"].startswith("/desk/search?q")


@pytest.mark.parametrize("typed", ["ada@example.org", " Ada <ada@example.org>", "ada＠example.org"])
def test_an_address_gets_into_no_address_of_a_page(
    admin: Browser, news: MailingList, typed: str
) -> None:
    make_subscription(news, "ada@example.org")
    answer = admin.post("/desk/search", {"q": typed})
    assert answer.status_code == 200
    page = answer.text.partition("<main")[2]
    assert 'method="post" action="/desk/subscribers/"' in page
    assert "Look up this subscriber" in page
    # Nor does any link of the page carry it on.
    assert "example.org" not in "".join(part.partition('"')[0] for part in page.split('href="')[1:])


def test_looking_up_from_there_shows_the_subscriber(admin: Browser, news: MailingList) -> None:
    make_subscription(news, "ada@example.org")
    assert "Look up this subscriber" in found(admin, "ada@example.org")
    page = admin.post("/desk/subscribers/", {"address": "ada@example.org"}).text
    assert "ada@example.org: confirmed" in page


def test_each_finds_what_they_may_see(app: Flask, issue: Issue) -> None:
    other = make_list("other", name="Zinc list")
    secret = composing.create_issue(other, subject="Zinc secrets", by=None, now=NOW)
    make_editor("z@example.org", name="Zinc Zimmer")
    author = make_editor("author@example.org", role=RoleName.AUTHOR)
    accounts.bind_to_lists(author, [issue.mailing_list_id])
    browser = signed_in(app, author)
    page = found(browser, "zinc")
    assert f"/desk/issues/{issue.id}" in page
    for hidden in ("secrets", "Zinc list", "Zimmer", "Lists", "Editors"):
        assert hidden not in page
    answer = browser.post("/desk/search", {"q": str(secret.id)})
    assert answer.headers["Location"] == f"/desk/search?q={secret.id}"
    assert "Look up this subscriber" not in found(browser, "ada@example.org")


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        '" OR 1=1 --',
        "x" * 10_000,
        "\ud800",
        "<script>alert(1)</script>",
        "%",
        "a\x00b",
        "{{ 7 }}",
    ],
)
def test_whatever_is_typed_gets_a_calm_page(admin: Browser, issue: Issue, typed: str) -> None:
    answer = admin.post("/desk/search", {"q": typed.encode("utf-8", "surrogatepass")})
    assert answer.status_code in (303, 400)
    if answer.status_code == 303:
        page = admin.get(answer.headers["Location"])
        assert page.status_code == 200
        assert "<script>alert" not in page.text
