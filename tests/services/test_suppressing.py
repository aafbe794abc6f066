"""Files of addresses that are never mailed, on PostgreSQL."""

from tests.audiences.test_suppressing import (  # noqa: F401  # pytest finds them by these names
    test_an_erased_person_is_suppressed_for_good,
    test_bad_lines_are_named_and_do_not_stop_the_others,
    test_doing_it_twice_changes_nothing,
)
