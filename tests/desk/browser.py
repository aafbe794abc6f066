"""An editor at a browser without scripts: signs in by a link, sends forms with their token."""

import re
from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from newsletter import accounts, clock
from newsletter.accounts import Editor
from newsletter.extensions import db

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """One person's browser; `client` is where the cookies are.

    Every request has a context of its own, as on a server: what the test's
    own context remembers (its transaction, who is signed in) stays out of it.
    """

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def open(self, path: str, **request: Any) -> TestResponse:
        """Send any request."""
        # What the test made is there for the server; its locks are not.
        db.session.commit()
        # Read to its end in there: what is streamed asks the database until then.
        return Context().run(self.client.open, path, buffered=True, **request)

    def get(self, path: str, **request: Any) -> TestResponse:
        """Open a page."""
        return self.open(path, **request)

    def post(
        self, path: str, fields: Mapping[str, str | Sequence[str]] | None = None, **request: Any
    ) -> TestResponse:
        """Send a form of the desk, with the session's token in it."""
        data = {"csrf_token": self.token(), **(fields or {})}
        return self.open(path, method="POST", data=data, **request)

    def token(self) -> str:
        """Return the token that the forms of this session carry."""
        for page in ("/desk/account/", "/desk/sign-in"):
            found = TOKEN.search(self.get(page).text)
            if found:
                return found[1]
        raise AssertionError("no page has a form")

    def sign_in(self, editor: Editor) -> None:
        """Sign in by a one-time link."""
        link = accounts.make_sign_in_link(editor, now=clock.now())
        answer = self.post(link.removeprefix("https://news.example.org"))
        assert answer.status_code == 303, answer.text


def signed_in(app: Flask, editor: Editor) -> Browser:
    """Return a browser in which `editor` is signed in."""
    browser = Browser(app)
    browser.sign_in(editor)
    return browser
