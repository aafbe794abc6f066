"""Make an installation ready to be looked at: tables, sample content, somebody who may sign in.

`make run` calls it before anything else; it may run any number of times. On standard output it
says, as JSON, what the supervisor tells the person who started it.
"""

import json
import sys
from datetime import datetime

import flask_migrate
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from newsletter import accounts, clock, create_app, sample
from newsletter.accounts import Action, Editor, RoleName
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.extensions import db

DESK_ADDRESS = "desk@example.org"
"""Who the printed link signs in where there is no admin yet."""


def main() -> None:
    """Prepare the installation that the environment describes."""
    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
        now = clock.now()
        sample.load(now=now)
        admin = _an_admin(now)
        facts = {
            "public_url": app.config["PUBLIC_URL"],
            "admin": admin.email,
            "sign_in_link": accounts.make_sign_in_link(admin, now=now),
        }
        db.session.commit()
    json.dump(facts, sys.stdout)


def _an_admin(now: datetime) -> Editor:
    admins = [one for one in accounts.all_editors() if accounts.may(one, Action.MANAGE_EDITORS)]
    if not admins:
        return accounts.add_editor(DESK_ADDRESS, RoleName.ADMIN, now=now)
    return next((one for one in admins if one.email == DESK_ADDRESS), admins[0])


if __name__ == "__main__":
    try:
        main()
    except ConfigurationError as exc:
        print(exc, file=sys.stderr)
        sys.exit(2)
    except NewsletterError as exc:
        sys.exit(str(exc))
    except CommandError as exc:
        sys.exit(f"The database was made by another version of this program: {exc}")
    except OperationalError as exc:
        sys.exit(f"The database does not answer, or cannot be written: {exc.orig}")
    except OSError as exc:
        sys.exit(f"The installation's folder cannot be written: {exc}")
