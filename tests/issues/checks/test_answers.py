"""Whether links answered: accused only by who asked often enough."""

import pytest

from newsletter.reachability import words
from newsletter.reachability.links import Level, Verdict
from newsletter.reachability.models import LinkState
from tests.conftest import NOW
from tests.issues.checks.situations import findings, found, issue

PAGE = "https://example.org/page"
TEXT = f"[The page]({PAGE})"
DEAD = Verdict(
    Level.WARNING,
    LinkState.GONE,
    "There is no such page (404).",
    status=404,
    failing_since=NOW,
    failures=2,
)


def test_a_dead_link_is_a_warning_with_its_history() -> None:
    [finding] = findings(issue(introduction=TEXT), verdicts={PAGE: DEAD})
    assert (finding.level, finding.code, finding.about) == ("warn", "dead-link", PAGE)
    assert finding.sentence == "The link “The page” is broken. There is no such page (404)."
    assert finding.why.startswith("It was tried 2 times since 1 March 2027.")


@pytest.mark.parametrize(
    ("level", "state", "found_codes"),
    [
        (Level.FINE, LinkState.FINE, []),
        (Level.NOTE, LinkState.DOWN, ["doubtful-link"]),
        (Level.NOTE, LinkState.GONE, ["doubtful-link"]),
        (Level.NOTE, LinkState.NEW, ["new-links"]),
        (Level.UNSEEN, LinkState.UNSEEN, ["unseen-links"]),
        # Where nobody looks, nothing is said.
        (Level.UNSEEN, LinkState.NEW, []),
    ],
)
def test_who_is_not_sure_does_not_accuse(
    level: Level, state: LinkState, found_codes: list[str]
) -> None:
    verdict = Verdict(level, state, words.NEW)
    said = findings(issue(introduction=TEXT), verdicts={PAGE: verdict})
    assert [one.code for one in said] == found_codes
    assert all(one.level == "note" for one in said)


def test_what_was_not_looked_at_is_counted() -> None:
    addresses = [f"https://example.org/{number}" for number in range(3)]
    text = " ".join(f"[Page {one}]({one})" for one in addresses)
    text = text.replace("Page https://example.org/", "Number ")
    new = Verdict(Level.NOTE, LinkState.NEW, words.NEW)
    [finding] = findings(issue(introduction=text), verdicts=dict.fromkeys(addresses, new))
    assert finding.sentence == "3 links were not looked at yet."


def test_an_address_that_cannot_be_right_is_accused_once() -> None:
    text = "[The page](http://localhost/)"
    verdicts = {"http://localhost/": Verdict(Level.UNSEEN, LinkState.UNSEEN, words.UNSEEN)}
    assert found(issue(introduction=text), verdicts=verdicts) == [
        ("warn", "link-address", "introduction")
    ]
