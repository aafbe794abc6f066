"""The checks on PostgreSQL: what is counted over all readers is counted the same."""

import pytest
from flask import Flask

from newsletter.issues import composing
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.delivery import test_preflight, test_readership
from tests.factories import make_editor, make_item, make_list, make_subscription
from tests.issues import test_waivers


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


@pytest.fixture
def issue(news: MailingList) -> Issue:
    make_subscription(news)
    make_item("one")
    return composing.create_issue(
        news,
        subject="S",
        preheader=test_preflight.PREHEADER,
        items=["one"],
        by=None,
        now=NOW,
    )


def test_readers_are_counted(news: MailingList) -> None:
    draft = composing.create_issue(news, subject="S", by=None, now=NOW)
    test_readership.test_gaps_and_longest_values_are_those_of_the_fields_in_use(news, draft)


def test_the_size_is_that_for_the_longest_reader(issue: Issue) -> None:
    test_preflight.test_the_size_is_that_for_the_reader_with_the_longest_values(issue)


def test_neighbours_are_found(issue: Issue) -> None:
    test_preflight.test_other_issues_to_the_same_list_are_neighbours(issue)


def test_links_are_wanted(issue: Issue) -> None:
    test_preflight.test_links_are_looked_at_after_they_were_wanted(issue)


def test_a_warning_is_let_pass_and_stands_again(issue: Issue) -> None:
    test_waivers.test_it_can_stand_again(issue, make_editor())
