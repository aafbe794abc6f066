"""Revisions are kept, and what was saved by itself is thinned out."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from newsletter.accounts import Editor
from newsletter.desk import mailing
from newsletter.errors import NotFound, StaleVersion
from newsletter.issues import composing, editing, presence, reviewing, revisions, workflow
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts
from tests.conftest import NOW
from tests.factories import content_of, make_editor, make_list


def write(
    issue: Issue,
    words: str,
    *,
    at: datetime,
    by: Editor,
    is_automatic: bool = True,
    window: str = "",
) -> None:
    whole = editing.with_texts(composing.current(issue), "en", Texts(words, "", ""))
    composing.save(
        issue,
        whole,
        based_on_version=issue.version,
        is_automatic=is_automatic,
        window=window,
        by=by,
        now=at,
    )


def versions(issue: Issue) -> list[int]:
    return [line.version for line in reversed(revisions.lines(issue))]


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def issue(edith: Editor) -> Issue:
    return composing.create_issue(make_list(), subject="S", by=edith, now=NOW)


def test_of_what_was_saved_by_itself_one_is_kept_every_five_minutes(
    issue: Issue, edith: Editor
) -> None:
    for step in range(1, 41):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=30 * step), by=edith)
    kept = versions(issue)
    assert issue.version == 41
    assert kept[0] == 1
    assert kept[-1] == 41
    assert 5 <= len(kept) <= 7
    assert content_of(issue).subject == "words 40"


def test_what_somebody_saved_by_hand_is_kept(issue: Issue, edith: Editor) -> None:
    for step in range(1, 7):
        at = NOW + timedelta(seconds=step)
        write(issue, f"words {step}", at=at, by=edith, is_automatic=step % 2 == 0)
    assert versions(issue) == [1, 2, 3, 4, 5, 6, 7]


def test_what_another_person_saved_is_kept(issue: Issue, edith: Editor) -> None:
    olga = make_editor("olga@example.org", name="Olga")
    for step, who in enumerate([edith, olga, edith, olga], start=1):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=step), by=who)
    assert versions(issue) == [1, 2, 3, 4, 5]
    assert revisions.line(issue, 3).saved_by == "Olga"
    saver = revisions.last_saver(issue)
    assert saver is not None
    assert saver.name == "Olga"


@pytest.mark.parametrize(
    "deal_with",
    [
        lambda issue, edith: reviewing.ask(issue, by=edith, now=NOW),
        lambda issue, edith: workflow.approve(issue, by=make_editor("p@example.org"), now=NOW),
        lambda issue, edith: mailing.mail_tests(issue, ["en"], to=[edith], by=edith, now=NOW),
        lambda issue, edith: composing.restore(issue, 3, based_on_version=3, by=edith, now=NOW),
    ],
    ids=["asked about", "approved", "tested", "gone back to"],
)
def test_what_somebody_dealt_with_is_kept_however_it_was_saved(
    issue: Issue, edith: Editor, deal_with: Callable[[Issue, Editor], object]
) -> None:
    make_editor("olga@example.org", has_joined=True)
    for step in (1, 2):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=step), by=edith)
    assert versions(issue) == [1, 3]
    deal_with(issue, edith)
    for step in (20, 40, 60):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=step), by=edith)
    assert versions(issue) == [1, 3, 6]


def test_a_version_that_is_not_kept_is_not_found(issue: Issue) -> None:
    for ask in (revisions.composition_at, revisions.line):
        with pytest.raises(NotFound, match="no version 7"):
            ask(issue, 7)


def test_who_writes_is_seen_for_some_minutes(issue: Issue, edith: Editor) -> None:
    olga = make_editor("olga@example.org", name="Olga")
    for minute in (1, 2):
        presence.note(issue, olga, now=NOW + timedelta(minutes=minute))
    found = presence.others(issue, edith, now=NOW + timedelta(minutes=4))
    assert [(one.name, one.seen_at) for one in found] == [("Olga", NOW + timedelta(minutes=2))]
    # Who saved and opened nothing was there, too.
    assert [one.name for one in presence.others(issue, olga, now=NOW)] == ["Edith"]
    assert presence.others(issue, edith, now=NOW + timedelta(minutes=9)) == []
    presence.forget_old(now=NOW + timedelta(days=2))
    assert presence.others(issue, edith, now=NOW + timedelta(minutes=4)) == []


def test_of_two_windows_that_save_in_turn_every_step_is_kept(issue: Issue, edith: Editor) -> None:
    for step, window in enumerate(["left", "right", "left", "right"], start=1):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=step), by=edith, window=window)
    assert versions(issue) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("steps", [1, 5])
def test_what_a_window_saved_by_itself_is_not_in_its_own_way(
    issue: Issue, edith: Editor, steps: int
) -> None:
    for step in range(1, steps + 1):
        write(issue, f"words {step}", at=NOW + timedelta(seconds=step), by=edith, window="left")
    by_hand(issue, "the last words", since=1, by=edith, window="left")
    assert content_of(issue).subject == "the last words"


@pytest.mark.parametrize(
    ("window", "is_automatic", "is_own"),
    [("right", True, True), ("", True, True), ("left", False, True), ("left", True, False)],
)
def test_what_anybody_else_saved_is_to_be_compared(
    issue: Issue, edith: Editor, window: str, is_automatic: bool, is_own: bool
) -> None:
    by = edith if is_own else make_editor("olga@example.org")
    write(issue, "others", at=NOW, by=by, window=window, is_automatic=is_automatic)
    write(issue, "mine", at=NOW, by=edith, window="left")
    for mine in ("left", ""):
        with pytest.raises(StaleVersion):
            by_hand(issue, "the last words", since=1, by=edith, window=mine)


def by_hand(issue: Issue, words: str, *, since: int, by: Editor, window: str) -> None:
    whole = editing.with_texts(composing.current(issue), "en", Texts(words, "", ""))
    composing.save(issue, whole, based_on_version=since, window=window, by=by, now=NOW)
