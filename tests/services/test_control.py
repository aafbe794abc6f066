"""Pause, resume and cancel by many at once, on PostgreSQL."""

from tests.delivery.test_control import (  # noqa: F401  # pytest finds them by these names
    slowly,
    test_a_large_issue_is_cancelled_at_once_and_the_sweeps_end_its_rows,
    test_any_order_of_steps_keeps_the_books,
    test_cancelling_ends_what_waits_and_leaves_what_is_in_flight_to_its_answer,
    test_of_many_at_once_the_last_word_is_cancels,
    test_resuming_ends_back_off_and_holds_but_sends_nothing_twice,
    test_what_may_have_been_sent_is_uncertain_whoever_cancels_its_row,
)
