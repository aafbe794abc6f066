"""A relay that is away, on PostgreSQL."""

from tests.delivery.test_reaching import (  # noqa: F401  # pytest finds them by these names
    hands,
    quick,
    reach,
    relay,
    test_a_relay_that_stays_away_pauses_the_issue_which_resumes_by_itself,
    test_an_issue_that_others_can_send_neither_says_so_nor_pauses,
)
