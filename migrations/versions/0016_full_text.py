"""Finding items, issues and images by their words."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

# The index has to agree with the code that asks it, not with what the code once was.
from newsletter import searching
from newsletter.searching import Index
from newsletter.searching.index import create, remove

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FINDABLE = {
    Index.ITEMS: "SELECT id, title, summary || ' ' || body || ' ' || region FROM item",
    Index.ISSUES: "SELECT issue_id, subject, preheader || ' ' || words FROM edition"
    " ORDER BY issue_id, position",
    Index.IMAGES: "SELECT id, name, alt FROM image",
}
"""The number, the title and the text of what is there already."""


def upgrade() -> None:
    connection = op.get_bind()
    for index, question in FINDABLE.items():
        create(index, connection)
        for number, title, text in _whole(connection.execute(sa.text(question)).all()):
            searching.put(index, number, title=title, text=text, via=connection)


def downgrade() -> None:
    for index in FINDABLE:
        remove(index, op.get_bind())


def _whole(rows: Sequence[sa.Row[tuple[int, str, str]]]) -> Iterator[tuple[int, str, str]]:
    """Give each thing once, with all its titles and texts: an issue has one for each language."""
    found: dict[int, list[tuple[str, str]]] = {}
    for number, title, text in rows:
        found.setdefault(number, []).append((title, text))
    for number, said in found.items():
        yield number, " ".join(title for title, _ in said), " ".join(text for _, text in said)
