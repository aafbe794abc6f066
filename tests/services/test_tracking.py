"""What is recorded of links, on PostgreSQL."""

from tests.tracking.test_following import (  # noqa: F401  # pytest finds them by these names
    mailing_list,
    test_a_link_leads_on_and_is_counted_once_it_was_judged,
    test_a_withdrawal_acts_on_mail_that_was_sent_already,
    test_leaving_ends_the_consent_to_be_recorded_with_a_trace_and_undo_does_not_bring_it_back,
    test_only_who_agreed_is_named_and_of_openings_only_the_last_day_is_kept,
    test_ten_thousand_at_once_are_a_handful_of_statements,
)
