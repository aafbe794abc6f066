"""What an issue says survives the way into a revision and back."""

import json
from datetime import date

from newsletter.issues import composition
from newsletter.issues.composition import (
    Block,
    BlockKind,
    Composition,
    PickedImage,
    PickedItem,
    Words,
)
from newsletter.issues.texts import Texts
from newsletter.library.models import ItemKind


def test_a_composition_survives_json() -> None:
    item = PickedItem(
        slug="guidance-on-mms",
        kind=ItemKind.GUIDANCE,
        title="Guidance “on” MMS",
        summary="What it says.",
        url="https://example.org/guidance",
        published_on=date(2025, 1, 20),
        language="fr",
        seen_at="2027-03-01T09:00:00+00:00",
    )
    elsewhere = PickedItem("A page", "", "https://who.int/x", "en", trouble="It did not answer.")
    whole = Composition(
        editions={"fr": Texts("Sujet", "", "Bonjour {{ name }}"), "en": Texts("Subject", "P", "")},
        blocks=(
            Block("b1", BlockKind.ITEM, {"en": Words(title="Guidance")}, item=item),
            Block("b2", BlockKind.ITEM, item=elsewhere),
            Block("b3", BlockKind.IMAGE, {"fr": Words(text="Une mère")}, image=picture()),
            Block("b4", BlockKind.BUTTON, {"fr": Words("Lire", url="https://example.org/")}),
            Block("b5", BlockKind.TEXT, {"fr": Words(text="Mots")}),
            Block("b6", BlockKind.DIVIDER),
        ),
    )
    stored = json.loads(json.dumps(composition.to_json(whole)))
    assert stored["blocks"][0]["item"]["kind"] == "guidance"
    assert stored["blocks"][0]["item"]["published_on"] == "2025-01-20"
    found = composition.from_json(stored)
    assert found == whole
    assert found.languages == ("fr", "en")


def picture() -> PickedImage:
    return PickedImage(number=1, path="/media/abc.jpg", width=1200, height=800)
