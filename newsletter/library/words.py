"""The words for a kind of item: what it is called, and what its button says."""

from newsletter.library.models import ItemKind

KIND_NAMES = {
    ItemKind.NEWS: "News",
    ItemKind.GUIDANCE: "Guidance",
    ItemKind.TOOL: "Tool",
    ItemKind.EVENT: "Event",
    ItemKind.PUBLICATION: "Publication",
}
"""What a reader calls an item of this kind."""

BUTTON_WORDS = {
    ItemKind.NEWS: "Read the news",
    ItemKind.GUIDANCE: "Read the guidance",
    ItemKind.TOOL: "Open the tool",
    ItemKind.EVENT: "See the event",
    ItemKind.PUBLICATION: "Read the publication",
}
"""The words on the button that leads to an item of this kind, on pages and in mail."""
