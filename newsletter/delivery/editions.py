"""The compiled editions that a courier keeps at hand."""

from newsletter.delivery import compiling
from newsletter.delivery.compiling import Compiled
from newsletter.delivery.models import CompiledEdition, Send
from newsletter.extensions import db, reading

KEPT = 64
"""So many that a digest in five languages, and for several topics, is read once."""


class Editions:
    """Reads each edition from the database once; the oldest ones are forgotten."""

    def __init__(self) -> None:
        self._known: dict[int, Compiled] = {}

    def get(self, edition_id: int) -> Compiled:
        """Return one edition, ready to be filled in."""
        known = self._known.get(edition_id)
        if known is None:
            with reading():
                row = db.session.get_one(CompiledEdition, edition_id)
                known = compiling.read(row, db.session.get_one(Send, row.send_id))
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
        else:
            # The one that was used last is forgotten last.
            del self._known[edition_id]
        self._known[edition_id] = known
        return known
