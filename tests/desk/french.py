"""An issue in a second language."""

from newsletter.issues import composing, editing
from newsletter.issues.composition import Composition
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts
from tests.conftest import NOW


def with_french(issue: Issue) -> Composition:
    """Give an issue a French edition with its own texts, save it, and return all of it."""
    whole = editing.with_edition(composing.current(issue), "fr")
    whole = editing.with_texts(whole, "fr", Texts("Bonjour", "Du nouveau", "Chers lecteurs"))
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=NOW)
    return whole
