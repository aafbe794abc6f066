"""A relay that is away, on PostgreSQL."""

import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import halting
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.workflow import BY_ITSELF
from tests.conftest import NOW
from tests.delivery.situations import begin
from tests.delivery.test_reaching import (  # noqa: F401  # pytest finds them by these names
    another,
    hands,
    quick,
    reach,
    read,
    relay,
    test_a_relay_that_stays_away_pauses_the_issue_which_resumes_by_itself,
    test_an_issue_that_others_can_send_neither_says_so_nor_pauses,
    test_when_none_has_a_way_to_the_relay_any_more_it_is_said_at_once,
)


def test_an_issue_that_somebody_froze_with_keeps_nobody_from_the_others(app: Flask) -> None:
    frozen, free = begin("ada"), another("ben")
    reason = f"The relay cannot be reached. {BY_ITSELF}"
    with db.engine.begin() as connection:
        connection.execute(sa.select(Issue.id).where(Issue.id == frozen).with_for_update())
        assert halting.say_why(reason)
        assert (read(frozen), read(free)) == ((SENDING, ""), (SENDING, reason))
        # What could not be written to is nothing new that the relay has to be called for.
        assert not halting.say_why(reason)
        halting.hold_all(reason, now=NOW)
        assert (read(frozen), read(free)) == ((SENDING, ""), (PAUSED, reason))
    halting.hold_all(reason, now=NOW)
    assert read(frozen) == (PAUSED, reason)
    with db.engine.begin() as connection:
        connection.execute(sa.select(Issue.id).where(Issue.id == frozen).with_for_update())
        halting.go_on(now=NOW)
        assert (read(frozen), read(free)) == ((PAUSED, reason), (SENDING, ""))
    halting.go_on(now=NOW)
    assert read(frozen) == (SENDING, "")


SENDING, PAUSED = IssueState.SENDING, IssueState.PAUSED
