"""Links by which editors sign in: mailed or printed, they work once."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import links
from newsletter.accounts.models import Editor, SignInLink
from newsletter.errors import DeadLink, Refused
from newsletter.extensions import db, rows_changed

PRINTED_LINK = timedelta(hours=24)
"""How long a printed sign-in link works."""

MAILED_LINK = timedelta(minutes=60)
"""How long a mailed sign-in link works: greylisting outlasts ten minutes."""


def make_sign_in_link(editor: Editor, *, now: datetime, lifetime: timedelta = PRINTED_LINK) -> str:
    """Return an address under PUBLIC_URL that signs `editor` in once, within `lifetime`."""
    if not editor.active:
        raise Refused("This editor is deactivated. Activate them first, then make a link.")
    link = SignInLink(editor_id=editor.id, expires_at=now + lifetime)
    db.session.add(link)
    db.session.flush()
    return links.SIGN_IN.url(str(link.id), now=now)


def read_sign_in_link(token: str, *, now: datetime) -> Editor:
    """Return whom the link would sign in, without using it up; raise DeadLink."""
    link = db.session.get(SignInLink, int(links.SIGN_IN.read(token, now=now)))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise DeadLink
    editor = db.session.get(Editor, link.editor_id)
    if editor is None or not editor.active:
        raise DeadLink
    return editor


def use_sign_in_link(token: str, *, now: datetime) -> Editor:
    """Use the link up and return whom it signs in; raise DeadLink, also the second time.

    One conditional UPDATE decides, so of two clicks at once exactly one gets in.
    """
    editor = read_sign_in_link(token, now=now)
    used = db.session.execute(
        sa.update(SignInLink)
        .where(
            SignInLink.id == int(links.SIGN_IN.read(token, now=now)),
            SignInLink.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if rows_changed(used) != 1:
        raise DeadLink
    return editor
