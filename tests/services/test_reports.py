"""The report of an issue, on PostgreSQL."""

from tests.desk.conftest import browser  # noqa: F401  # pytest finds it by this name
from tests.desk.test_recipients import (  # noqa: F401  # pytest finds them by these names
    issue,
    test_a_list_has_those_of_one_state_or_one_reason,
    test_a_long_list_goes_on_where_the_page_ended,
    test_the_file_has_everybody_with_state_and_reason,
    test_what_is_made_up_in_an_address_is_no_error,
    test_who_left_by_an_issue_is_listed_and_an_erased_one_has_no_address,
)
from tests.reports.test_hours import (  # noqa: F401  # pytest finds them by these names
    number,
    test_what_was_taken_stands_in_its_hour,
    test_who_left_is_counted_by_hour_and_once_in_all,
)
from tests.test_migrations import (  # noqa: F401  # pytest finds it by this name
    test_who_left_before_it_was_noted_is_counted_with_the_issue,
)
