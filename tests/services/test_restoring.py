"""A backup that was put back, on PostgreSQL."""

from tests.delivery.test_restoring import (  # noqa: F401  # pytest finds them by these names
    test_numbers_in_links_mailed_since_mean_nobody_else,
    test_what_a_cancelled_issue_never_sent_is_cancelled_and_only_the_rest_in_doubt,
    test_what_is_decided_to_be_sent_again_goes_out_after_resume,
    test_what_was_open_is_uncertain_and_its_issue_paused,
)
