"""Where couriers get their batches."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from newsletter.delivery import planning
from newsletter.delivery.leases import DueBatch
from newsletter.delivery.sources import LocalSource, OfferedSource
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.delivery.situations import (
    Hands,
    begin,
    claim,
    readers,
)
from tests.delivery.test_due import another_issue

BATCH = DueBatch(1, 1, 1)


@pytest.fixture
def issue_id(app: Flask, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(planning, "BATCH_SIZE", 5)
    return begin(*readers(15))


def test_the_local_source_gives_each_due_batch_once_until_it_is_released(issue_id: int) -> None:
    source = LocalSource(look_every=0, now=Hands())
    taken = take_all(source)
    assert [batch.issue_id for batch in taken] == [issue_id] * 3
    assert len({batch.batch_id for batch in taken}) == 3

    source.release(taken[1].batch_id)

    assert take_all(source) == [taken[1]]


def test_the_local_source_gives_issues_their_turns(issue_id: int) -> None:
    second = another_issue(issue_id)
    busy = take_all(LocalSource(now=Hands()))[0]
    claim(busy.batch_id, now=NOW)
    db.session.commit()

    turns = [batch.issue_id for batch in take_all(LocalSource(now=Hands()))]

    assert turns[:4] == [second, issue_id, second, issue_id]


def test_the_local_source_looks_into_the_database_a_few_times_a_second_at_most(
    issue_id: int,
) -> None:
    issue = db.session.get_one(Issue, issue_id)
    workflow.pause(issue, now=NOW)
    db.session.commit()
    source, eager = (LocalSource(look_every=every, now=Hands()) for every in (3600, 0))
    assert source.take() is None and eager.take() is None
    workflow.resume(issue, now=NOW)
    db.session.commit()
    assert source.take() is None, "it looked again at once"
    assert eager.take() is not None


def test_an_offer_ends_when_the_courier_takes_it() -> None:
    source = OfferedSource()
    with ThreadPoolExecutor() as pool:
        offer = pool.submit(source.offer, BATCH, patience=10)
        assert soon(source.take) == BATCH
        assert offer.result(timeout=10) is True
    assert source.take() is None


def test_what_the_courier_has_is_not_offered_twice() -> None:
    source = OfferedSource()
    with ThreadPoolExecutor() as pool:
        pool.submit(source.offer, BATCH, patience=10)
        soon(source.take)
        assert source.offer(BATCH, patience=10) is True
        assert source.take() is None

        source.release(BATCH.batch_id)
        again = pool.submit(source.offer, BATCH, patience=10)
        assert soon(source.take) == BATCH
        assert again.result(timeout=10) is True


def test_an_offer_that_nobody_takes_is_withdrawn() -> None:
    source = OfferedSource()
    assert source.offer(BATCH, patience=0.01) is False
    assert source.take() is None


def test_a_closed_source_sends_everybody_away() -> None:
    source = OfferedSource()
    with ThreadPoolExecutor() as pool:
        offer = pool.submit(source.offer, BATCH, patience=60)
        source.close()
        assert offer.result(timeout=10) is False
    assert source.offer(BATCH, patience=60) is False


def take_all(source: LocalSource) -> list[DueBatch]:
    taken = []
    while (batch := source.take()) is not None:
        taken.append(batch)
    return taken


def soon(look: Callable[[], object]) -> object:
    """Return what `look` returns as soon as that is something."""
    tick = threading.Event()
    for _ in range(1000):
        found = look()
        if found is not None:
            return found
        tick.wait(0.01)
    raise AssertionError("it took too long")
