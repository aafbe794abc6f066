"""The index of words: FTS5 on SQLite, tsvector on PostgreSQL, behind the same few functions.

Each kind of thing has a table of its own, whose rows have the numbers of the things. The verb
that changes a thing puts its words here in the same transaction. No trigger does it: SQLite
loses the triggers of a table that a migration makes anew.
"""

import enum
from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from newsletter.extensions import db
from newsletter.searching.words import Term, asked, words

CANDIDATES = 100
"""How many of the newest that fit are looked at for the best."""

LARGEST_VECTOR = 900_000
"""Octets of the words of one text: PostgreSQL takes a little more."""


class Index(enum.StrEnum):
    """What can be found, by the name of its table."""

    ITEMS = "search_item"
    ISSUES = "search_issue"
    IMAGES = "search_image"


def put(
    index: Index, number: int, *, title: str, text: str, via: sa.Connection | None = None
) -> None:
    """Let a thing be found by these words, and by no others any more."""
    heading, rest = words(title), words(text)
    if _is_sqlite(via):
        statement = f"INSERT OR REPLACE INTO {index} (rowid, title, words) VALUES (:id, :a, :b)"
        values = {"a": " ".join(heading), "b": " ".join(rest)}
    else:
        statement = (
            f"INSERT INTO {index} (id, title, words) "
            "VALUES (:id, CAST(:a AS tsvector), CAST(:b AS tsvector)) "
            "ON CONFLICT (id) DO UPDATE SET title = excluded.title, words = excluded.words"
        )
        values = {"a": _vector(heading, []), "b": _vector(heading, rest)}
    (via or db.session).execute(sa.text(statement), {"id": number, **values})


def drop(index: Index, number: int) -> None:
    """Let a thing be found no more."""
    key = "rowid" if _is_sqlite() else "id"
    db.session.execute(sa.text(f"DELETE FROM {index} WHERE {key} = :id"), {"id": number})


def matching(index: Index, search: str) -> sa.Select[tuple[int]]:
    """Return the question for the numbers of all that has what is asked for, as `id`.

    A search without a letter asks for nothing, and finds nothing.
    """
    return _matches(index, asked(search), in_title=False)


def best(index: Index, search: str) -> sa.Subquery:
    """Return the best of what has all that is asked for: `id` and `place`, to be joined.

    Sort by `place`, then by `id` downwards: what has all of it in the title, then the
    rest, each the newest first. Of each only the newest are there, however many fit:
    so it takes no longer to ask for what stands everywhere.
    """
    terms = asked(search)
    found = sa.union_all(
        *(
            sa.select(
                _newest(_matches(index, terms, in_title=in_title)).c.id,
                sa.literal_column("0" if in_title else "1", sa.Integer).label("place"),
            )
            for in_title in (True, False)
        )
    ).subquery()
    place = sa.func.min(found.c.place).label("place")
    return sa.select(found.c.id, place).group_by(found.c.id).subquery("best")


def create(index: Index, connection: sa.Connection) -> None:
    """Make the table of an index; only a migration calls this."""
    if _is_sqlite(connection):
        # What is given is folded and parted by blanks: every other sign belongs to a word.
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {index} USING fts5"
            "(title, words, tokenize = 'ascii', prefix = '2 3')"
        )
        return
    connection.exec_driver_sql(
        f"CREATE TABLE {index} "
        "(id integer PRIMARY KEY, title tsvector NOT NULL, words tsvector NOT NULL)"
    )
    for column in ("title", "words"):
        # Writing is rare: what waits to be indexed would be read through by every search.
        connection.exec_driver_sql(
            f"CREATE INDEX ix_{index}_{column} ON {index} USING gin ({column}) "
            "WITH (fastupdate = off)"
        )


def remove(index: Index, connection: sa.Connection) -> None:
    """Drop the table of an index; only a migration calls this."""
    connection.exec_driver_sql(f"DROP TABLE {index}")


def _newest(matches: sa.Select[tuple[int]]) -> sa.Subquery:
    return matches.order_by(sa.literal_column("id").desc()).limit(CANDIDATES).subquery()


def _matches(index: Index, terms: Sequence[Term], *, in_title: bool) -> sa.Select[tuple[int]]:
    names = ("rowid", "id", "title", "words")
    table = sa.table(index.value, *(sa.column(name, sa.Integer) for name in names))
    key = table.c.rowid if _is_sqlite() else table.c.id
    question = sa.select(key.label("id"))
    if not terms:
        return question.where(sa.false())
    if _is_sqlite():
        match = " ".join(_sqlite_term(term) for term in terms)
        asked_for = f"title : ({match})" if in_title else match
        return question.where(sa.literal_column(index.value, sa.Text).op("MATCH")(asked_for))
    query = sa.cast(" & ".join(_postgresql_term(term) for term in terms), postgresql.TSQUERY)
    return question.where((table.c.title if in_title else table.c.words).op("@@")(query))


def _sqlite_term(term: Term) -> str:
    return f'"{" ".join(term.words)}"{"*" if term.is_begun else ""}'


def _postgresql_term(term: Term) -> str:
    quoted = [f"'{word}'" for word in term.words]
    return f"({' <-> '.join(quoted)}{':*' if term.is_begun else ''})"


def _vector(heading: Sequence[str], rest: Sequence[str]) -> str:
    """Return a tsvector as it is written: each word with its places."""
    places: dict[str, list[str]] = defaultdict(list)
    room = LARGEST_VECTOR
    for place, word in enumerate(heading, start=1):
        places[word].append(str(place))
    # A place is left free, so that no row of words goes on from the title into the text.
    for place, word in enumerate(rest, start=len(heading) + 2):
        room -= len(word.encode()) + 8
        if room < 0:
            break
        places[word].append(str(place))
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())


def _is_sqlite(connection: sa.Connection | None = None) -> bool:
    return (connection or db.engine).dialect.name == "sqlite"
