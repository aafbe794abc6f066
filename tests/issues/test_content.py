"""What an issue says survives the way into a revision and back."""

import json
from datetime import date

from newsletter.issues import content
from newsletter.issues.content import Content, ItemRow
from newsletter.library.models import ItemKind


def test_content_survives_json() -> None:
    row = ItemRow(
        slug="guidance-on-mms",
        kind=ItemKind.GUIDANCE,
        title="Guidance “on” MMS",
        summary="What it says.",
        url="https://example.org/guidance",
        published_on=date(2025, 1, 20),
        language="fr",
    )
    whole = Content("Subject", "Preheader", "Hello {{ name }}", (row,), "en")
    stored = json.loads(json.dumps(content.to_json(whole)))
    assert stored["rows"][0]["kind"] == "guidance"
    assert stored["rows"][0]["published_on"] == "2025-01-20"
    assert content.from_json(stored) == whole
