"""What a person decides about uncertain mail, on PostgreSQL."""

from tests.delivery.test_resolving import (  # noqa: F401  # pytest finds them by these names
    issue,
    test_a_batch_that_somebody_works_on_is_left_alone,
    test_a_second_attempt_that_came_to_nothing_leaves_the_first_in_doubt,
    test_many_are_decided_some_at_a_time,
    test_sent_again_waits_with_the_bytes_of_the_first_attempt,
    test_taken_as_sent_is_final_and_the_row_says_who_decided,
    test_the_doubt_outlives_a_deferral,
    test_who_left_or_is_never_mailed_stays_uncertain_and_gets_nothing,
)
