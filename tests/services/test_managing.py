"""Readers' own pages on PostgreSQL: locks, single use, what is taken back."""

# ruff: noqa: F401, F811  # Fixtures and tests are the same ones, on another database.
from tests.public.managing.conftest import reader, subscription
from tests.public.managing.test_address import (
    test_a_second_press_leaves_the_first_link_alive,
    test_a_sign_up_with_the_old_address_does_not_keep_it_away,
    test_an_address_of_somebody_else_stays_theirs_and_the_answer_is_the_same,
    test_an_objection_stops_all_later_changes,
    test_it_counts_once_the_new_mailbox_proved_it,
    test_the_old_address_objects_afterwards_within_seven_days,
)
from tests.public.managing.test_arriving import (
    test_of_twenty_presses_at_once_one_gets_in,
    test_the_answer_is_the_same_for_every_address,
)
from tests.public.managing.test_lists import (
    test_a_pause_ends_by_the_clock,
    test_each_question_about_a_list_is_asked,
    test_of_ten_presses_at_once_one_joins,
    test_who_leaves_and_joins_again_has_two_intervals,
)
from tests.public.managing.test_on_no_list import (
    test_looking_leaves_no_subscriber_behind,
    test_they_get_a_link_and_all_that_is_kept,
)
from tests.public.managing.test_own_data import (
    test_deleting_asks_first_and_leaves_one_mark,
    test_everything_is_on_the_page_and_in_the_file,
)
from tests.public.managing.test_recording import (
    test_a_list_that_stops_naming_readers_ends_it_for_all_and_asks_anew_if_it_begins_again,
    test_yes_counts_with_the_words_that_stood_there_and_no_ends_it,
)
from tests.public.test_leaving import (
    test_each_button_has_an_undo_that_gives_back_what_was,
    test_one_click_keeps_what_the_button_keeps_to_take_it_back,
    test_the_answer_why_is_counted_once_and_without_the_reader,
)
from tests.subscriptions.test_mass_leaving import (
    few,
    mailing_list,
    test_who_may_send_to_the_list_is_told_once_and_all_of_it_counts,
)
from tests.subscriptions.test_pausing import (
    ada,
    test_a_pause_after_the_clock_was_set_right_stays,
    test_a_pause_of_a_month_ends_in_a_month,
)
from tests.subscriptions.test_undoing import (
    test_lists_that_are_left_one_after_the_other_share_a_good_bye,
    test_nobody_is_unsubscribed_unheard_however_often,
)
