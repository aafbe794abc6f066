"""Members on PostgreSQL; two editors who decide at the same moment."""

import threading

import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.membership import applying, asking, deciding
from newsletter.membership.models import Member
from newsletter.subscriptions.models import Subscription
from tests.factories import make_editor
from tests.membership.applicants import make_application, make_waiting, token_of
from tests.membership.test_applying import (  # noqa: F401  # pytest finds them by these names
    public_list,
    test_a_stranger_changes_nothing_that_was_confirmed,
    test_who_asks_twice_before_that_has_one_application_with_the_last_words,
    test_who_was_declined_may_ask_again_and_the_past_stays,
)


def test_of_many_presses_at_one_moment_one_decides(app: Flask) -> None:
    number = make_waiting().id
    for name in ("Ann", "Ben"):
        make_editor(f"{name.lower()}@example.org", name=name)
    db.session.commit()
    start, outcomes = threading.Barrier(4), []

    def decide(name: str, verb: str) -> None:
        with app.app_context():
            editor = accounts.get_editor(f"{name}@example.org")
            member = asking.get(number)
            start.wait()
            try:
                if verb == "accept":
                    deciding.accept(member, by=editor, now=clock.now())
                else:
                    deciding.decline(member, "Too far away", by=editor, now=clock.now())
                db.session.commit()
                outcomes.append(f"{verb} by {editor.signature}")
            except Refused as exc:
                db.session.rollback()
                outcomes.append(str(exc).split(" ")[0])
            db.session.remove()

    hands = [
        threading.Thread(target=decide, args=(name, verb))
        for name in ("ann", "ben")
        for verb in ("accept", "decline")
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    db.session.rollback()
    [done] = [one for one in outcomes if " by " in one]
    first = db.session.scalars(sa.select(Member)).one()
    assert done.endswith(first.decided_by)
    assert [one for one in outcomes if one != done] == [first.decided_by.split(" ")[0]] * 3
    subscriptions = db.session.scalars(sa.select(sa.func.count()).select_from(Subscription)).one()
    assert subscriptions == (1 if done.startswith("accept") else 0)


def test_a_double_click_confirms_once(app: Flask) -> None:
    member = make_application(at=clock.now())
    token, mark = token_of(member, at=clock.now()), applying.mark_of(member)
    db.session.commit()
    start, states = threading.Barrier(2), []

    def press() -> None:
        with app.app_context():
            start.wait()
            states.append(applying.confirm(token, mark=mark, ip=None, now=clock.now()).state)
            db.session.commit()
            db.session.remove()

    hands = [threading.Thread(target=press) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert states == ["waiting", "waiting"]
