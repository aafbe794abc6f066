"""What links and domains leave to the database, on PostgreSQL: who asks, and what is kept."""

from tests.reachability.test_domains import (  # noqa: F401  # pytest finds them by these names
    fetching,
    test_a_domain_that_proves_its_mail_is_good,
    test_answers_are_kept_for_an_hour,
    test_no_transaction_is_open_while_the_dns_is_asked,
    test_wanting_again_writes_once_an_hour,
)
from tests.reachability.test_links import (  # noqa: F401
    test_a_link_that_nobody_wants_any_more_is_not_asked_on_and_on,
    test_a_missing_page_is_noted_and_after_a_second_try_a_warning,
    test_a_page_with_endless_links_has_three_hundred_looked_at,
    test_of_clocks_that_ask_at_the_same_moment_one_asks,
    test_wanting_again_costs_no_second_row_and_changes_nothing_for_an_hour,
    test_what_nobody_wants_is_forgotten_after_three_months,
    test_who_was_away_too_long_does_not_write_over_the_other,
)
from tests.reachability.test_looking import (  # noqa: F401
    test_links_that_are_due_are_asked_and_written_down,
)
