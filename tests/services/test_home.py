"""The desk's first page on PostgreSQL."""

from tests.desk.test_home import (  # noqa: F401  # pytest finds them by these names
    browser,
    edith,
    news,
    test_each_thing_that_needs_somebody_leads_to_where_it_is_done,
    test_items_that_came_since_the_last_issue_are_counted_until_an_issue_has_them,
    test_the_last_issue_has_its_numbers_and_the_lists_their_growth,
    test_who_writes_now_and_who_was_asked_to_approve_is_named,
)
