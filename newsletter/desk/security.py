"""How the desk knows who is there: Flask-Security without its pages, sessions, CSRF.

Flask-Security brings argon2 and who is signed in during a request. Its own pages are not
registered: every address below /desk/ is one of ours, with our rules. Whether a session
still lives is for the rows of `accounts.sessions` to say.
"""

from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_security.core import Security
from flask_security.datastore import SQLAlchemyUserDatastore
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]  # it has no types

from newsletter.accounts import Editor, Role, sessions
from newsletter.desk import browser_session, stale_forms
from newsletter.extensions import db

SETTINGS: dict[str, Any] = {
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    # Argon2 salts by itself: a second key in front of it could only be lost.
    "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
    # What OWASP recommends for argon2id: 19 MiB, two passes, so that a small machine
    # can check several passwords at once. newsletter.accounts.passwords.DECOY_HASH has the same.
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__memory_cost": 19456,
        "argon2__time_cost": 2,
        "argon2__parallelism": 1,
    },
    "SECURITY_JOIN_USER_ROLES": False,
    "SECURITY_CLI_USERS_NAME": None,
    "SECURITY_CLI_ROLES_NAME": None,
    # A session whose network changes stays; somebody who works on a train is no thief.
    "SESSION_PROTECTION": "basic",
    # How old the signature of a cookie may be; `accounts.sessions` ends most before.
    "PERMANENT_SESSION_LIFETIME": sessions.LONGEST,
    # The blueprint of the desk checks by itself: POST /subscribe comes from other sites.
    "WTF_CSRF_CHECK_DEFAULT": False,
    # As long as the session: whoever writes an issue for a morning loses nothing.
    "WTF_CSRF_TIME_LIMIT": None,
    # Our pages send no referrer. `guard` looks at Sec-Fetch-Site instead.
    "WTF_CSRF_SSL_STRICT": False,
}

csrf = CSRFProtect()


class NoSession(SecureCookieSession):
    """What a reader has: nothing is read from a cookie, and none is ever set."""


class DeskSessions(SecureCookieSessionInterface):
    """Sessions that exist below /desk only; other pages do not even vary by the cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the signed session of a desk request, and no session for any other."""
        if request.path == "/desk" or request.path.startswith("/desk/"):
            return super().open_session(app, request)
        return NoSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie after a desk request that changed its session."""
        if not isinstance(session, NoSession):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Set up accounts, sessions and CSRF tokens of the desk."""
    app.config.update(SETTINGS)
    app.session_interface = DeskSessions()
    csrf.init_app(app)
    security = Security(app, SQLAlchemyUserDatastore(db, Editor, Role), register_blueprint=False)
    # No tokens in headers, addresses or JSON: a session is the only way to be signed in.
    security.login_manager.request_loader(None)
    security.login_manager.user_loader(browser_session.load_editor)
    app.register_error_handler(CSRFError, _show_stale_form)


def _show_stale_form(_error: CSRFError) -> tuple[str, int]:
    return stale_forms.show()
