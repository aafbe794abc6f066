"""Which batches a broker is told of, and when again."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import planning
from newsletter.delivery.engines import dispatching
from newsletter.delivery.models import Batch, Send
from newsletter.extensions import db
from tests.conftest import NOW
from tests.delivery.situations import (
    begin,
    claim,
    give_back,
    readers,
)
from tests.delivery.test_due import another_issue

LATER = NOW + dispatching.AGAIN + timedelta(seconds=1)


@pytest.fixture
def issue_id(app: Flask, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(planning, "BATCH_SIZE", 1)
    return begin(*readers(dispatching.AT_ONCE + 10))


def test_a_bounded_number_is_told_and_not_more_until_something_is_claimed(issue_id: int) -> None:
    first = dispatching.choose(now=NOW)
    assert len(set(first)) == dispatching.AT_ONCE
    assert dispatching.is_needed(now=NOW)
    assert dispatching.choose(now=NOW) == []

    for batch_id in first[:3]:
        claim(batch_id, now=NOW)

    assert len(dispatching.choose(now=NOW)) == 3


def test_what_is_claimed_or_told_is_not_told_again(issue_id: int) -> None:
    told: list[int] = []
    while batch_ids := dispatching.choose(now=NOW):
        told += batch_ids
        for batch_id in batch_ids:
            claim(batch_id, now=NOW)
    assert len(told) == len(set(told)) == dispatching.AT_ONCE + 10
    assert not dispatching.is_needed(now=NOW)
    assert not dispatching.is_needed(now=LATER)


def test_no_more_is_told_than_there_is_room_for(issue_id: int) -> None:
    assert len(dispatching.choose(now=NOW, most=2)) == 2
    assert dispatching.choose(now=NOW, most=0) == []
    assert dispatching.choose(now=NOW, most=-7) == []


def test_what_nobody_claimed_is_told_again_after_a_while(issue_id: int) -> None:
    first = dispatching.choose(now=NOW)

    assert set(dispatching.choose(now=LATER)) == set(first)


def test_a_batch_that_came_back_is_told_again_at_once(issue_id: int) -> None:
    batch_id = dispatching.choose(now=NOW, most=1)[0]
    lease = claim(batch_id, now=NOW)
    assert lease is not None
    give_back(lease, now=NOW)
    assert batch_id in dispatching.choose(now=NOW)


def test_what_is_forgotten_is_told_again_at_once(issue_id: int) -> None:
    batch_id, other = dispatching.choose(now=NOW, most=2)
    claim(other, now=NOW)

    dispatching.forget([batch_id, other])

    again = dispatching.choose(now=NOW)
    assert batch_id in again
    assert other not in again


def test_two_issues_are_told_in_turns(issue_id: int) -> None:
    second = another_issue(issue_id)

    batch_ids = dispatching.choose(now=NOW, most=6)

    owners = [
        db.session.scalars(
            sa.select(Send.issue_id).join(Batch, Batch.send_id == Send.id).where(Batch.id == number)
        ).one()
        for number in batch_ids
    ]
    assert owners == [issue_id, second] * 3
    # What is told counts: the issue that came later catches up.
    third = another_issue(issue_id)
    assert len(dispatching.choose(now=NOW, most=2)) == 2
    assert told_of(third) == 2


def told_of(issue_id: int) -> int:
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(Batch)
        .join(Send, Send.id == Batch.send_id)
        .where(Send.issue_id == issue_id, Batch.dispatched_at.is_not(None))
    ).one()
