"""Make an installation ready to be looked at: tables, sample content, somebody who may sign in."""

import sys
from dataclasses import dataclass
from datetime import datetime

import flask_migrate
from sqlalchemy.exc import OperationalError

from newsletter import accounts, clock, create_app, sample
from newsletter.accounts import Action, Editor, RoleName
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.extensions import db

DESK_ADDRESS = "desk@example.org"
"""Who the sign-in link is for where there is no admin yet."""


@dataclass(frozen=True)
class Prepared:
    """What the person who started the installation has to know."""

    public_url: str
    admin: str
    sign_in_link: str


def prepare() -> Prepared:
    """Prepare the installation that the environment describes; any number of times does no harm.

    Exits with a sentence where it cannot.
    """
    try:
        return _prepare()
    except ConfigurationError as exc:
        print(exc, file=sys.stderr)
        sys.exit(2)
    except NewsletterError as exc:
        sys.exit(str(exc))
    except OperationalError as exc:
        sys.exit(f"The database does not answer, or cannot be written: {exc.orig}")
    except OSError as exc:
        sys.exit(f"The installation's folder cannot be written: {exc}")


def _prepare() -> Prepared:
    app = create_app()
    with app.app_context():
        _migrate()
        now = clock.now()
        sample.load(now=now)
        admin = _an_admin(now)
        link = accounts.make_sign_in_link(admin, now=now)
        prepared = Prepared(app.config["PUBLIC_URL"], admin.email, link)
        db.session.commit()
    return prepared


def _migrate() -> None:
    try:
        flask_migrate.upgrade()
    except SystemExit as exc:
        # Flask-Migrate has said why and wants to exit.
        sys.exit(
            f"The tables could not be brought up to date (exit code {exc.code}): another "
            "version of this program may have made them."
        )


def _an_admin(now: datetime) -> Editor:
    admins = [one for one in accounts.all_editors() if accounts.may(one, Action.MANAGE_EDITORS)]
    if not admins:
        return accounts.add_editor(DESK_ADDRESS, RoleName.ADMIN, now=now)
    return next((one for one in admins if one.email == DESK_ADDRESS), admins[0])
