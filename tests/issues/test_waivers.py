"""A warning that somebody lets pass, for exactly what was found and no more."""

from dataclasses import replace

import pytest
from flask import Flask

from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.issues import composing, waivers
from newsletter.issues.checks import Finding, Level
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.factories import make_editor, make_list

FOUND = Finding(
    Level.WARN, "dead-link", "The link “x” is broken.", "Why.", "introduction", "en", "https://x/"
)


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def issue(edith: Editor) -> Issue:
    return composing.create_issue(make_list(), subject="S", by=edith, now=NOW)


def test_a_waived_warning_says_who_when_and_why(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    [finding] = waivers.marked(issue, [FOUND])
    assert finding.waived is not None and not finding.stands
    assert (finding.waived.by, finding.waived.at) == ("Edith", NOW)
    assert finding.waived.reason == "It answers in Kenya."
    assert finding.to_json()["waived"] == {
        "reason": "It answers in Kenya.",
        "by": "Edith",
        "at": NOW.isoformat(),
    }


@pytest.mark.parametrize("change", ["code", "place", "language", "about"])
def test_it_holds_for_exactly_what_was_found(issue: Issue, edith: Editor, change: str) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    other = replace(FOUND, **{change: "other"})  # type: ignore[arg-type]  # all of them are texts
    assert [one.waived for one in waivers.marked(issue, [other])] == [None]


def test_it_holds_while_only_the_sentence_changes(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    [finding] = waivers.marked(issue, [replace(FOUND, sentence="Tried 9 times.")])
    assert finding.waived is not None


def test_it_holds_for_one_issue(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    other = composing.create_issue(issue.mailing_list, subject="T", by=edith, now=NOW)
    assert waivers.marked(other, [FOUND])[0].waived is None


def test_a_second_reason_replaces_the_first(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    waivers.waive(issue, FOUND, "It answers everywhere.", by=edith, now=NOW)
    [finding] = waivers.marked(issue, [FOUND])
    assert finding.waived is not None and finding.waived.reason == "It answers everywhere."


@pytest.mark.parametrize("reason", ["", "fine", "ok ok", "   ", "w" * 301, "a b\x00"])
def test_a_reason_has_to_say_something(issue: Issue, edith: Editor, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        waivers.waive(issue, FOUND, reason, by=edith, now=NOW)
    assert caught.value.field == "reason"


@pytest.mark.parametrize("level", [Level.STOP, Level.NOTE])
def test_only_warnings_can_be_let_pass(issue: Issue, edith: Editor, level: Level) -> None:
    with pytest.raises(Refused, match="Only warnings"):
        waivers.waive(issue, replace(FOUND, level=level), "It is fine so.", by=edith, now=NOW)


def test_a_stop_is_never_marked(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    stop = replace(FOUND, level=Level.STOP)
    assert waivers.marked(issue, [stop])[0].waived is None


def test_it_can_stand_again(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    assert waivers.withdraw(issue, FOUND.identity).sentence == FOUND.sentence
    assert waivers.marked(issue, [FOUND])[0].stands
    with pytest.raises(NotFound):
        waivers.withdraw(issue, FOUND.identity)


def test_what_is_mended_cannot_be_waived() -> None:
    with pytest.raises(NotFound, match="not there any more"):
        waivers.find([], FOUND.identity)
    assert waivers.find([FOUND], FOUND.identity) is FOUND


def test_waived_ones_come_last_among_the_warnings(issue: Issue, edith: Editor) -> None:
    waivers.waive(issue, FOUND, "It answers in Kenya.", by=edith, now=NOW)
    stands, note = replace(FOUND, about="y"), replace(FOUND, level=Level.NOTE)
    found = waivers.marked(issue, [FOUND, stands, note])
    assert [(one.level, one.waived is None) for one in found] == [
        (Level.WARN, True),
        (Level.WARN, False),
        (Level.NOTE, True),
    ]
