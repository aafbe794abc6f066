"""The library, its choices and the sitemap on PostgreSQL."""

import pytest

from tests.library.test_browsing import (  # noqa: F401  # pytest finds them by these names
    test_a_facet_counts_what_each_choice_would_leave,
    test_a_facet_knows_the_other_filters_but_not_its_own,
    test_a_year_is_from_its_first_day_to_its_last,
    test_filters_are_all_applied,
    test_related_are_those_with_the_most_topics_of_it_then_the_newest,
)
from tests.public.test_crawling import (  # noqa: F401
    test_the_sitemap_names_every_public_page_and_nothing_else,
)
from tests.public.test_library import (  # noqa: F401
    test_an_item_leads_to_others_and_to_the_issues_that_had_it,
    test_strange_questions_get_a_calm_page,
)

pytestmark = pytest.mark.usefixtures("app")
