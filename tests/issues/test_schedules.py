"""When a scheduled issue is due: gaps, overlaps, new laws about zones, and being late."""

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest
from flask import Flask

from newsletter import clock, jobs
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription

SECOND = timedelta(seconds=1)


def scheduled(wall: str, zone: str, *, now: datetime) -> Issue:
    """An issue for one reader, scheduled for a wall time in a zone."""
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news, at=now)
    workflow.stop(issue)
    workflow.schedule(issue, datetime.fromisoformat(wall), zone, now=now)
    db.session.commit()
    return issue


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def start(issue: Issue, *, at: datetime) -> IssueState:
    """Let the clock do its job at a time; return the state of the issue then."""
    jobs.once("start-due-issues", now=at)
    db.session.expire_all()
    return issue.state


@pytest.mark.parametrize(
    ("wall", "zone", "due"),
    [
        # The hour comes twice: the first one counts (STANDARDS XH19).
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30"),
        ("2026-11-01T00:30", "America/Havana", "2026-11-01T04:30"),
        # The hour is skipped: the first instant after it (XH18).
        ("2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:00"),
        ("2027-03-14T02:30", "America/New_York", "2027-03-14T07:00"),
        ("2027-03-14T00:30", "America/Havana", "2027-03-14T05:00"),
        # No summer time any more (XH20).
        ("2026-12-01T09:00", "America/Sao_Paulo", "2026-12-01T12:00"),
    ],
)
def test_it_is_due_once_at_the_instant_that_its_wall_time_means(
    app: Flask, wall: str, zone: str, due: str
) -> None:
    issue = scheduled(wall, zone, now=utc(due) - timedelta(days=3))
    assert workflow.due_at(issue) == utc(due)
    assert start(issue, at=utc(due) - SECOND) is IssueState.SCHEDULED
    assert start(issue, at=utc(due)) is IssueState.SENDING
    begun_at = issue.begun_at
    # The same wall time an hour later is not another occasion.
    assert start(issue, at=utc(due) + timedelta(hours=1)) is IssueState.SENDING
    assert issue.begun_at == begun_at


@pytest.fixture
def laws(tmp_path: Path) -> Iterator[Path]:
    """A folder of zones that stands before the machine's own; the laws of a test are put there."""
    before = zoneinfo.TZPATH
    folder = tmp_path / "zones"
    folder.mkdir()
    zoneinfo.reset_tzpath([folder])
    zoneinfo.ZoneInfo.clear_cache()
    yield folder
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def decree(folder: Path, zone: str, *, like: str) -> None:
    """Let a zone follow the rules of another from now on."""
    path = folder / zone
    path.parent.mkdir(parents=True, exist_ok=True)
    source = resources.files("tzdata.zoneinfo").joinpath(like)
    with resources.as_file(source) as found:
        shutil.copy(found, path)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.parametrize(
    ("zone", "old", "new", "before", "after"),
    [
        # Summer time comes back.
        ("America/Sao_Paulo", "Etc/GMT+3", "Etc/GMT+2", "12:00", "11:00"),
        # The weeks of Ramadan, in which the clocks go back, are moved.
        ("Africa/Casablanca", "Etc/GMT-1", "Etc/GMT", "08:00", "09:00"),
        # A whole country moves to another zone.
        ("Europe/Berlin", "Europe/Paris", "Europe/Helsinki", "08:00", "07:00"),
    ],
)
def test_a_new_law_after_scheduling_keeps_the_wall_time(
    app: Flask, laws: Path, zone: str, old: str, new: str, before: str, after: str
) -> None:
    decree(laws, zone, like=old)
    issue = scheduled("2027-12-01T09:00", zone, now=NOW)
    assert f"{workflow.due_at(issue):%H:%M}" == before

    decree(laws, zone, like=new)

    due = workflow.due_at(issue)
    assert f"{due:%H:%M}" == after
    assert f"{due.astimezone(clock.zone(zone)):%H:%M}" == "09:00"
    assert start(issue, at=due - SECOND) is IssueState.SCHEDULED
    assert start(issue, at=due) is IssueState.SENDING


def test_a_wall_time_that_a_new_law_skips_goes_out_right_after(app: Flask, laws: Path) -> None:
    # Berlin takes over the rules of New York: their gap is two weeks earlier.
    decree(laws, "Europe/Berlin", like="Europe/Berlin")
    issue = scheduled("2027-03-14T02:30", "Europe/Berlin", now=NOW)
    assert workflow.due_at(issue) == utc("2027-03-14T01:30")
    decree(laws, "Europe/Berlin", like="America/New_York")
    assert workflow.due_at(issue) == utc("2027-03-14T07:00")


@pytest.mark.parametrize(
    ("wall", "zone"),
    [("2027-03-28T02:30", "Europe/Berlin"), ("2026-11-01T00:30", "America/Havana")],
)
def test_late_is_counted_from_the_instant_also_where_clocks_change(
    app: Flask, wall: str, zone: str
) -> None:
    issue = scheduled(wall, zone, now=utc("2026-10-01T00:00"))
    due = workflow.due_at(issue)
    assert not workflow.is_late(issue, now=due + workflow.LATE)
    assert start(issue, at=due + workflow.LATE + SECOND) is IssueState.PAUSED
    assert "It was due 3 hours ago" in issue.pause_reason
