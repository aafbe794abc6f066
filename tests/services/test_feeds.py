"""Feeds on PostgreSQL."""

from tests.public.test_feeds import (  # noqa: F401  # pytest finds them by these names
    news,
    test_a_feed_is_as_the_standard_wants_it,
    topic,
)
