"""What a digest says: words where there are no items, and no item that is old, wrong or gone."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from newsletter.delivery.digests import content
from newsletter.delivery.digests.content import Said
from newsletter.issues.content import Block, Divider, Heading, ItemRow, Prose
from newsletter.library import catalogue
from newsletter.library.models import ItemKind
from newsletter.subscriptions.models import Frequency, MailingList
from tests.conftest import NOW
from tests.delivery.digests.digesting import correct, digests_of, make, send_issue, subscription_of
from tests.factories import make_item, make_list, make_subscription

MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)


@pytest.fixture
def news(app: Flask) -> MailingList:
    """A list with Ada, who reads it once a week."""
    mailing_list = make_list()
    make_subscription(mailing_list, "ada@example.org", frequency=Frequency.WEEKLY)
    return mailing_list


def test_an_issue_without_items_says_all_its_words(news: MailingList) -> None:
    send_issue(news, "Only words")
    make(MONDAY)
    [got] = digests_of("ada")
    assert got.subject == "Weekly digest of 8 March 2027: Stay Informed"
    for part in (got.text, got.html):
        assert "Only words" in part
        # Each reader by their name, as in the issue itself.
        assert "Dear {}, there is news." in part.replace("\n", " ")


def test_a_correction_is_read_in_full_and_what_it_corrects_says_so(news: MailingList) -> None:
    make_item("a", title="A clinic opens")
    wrong = send_issue(news, "First", "a")
    correct(wrong, at=NOW + timedelta(days=2))
    make(MONDAY)
    [got] = digests_of("ada")
    for part in (got.text, got.html):
        words = ["First", "This issue was corrected on 3 March 2027.", "A clinic opens"]
        words += ["A correction", "It was wrong."]
        places = [part.rindex(one) for one in words]
        assert places == sorted(places)


def test_an_item_that_was_withdrawn_since_is_in_no_digest(news: MailingList) -> None:
    gone = make_item("a", title="A clinic opens")
    make_item("b", title="B is published")
    send_issue(news, "Both", "a", "b")
    catalogue.withdraw_item(gone, now=NOW)
    make(MONDAY)
    [got] = digests_of("ada")
    assert "1 new item " in got.subject
    assert "A clinic opens" not in got.text + got.html
    assert "B is published" in got.text


def test_nobody_gets_a_digest_of_nothing_but_a_subject(news: MailingList) -> None:
    gone = make_item("a")
    issue = send_issue(news, "Bare", "a", introduction="")
    catalogue.withdraw_item(gone, now=NOW)
    assert make(MONDAY) == []
    assert digests_of("ada") == []
    ada = subscription_of("ada")
    assert (ada.digest_after, ada.digest_due_at) == (issue.begun_order, MONDAY + timedelta(days=7))


@pytest.mark.parametrize(
    ("older", "newer", "are_same"),
    [
        ("a https://example.org/a", "a https://example.org/b", True),
        ("a https://example.org/a", " http://www.example.org/a/?utm_source=x", True),
        (" https://EXAMPLE.org/a", "a https://example.org/a", True),
        (" https://example.org/a?b=1&c=2", " https://example.org/a/?c=2&b=1", True),
        ("a ", " https://news.example.org/library/a", True),
        # Two items about one page are two pieces of news.
        ("a https://example.org/a", "b https://example.org/a", False),
        (" https://example.org/a#one", " https://example.org/a#two", False),
        (" https://example.org/a", " https://example.org/A", False),
        ("a ", "b ", False),
    ],
)
def test_an_item_and_its_page_are_one_however_it_is_typed(
    app: Flask, older: str, newer: str, are_same: bool
) -> None:
    found = content.worth_saying([said(1, row(older)), said(2, row(newer))])
    assert [one.number for one in found] == ([2] if are_same else [1, 2])


def test_an_issue_whose_items_all_come_below_keeps_its_words_alone(app: Flask) -> None:
    words = [Heading("h", "New", "en"), Divider("d")]
    both = [said(1, *words, row("a ")), said(2, Prose("p", "Hear, hear.", "en"), row("a "))]
    newest = said(3, row("a "))
    assert [one.number for one in content.worth_saying([*both, newest])] == [2, 3]


def said(number: int, *blocks: Block) -> Said:
    return Said(number, "Stay Informed", f"Issue {number}", blocks, "en", "")


def row(text: str) -> ItemRow:
    """An item of the library, or a page elsewhere, which has no short name."""
    slug, _, url = text.partition(" ")
    kind = ItemKind.NEWS if slug else None
    return ItemRow(slug, kind, f"About {text}", "", url, None, "en")
