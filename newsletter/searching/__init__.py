"""Full text: finding things by the words in them, the same way on SQLite and PostgreSQL."""

from newsletter.searching.index import Index, best, drop, matching, put
from newsletter.searching.words import LONGEST_SEARCH, fits

__all__ = ["LONGEST_SEARCH", "Index", "best", "drop", "fits", "matching", "put"]
