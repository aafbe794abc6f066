"""How lists grow, on PostgreSQL."""

from tests.subscriptions.test_growth import (  # noqa: F401  # pytest finds them by these names
    news,
    test_a_day_ends_at_midnight_utc,
    test_each_day_says_who_came_who_left_and_how_many_there_were,
    test_two_clocks_at_once_count_a_day_once,
    test_who_came_and_went_lately_is_known_list_by_list,
)
