"""Whom an editor looks as: a reader chosen by address, remembered by number until it is ended."""

from flask import session

from newsletter.accounts import Action, may
from newsletter.desk.guard import my_lists, the_editor
from newsletter.extensions import db
from newsletter.subscriptions.models import Subscriber

KEY = "reader"
"""Where the cookie has the number of the chosen reader; never the address."""


def chosen() -> Subscriber | None:
    """Return whom the editor looks as, if they chose somebody and may still see them."""
    number = session.get(KEY)
    if not isinstance(number, int) or not may(the_editor(), Action.SEE_SUBSCRIBERS):
        return None
    subscriber = db.session.get(Subscriber, number)
    lists = my_lists()
    if subscriber is None or lists is None:
        return subscriber
    on = {subscription.mailing_list_id for subscription in subscriber.subscriptions}
    return subscriber if on & lists else None


def choose(subscriber: Subscriber) -> None:
    """Remember the reader for this session."""
    session[KEY] = subscriber.id


def forget() -> None:
    """Look as nobody in particular again."""
    session.pop(KEY, None)
