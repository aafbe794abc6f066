"""Who is at the desk, on PostgreSQL: what is taken once is taken once there, too."""

from threading import Barrier, Thread

from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, recovery_codes, sessions
from newsletter.extensions import db
from tests.accounts import test_second_factors
from tests.accounts.authenticators import Device, phone_of
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list

PASSWORD = "four words make a password"
MANY = 10


def test_of_twenty_requests_with_one_code_one_gets_in(app: Flask) -> None:
    test_second_factors.test_of_twenty_requests_with_one_code_one_gets_in(app, make_editor())


def test_of_many_requests_with_one_recovery_code_one_gets_in(app: Flask) -> None:
    editor = make_editor()
    number, code = editor.id, recovery_codes.renew(editor)[0]
    db.session.commit()
    start, let_in = Barrier(MANY), []

    def enter() -> None:
        with app.app_context():
            start.wait()
            if recovery_codes.use(db.session.get_one(Editor, number), code):
                let_in.append(1)
            db.session.commit()
            db.session.remove()

    requests = [Thread(target=enter) for _ in range(MANY)]
    for request in requests:
        request.start()
    for request in requests:
        request.join()
    assert let_in == [1]


def test_password_code_and_passkey_sign_in(app: Flask) -> None:
    editor = make_editor()
    accounts.set_password(editor, PASSWORD, now=clock.now())
    phone, device, browser = phone_of(editor, now=clock.now()), Device(), Browser(app)
    browser.post("/desk/sign-in", {"address": editor.email, "password": PASSWORD})
    assert browser.get("/desk/").status_code == 303
    browser.post("/desk/sign-in-code", {"code": phone.code(clock.now())})
    assert browser.get("/desk/").status_code == 200
    options = browser.post("/desk/account/passkeys/options").text
    browser.post("/desk/account/passkeys/new", {"name": "Phone", "answer": device.make(options)})
    browser.post("/desk/sign-out")
    options = browser.post("/desk/sign-in-passkey/options").text
    browser.post("/desk/sign-in-passkey", {"answer": device.use(options)})
    assert browser.get("/desk/account/").status_code == 200


def test_an_editor_of_some_lists_is_invited_and_changed(app: Flask) -> None:
    make_list("news")
    admin = signed_in(app, make_editor("admin@example.org", role=accounts.RoleName.ADMIN))
    fields = {"address": "new@example.org", "name": "New", "role": "author", "lists": ["news"]}
    assert admin.post("/desk/editors/", fields).status_code == 303
    editor = accounts.get_editor("new@example.org")
    page = f"/desk/editors/{editor.id}"
    assert admin.get(page).status_code == 200
    assert admin.post(f"{page}/role", {"role": "editor"}).status_code == 303
    assert admin.post(f"{page}/withdraw").status_code == 303
    assert accounts.find_editor("new@example.org") is None


def test_what_ended_by_itself_is_forgotten(app: Flask) -> None:
    editor = make_editor()
    signed_in(app, editor)
    sessions.forget_old(now=clock.now() + sessions.LONGEST_REST)
    db.session.commit()
    assert sessions.sessions_of(editor, now=clock.now()) == []
