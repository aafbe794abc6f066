"""The archive on PostgreSQL."""

from tests.public.test_archive import (  # noqa: F401  # pytest finds them by these names
    news,
    test_a_correction_stands_on_top_of_what_it_corrects,
    test_a_long_archive_has_pages_that_keep_the_year,
    test_an_issue_leads_to_those_before_and_after_it_on_its_list,
    test_readers_see_the_subjects_of_their_own_language,
    test_two_lists_can_be_told_apart,
    test_years_lead_to_their_issues_and_say_how_many,
)
