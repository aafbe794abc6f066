"""The words that members agree to: kept here, one text a language, each change a new version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.membership import facts
from newsletter.membership.models import MembershipWords
from newsletter.subscriptions.consent import Wording
from newsletter.translating import ORIGINAL, Translator

UNSET = marked("We share the objectives of this organisation, and want to work towards them.")
"""What is agreed to while nobody has written the objectives down."""

MAILS = marked(
    "Members get e-mails from us at this address. They can stop them at any time by one link in "
    "every e-mail, and stay members."
)
"""What they agree to as well; it stands below the objectives."""


@dataclass(frozen=True)
class Agreement:
    """What is shown to be agreed to: the objectives, perhaps in another language, and the mails."""

    objectives: str
    language: str
    version: int
    mails: str

    @property
    def mark(self) -> str:
        """By what a form remembers which words it showed."""
        return f"{self.language}-{self.version}"

    def wording(self, spoken: str) -> Wording:
        """Return all of the words as they are kept, for a page in the language `spoken`."""
        text = f"{self.objectives}\n\n{self.mails}"
        return Wording(text=text, version=f"members {self.mark}", language=spoken)


def agreement(ours: Translator) -> Agreement:
    """Return the words in the language of `ours`, else in English, else in the oldest other."""
    rows = {row.language: row for row in _rows()}
    mails = ours.gettext(MAILS)
    for language in (ours.language, ORIGINAL, *rows):
        if language in rows:
            row = rows[language]
            return Agreement(row.text, language, row.version, mails)
    return Agreement(ours.gettext(UNSET), ours.language, 0, mails)


def written() -> Mapping[str, MembershipWords]:
    """Return the words there are, by language."""
    return {row.language: row for row in _rows()}


def write(language: str, text: str, *, now: datetime) -> bool:
    """Let members agree to these words from now on; tell whether they are other ones.

    An empty text takes the language's own words away. Who agreed before agreed to the words of
    then, which are kept with them.
    """
    words = facts.objectives(text, field=f"words-{language}")
    row = db.session.get(MembershipWords, language)
    if words == (row.text if row else ""):
        return False
    if row is None:
        row = MembershipWords(language=language, text=words, version=1, changed_at=now)
        db.session.add(row)
    else:
        row.text, row.version, row.changed_at = words, row.version + 1, now
    db.session.flush()
    return True


def _rows() -> list[MembershipWords]:
    """Return the words, but for those that were taken away, of which the count is kept."""
    question = sa.select(MembershipWords).where(MembershipWords.text != "")
    return list(
        db.session.scalars(question.order_by(MembershipWords.changed_at, MembershipWords.language))
    )
