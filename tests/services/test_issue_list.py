"""The list of issues, its filters and its numbers on PostgreSQL."""

from tests.desk.conftest import browser  # noqa: F401  # pytest finds it by this name
from tests.desk.test_issue_list import (  # noqa: F401  # pytest finds them by these names
    news,
    test_issues_are_found_by_state_list_and_year,
    test_sent_issues_have_their_numbers_beside_them,
)
