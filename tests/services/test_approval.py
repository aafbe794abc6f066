"""Approval on PostgreSQL, where somebody saves at the very same moment."""

from tests.issues.test_reviewing import (  # noqa: F401  # pytest finds them by these names
    issue,
    second,
    test_a_colleague_is_asked_by_mail_and_approves_what_they_read,
    test_anybody_who_may_is_everybody_but_who_wrote_and_who_asks,
    test_of_an_approval_and_a_save_at_once_one_wins,
    writer,
)
