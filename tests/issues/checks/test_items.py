"""Items of the library: withdrawn, changed, sent before, twice."""

from typing import Any

import pytest

from newsletter.issues.picking import Sent
from tests.conftest import NOW
from tests.issues.checks.situations import findings, found, issue, item


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({"withdrawn": frozenset({"b1"})}, ("stop", "withdrawn-item", "block-b1")),
        ({"changed": {"b1": "2027-03-01"}}, ("warn", "changed-item", "block-b1")),
        ({"sent_in": {"guidance-on-mms": Sent(41, NOW)}}, ("warn", "sent-before", "block-b1")),
    ],
)
def test_what_became_of_an_item(facts: dict[str, Any], finding: tuple[str, str, str]) -> None:
    assert found(issue(item()), **facts) == [finding]


def test_where_it_was_sent_is_said() -> None:
    [finding] = findings(issue(item()), sent_in={"guidance-on-mms": Sent(41, NOW)})
    assert finding.sentence == "“Guidance on MMS” was already in issue 41 (1 March 2027)."


def test_a_change_after_the_one_that_was_waived_is_another_finding() -> None:
    one, other = (
        findings(issue(item()), changed={"b1": when})[0].identity for when in ("monday", "tuesday")
    )
    assert one != other


def test_two_items_that_lead_to_one_page_are_found() -> None:
    twice = issue(item("b1"), item("b2", slug="", kind=None, url="https://example.org/guidance/"))
    assert found(twice) == [("warn", "twice", "block-b2")]
