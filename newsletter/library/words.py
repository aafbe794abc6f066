"""The words for a kind of item: what it is called, and what its button says."""

from newsletter.library.models import ItemKind
from newsletter.marking import marked

KIND_NAMES = {
    ItemKind.NEWS: marked("News"),
    ItemKind.GUIDANCE: marked("Guidance"),
    ItemKind.TOOL: marked("Tool"),
    ItemKind.EVENT: marked("Event"),
    ItemKind.PUBLICATION: marked("Publication"),
}
"""What a reader calls an item of this kind."""

BUTTON_WORDS = {
    ItemKind.NEWS: marked("Read the news"),
    ItemKind.GUIDANCE: marked("Read the guidance"),
    ItemKind.TOOL: marked("Open the tool"),
    ItemKind.EVENT: marked("See the event"),
    ItemKind.PUBLICATION: marked("Read the publication"),
}
"""The words on the button that leads to an item of this kind, on pages and in mail."""
