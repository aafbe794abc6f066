"""Who gets through which door of the desk: all of them, for everybody."""

import pytest
from flask import Flask

from newsletter.accounts import RoleName, find_editor
from newsletter.extensions import db
from newsletter.issues import composing
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_image, make_item, make_list

OPEN, HERE, WRITE, SEND, LISTS, PEOPLE = "open", "signed in", "write", "send", "lists", "people"

RULES = {
    OPEN: {"nobody", "author", "editor", "admin"},
    HERE: {"author", "editor", "admin"},
    WRITE: {"author", "editor", "admin"},
    SEND: {"editor", "admin"},
    LISTS: {"admin"},
    PEOPLE: {"admin"},
}

DOORS = {
    ("GET", "/desk/sign-in"): OPEN,
    ("POST", "/desk/sign-in"): OPEN,
    ("POST", "/desk/sign-in-link"): OPEN,
    ("GET", "/desk/sign-in/<token>"): OPEN,
    ("POST", "/desk/sign-in/<token>"): OPEN,
    ("GET", "/desk/sign-in-code"): OPEN,
    ("POST", "/desk/sign-in-code"): OPEN,
    ("POST", "/desk/sign-in-recovery"): OPEN,
    ("POST", "/desk/sign-in-passkey/options"): OPEN,
    ("POST", "/desk/sign-in-passkey"): OPEN,
    ("GET", "/desk/sign-in/address/<token>"): OPEN,
    ("POST", "/desk/sign-in/address/<token>"): OPEN,
    ("POST", "/desk/sign-out"): HERE,
    ("GET", "/desk/"): HERE,
    ("GET", "/desk/account/"): HERE,
    ("POST", "/desk/account/"): HERE,
    ("GET", "/desk/account/password"): HERE,
    ("POST", "/desk/account/password"): HERE,
    ("GET", "/desk/account/address"): HERE,
    ("POST", "/desk/account/address"): HERE,
    ("GET", "/desk/account/proof"): HERE,
    ("POST", "/desk/account/proof"): HERE,
    ("GET", "/desk/account/second-factor"): HERE,
    ("POST", "/desk/account/second-factor/offer"): HERE,
    ("POST", "/desk/account/second-factor/confirm"): HERE,
    ("POST", "/desk/account/second-factor/recovery-codes"): HERE,
    ("POST", "/desk/account/second-factor/remove"): HERE,
    ("POST", "/desk/account/proof/options"): HERE,
    ("POST", "/desk/account/proof/passkey"): HERE,
    ("GET", "/desk/account/passkeys"): HERE,
    ("POST", "/desk/account/passkeys/options"): HERE,
    ("POST", "/desk/account/passkeys/new"): HERE,
    ("POST", "/desk/account/passkeys/<int:number>/rename"): HERE,
    ("POST", "/desk/account/passkeys/<int:number>/remove"): HERE,
    ("POST", "/desk/account/sessions/<int:number>/end"): HERE,
    ("POST", "/desk/account/sessions/end-others"): HERE,
    ("GET", "/desk/issues/"): WRITE,
    ("GET", "/desk/issues/new"): WRITE,
    ("POST", "/desk/issues/new"): WRITE,
    ("GET", "/desk/issues/<int:number>"): WRITE,
    ("POST", "/desk/issues/<int:number>"): WRITE,
    ("GET", "/desk/issues/<int:number>/review"): WRITE,
    ("POST", "/desk/issues/<int:number>/autosave"): WRITE,
    ("POST", "/desk/issues/<int:number>/present"): WRITE,
    ("GET", "/desk/issues/<int:number>/basket"): WRITE,
    ("POST", "/desk/issues/<int:number>/basket"): WRITE,
    ("GET", "/desk/issues/<int:number>/link"): WRITE,
    ("POST", "/desk/issues/<int:number>/link"): WRITE,
    ("GET", "/desk/issues/<int:number>/image"): WRITE,
    ("POST", "/desk/issues/<int:number>/image"): WRITE,
    ("GET", "/desk/issues/<int:number>/versions"): WRITE,
    ("GET", "/desk/issues/<int:number>/versions/<int:version>"): WRITE,
    ("POST", "/desk/issues/<int:number>/versions/<int:version>/restore"): WRITE,
    ("POST", "/desk/issues/<int:number>/review"): WRITE,
    ("POST", "/desk/issues/<int:number>/approve"): SEND,
    ("POST", "/desk/issues/<int:number>/send-back"): SEND,
    ("GET", "/desk/issues/<int:number>/checks"): WRITE,
    ("POST", "/desk/issues/<int:number>/waive"): WRITE,
    ("POST", "/desk/issues/<int:number>/unwaive"): WRITE,
    ("GET", "/desk/issues/<int:number>/preview"): WRITE,
    ("GET", "/desk/issues/<int:number>/preview.html"): WRITE,
    ("GET", "/desk/issues/<int:number>/preview.txt"): WRITE,
    ("POST", "/desk/issues/<int:number>/preview"): WRITE,
    ("POST", "/desk/issues/<int:number>/preview/reader"): SEND,
    ("POST", "/desk/issues/<int:number>/preview/nobody"): SEND,
    ("POST", "/desk/issues/<int:number>/test"): WRITE,
    ("POST", "/desk/issues/<int:number>/test/group"): WRITE,
    ("GET", "/desk/issues/<int:number>/report"): WRITE,
    ("GET", "/desk/issues/<int:number>/progress"): WRITE,
    ("GET", "/desk/issues/<int:number>/live"): WRITE,
    ("GET", "/desk/issues/<int:number>/who/<group>"): SEND,
    ("POST", "/desk/issues/<int:number>/recipients.csv"): SEND,
    ("GET", "/desk/issues/<int:number>/providers"): WRITE,
    ("POST", "/desk/issues/<int:number>/resolve"): SEND,
    ("POST", "/desk/issues/<int:number>/trace"): SEND,
    ("GET", "/desk/issues/<int:number>/send"): SEND,
    ("POST", "/desk/issues/<int:number>/send"): SEND,
    ("POST", "/desk/issues/<int:number>/schedule"): SEND,
    ("GET", "/desk/issues/<int:number>/sentence"): SEND,
    ("POST", "/desk/issues/<int:number>/audience"): SEND,
    ("POST", "/desk/issues/<int:number>/reschedule"): SEND,
    ("POST", "/desk/issues/<int:number>/stop"): SEND,
    ("POST", "/desk/issues/<int:number>/pause"): SEND,
    ("POST", "/desk/issues/<int:number>/resume"): SEND,
    ("POST", "/desk/issues/<int:number>/correct"): WRITE,
    ("GET", "/desk/issues/<int:number>/cancel"): SEND,
    ("POST", "/desk/issues/<int:number>/cancel"): SEND,
    ("GET", "/desk/digests/"): WRITE,
    ("GET", "/desk/digests/<digest:number>"): WRITE,
    ("GET", "/desk/digests/<digest:number>/report"): WRITE,
    ("GET", "/desk/digests/<digest:number>/progress"): WRITE,
    ("GET", "/desk/digests/<digest:number>/live"): WRITE,
    ("GET", "/desk/digests/<digest:number>/providers"): WRITE,
    ("GET", "/desk/digests/<digest:number>/cancel"): SEND,
    ("GET", "/desk/digests/<digest:number>/who/<group>"): SEND,
    ("POST", "/desk/digests/<digest:number>/pause"): SEND,
    ("POST", "/desk/digests/<digest:number>/resume"): SEND,
    ("POST", "/desk/digests/<digest:number>/cancel"): SEND,
    ("POST", "/desk/digests/<digest:number>/resolve"): SEND,
    ("POST", "/desk/digests/<digest:number>/trace"): SEND,
    ("POST", "/desk/digests/<digest:number>/recipients.csv"): SEND,
    ("GET", "/desk/library/"): WRITE,
    ("GET", "/desk/library/new"): WRITE,
    ("POST", "/desk/library/new"): WRITE,
    ("GET", "/desk/library/item/<slug>"): WRITE,
    ("POST", "/desk/library/item/<slug>"): WRITE,
    ("POST", "/desk/library/item/<slug>/withdraw"): WRITE,
    ("POST", "/desk/library/item/<slug>/restore"): WRITE,
    ("GET", "/desk/images/"): WRITE,
    ("POST", "/desk/images/"): WRITE,
    ("GET", "/desk/images/<int:number>"): WRITE,
    ("POST", "/desk/images/<int:number>"): WRITE,
    ("POST", "/desk/images/<int:number>/delete"): WRITE,
    ("GET", "/desk/subscribers/"): SEND,
    ("POST", "/desk/subscribers/"): SEND,
    ("POST", "/desk/subscribers/suppress"): SEND,
    ("POST", "/desk/subscribers/erase"): PEOPLE,
    ("POST", "/desk/subscribers/evidence"): SEND,
    ("GET", "/desk/subscribers/<int:number>/evidence"): SEND,
    ("POST", "/desk/subscribers/<int:number>/evidence"): SEND,
    ("POST", "/desk/subscribers/lift"): PEOPLE,
    ("GET", "/desk/search"): HERE,
    ("POST", "/desk/search"): HERE,
    ("GET", "/desk/log/"): WRITE,
    ("POST", "/desk/log/log.csv"): WRITE,
    ("POST", "/desk/library/item/<slug>/comments/<int:number>/done"): SEND,
    ("POST", "/desk/library/item/<slug>/comments/<int:number>/delete"): SEND,
    ("POST", "/desk/library/item/<slug>/comments.csv"): SEND,
    ("GET", "/desk/members/"): SEND,
    ("POST", "/desk/members/members.csv"): SEND,
    ("GET", "/desk/members/<int:number>"): SEND,
    ("POST", "/desk/members/<int:number>/accept"): SEND,
    ("POST", "/desk/members/<int:number>/decline"): SEND,
    ("POST", "/desk/members/<int:number>/end"): SEND,
    ("GET", "/desk/members/words"): LISTS,
    ("POST", "/desk/members/words"): LISTS,
    ("POST", "/desk/members/list"): LISTS,
    ("GET", "/desk/lists/"): LISTS,
    ("GET", "/desk/lists/new"): LISTS,
    ("POST", "/desk/lists/new"): LISTS,
    ("GET", "/desk/lists/<slug>"): LISTS,
    ("POST", "/desk/lists/<slug>"): LISTS,
    ("GET", "/desk/lists/<slug>/answers"): WRITE,
    ("GET", "/desk/lists/<slug>/form"): LISTS,
    ("GET", "/desk/lists/<slug>/form.html"): LISTS,
    ("POST", "/desk/lists/<slug>/form"): LISTS,
    ("POST", "/desk/topics/new"): LISTS,
    ("GET", "/desk/editors/"): PEOPLE,
    ("POST", "/desk/editors/"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/role"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/deactivate"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/activate"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/link"): PEOPLE,
    ("GET", "/desk/editors/<int:number>"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/withdraw"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/sign-out"): PEOPLE,
    ("POST", "/desk/editors/<int:number>/reset"): PEOPLE,
}
"""Every address of the desk and who may use it. A new one must be written down here."""


ENDS_THE_SESSION = {
    "/desk/sign-out",
    "/desk/editors/<int:number>/sign-out",
    "/desk/editors/<int:number>/reset",
}


def desk_routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule == "/desk" or rule.rule.startswith("/desk/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def browser_of(app: Flask, who: str) -> Browser:
    if who == "nobody":
        return Browser(app)
    editor = find_editor(f"{who}@example.org")
    return signed_in(app, editor or make_editor(f"{who}@example.org", role=RoleName(who)))


def fill_in(path: str) -> str:
    return (
        path.replace("<int:number>", "1")
        .replace("<digest:number>", "1")
        .replace("<int:version>", "1")
        .replace("/item/<slug>", "/item/guidance-on-mms")
        .replace("<slug>", "news")
        .replace("<group>", "failed")
        .replace("<token>", "no-such-token")
    )


@pytest.fixture
def furnished(app: Flask) -> Flask:
    """An installation with one of everything, so that nothing is refused for being missing."""
    make_item()
    make_image()
    composing.create_issue(make_list(), subject="Hello", by=None, now=NOW)
    db.session.commit()
    return app


def test_every_address_of_the_desk_is_in_the_table(app: Flask) -> None:
    assert desk_routes(app) == set(DOORS)


def test_nothing_of_flask_security_is_reachable(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for path in ("/login", "/logout", "/register", "/reset", "/change", "/verify", "/tf-setup"):
        assert path not in rules
        assert f"/desk{path}" not in rules
    assert not {"users", "roles"} & set(app.cli.commands)


@pytest.mark.parametrize("who", ["nobody", "author", "editor", "admin"])
def test_every_door_opens_for_whom_it_is_meant_and_nobody_else(furnished: Flask, who: str) -> None:
    browser = browser_of(furnished, who)
    wrong = []
    for (method, path), rule in DOORS.items():
        answer = (browser.get if method == "GET" else browser.post)(fill_in(path))
        to_sign_in = answer.headers.get("Location", "").startswith("/desk/sign-in?next=")
        is_open = answer.status_code < 500 and answer.status_code not in (400, 403, 405)
        if (is_open and not to_sign_in) != (who in RULES[rule]):
            wrong.append((method, path, answer.status_code))
        if path in ENDS_THE_SESSION:
            browser = browser_of(furnished, who)
    assert wrong == []


def test_who_is_not_signed_in_is_asked_to_and_comes_back(app: Flask) -> None:
    answer = Browser(app).get("/desk/issues/7?page=2")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk/sign-in?next=/desk/issues/7%3Fpage%3D2"


@pytest.mark.parametrize("token", [None, "", "forged", "IjEi.aaaa.bbbb"])
def test_a_form_without_the_sessions_token_changes_nothing(app: Flask, token: str | None) -> None:
    editor = make_editor()
    browser = signed_in(app, editor)
    fields = {"name": "Mallory", "zone": "UTC"} | ({} if token is None else {"csrf_token": token})
    answer = browser.open(method="POST", path="/desk/account/", data=fields)
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    # What was typed is shown again, for no browser keeps a page of the desk.
    assert "Mallory</textarea>" in answer.text
    db.session.expire_all()
    assert editor.name == "Edith"


def test_another_persons_token_is_no_token(app: Flask) -> None:
    browser = signed_in(app, make_editor())
    stranger = signed_in(app, make_editor("other@example.org"))
    answer = browser.open(
        method="POST",
        path="/desk/account/",
        data={"name": "Mallory", "csrf_token": stranger.token()},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_even_with_a_token(app: Flask, site: str) -> None:
    browser = signed_in(app, make_editor())
    answer = browser.open(
        method="POST",
        path="/desk/account/",
        data={"name": "Mallory", "zone": "UTC", "csrf_token": browser.token()},
        headers={"Sec-Fetch-Site": site},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/octet-stream"]
)
def test_no_other_content_type_gets_around_the_token(app: Flask, content_type: str) -> None:
    browser = signed_in(app, make_editor())
    body = '{"name": "Mallory", "csrf_token": "x"}'
    answer = browser.open(
        method="POST", path="/desk/account/", data=body, content_type=content_type
    )
    assert answer.status_code == 400


def test_a_token_in_a_header_or_address_signs_nobody_in(app: Flask) -> None:
    editor = make_editor()
    token = editor.get_auth_token()
    db.session.commit()
    client = Browser(app)
    for answer in (
        client.get("/desk/", headers={"Authentication-Token": token}),
        client.get(f"/desk/?auth_token={token}"),
    ):
        assert answer.status_code == 303


@pytest.mark.parametrize(
    "path",
    ["//desk/editors/", "/desk//editors/", "/DESK/editors/", "/desk/editors/;x", "/desk/%2e/"],
)
def test_a_strange_spelling_opens_nothing(app: Flask, path: str) -> None:
    answer = Browser(app).get(path)
    assert answer.status_code in (303, 308, 404)
    assert "Add an editor" not in answer.text


def test_a_method_override_is_not_listened_to(app: Flask) -> None:
    browser = signed_in(app, make_editor(role=RoleName.ADMIN))
    answer = browser.get("/desk/sign-out?_method=POST", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405
    assert browser.get("/desk/").status_code == 200


def test_head_is_decided_like_get(app: Flask) -> None:
    assert Browser(app).open("/desk/editors/", method="HEAD").status_code == 303
    author = signed_in(app, make_editor(role=RoleName.AUTHOR))
    assert author.open("/desk/editors/", method="HEAD").status_code == 403


def test_a_page_that_is_not_theirs_tells_an_author_so(app: Flask) -> None:
    answer = signed_in(app, make_editor(role=RoleName.AUTHOR)).get("/desk/editors/")
    assert answer.status_code == 403
    assert "not allowed" in answer.text


def test_readers_never_get_a_cookie(furnished: Flask) -> None:
    browser = signed_in(furnished, make_editor())
    for path in ("/library/", "/library/guidance-on-mms", "/no-such-page"):
        answer = browser.get(path)
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_the_desks_cookie_is_for_the_desk_alone(app: Flask) -> None:
    answer = Browser(app).get("/desk/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert "Path=/desk" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_of_the_desk_are_not_kept_or_framed(app: Flask) -> None:
    answer = signed_in(app, make_editor()).get("/desk/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
