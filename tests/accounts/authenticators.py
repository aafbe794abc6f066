"""An editor's phone: an app that shows the codes of a secret."""

from datetime import datetime

from newsletter.accounts import Editor, one_time_codes, second_factors
from newsletter.extensions import db


class Phone:
    """An app with one secret in it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, at: datetime, *, later: int = 0) -> str:
        """Return what it shows at a time, or some steps later."""
        return one_time_codes.code_at(self.secret, one_time_codes.step_of(at) + later)


def phone_of(editor: Editor, *, now: datetime) -> Phone:
    """Set up a second factor for the editor, and return the phone that has it.

    The code of the step before `now` is used up by it.
    """
    second_factors.offer(editor, now=now)
    secret = second_factors.offered_secret(editor, now=now)
    assert secret is not None
    phone = Phone(secret)
    second_factors.confirm(editor, phone.code(now, later=-1), now=now)
    db.session.commit()
    return phone
