"""Approving, sending and correcting on PostgreSQL, where others do so at the very same moment."""

from tests.delivery.test_audience import (  # noqa: F401  # pytest finds them by these names
    news,
    test_everybody_gets_the_edition_that_they_can_read_and_it_was_said_so,
    test_everybody_of_the_list_is_in_one_group,
    test_they_are_shown_a_page_at_a_time,
    test_who_is_left_out_is_counted_by_reason_and_once,
)
from tests.desk.conftest import browser  # noqa: F401  # pytest finds it by this name
from tests.desk.test_sending import (  # noqa: F401
    issue,
    test_of_many_presses_at_once_one_counts,
    test_one_sentence_says_whom_it_goes_to_and_who_is_left_out,
)
from tests.issues.test_correcting import (  # noqa: F401
    test_it_goes_to_exactly_those_who_got_it_or_may_have,
    test_of_many_clicks_at_once_one_makes_a_correction,
    test_who_left_paused_or_is_suppressed_since_gets_none_and_is_counted,
    wrong,
)
from tests.issues.test_workflow import (  # noqa: F401
    test_of_many_who_press_at_once_one_wins,
)
