"""Issues to be checked: one without a fault, and ways to make one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from newsletter.issues import checks
from newsletter.issues.checks import Facts, Finding
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

FINE = Texts(
    subject="New guidance for antenatal care",
    preheader="What decision-makers asked about, answered by the experts.",
    introduction="Dear {{ name | friend }}, read [the overview](https://example.org/).",
)
IN_FRENCH = Texts(
    subject="De nouvelles recommandations",
    preheader="Ce que les décideurs ont demandé, et ce que répondent les experts.",
    introduction="Bonjour, lisez [la synthèse](https://example.org/fr).",
)
ITEM = PickedItem(
    title="Guidance on MMS",
    summary="What the guidance says, in one sentence.",
    url="https://example.org/guidance",
    language="en",
    slug="guidance-on-mms",
    kind=ItemKind.GUIDANCE,
    published_on=date(2025, 1, 20),
    seen_at="2027-03-01T09:00:00+00:00",
)
IMAGE = PickedImage(number=1, path="/media/1.png", width=600, height=300)


def issue(*blocks: Block, french: Texts | None = None, **texts: str) -> Composition:
    """An issue without a fault but for what is said of it, in English and perhaps in French."""
    first = replace(FINE, **texts)  # type: ignore[arg-type]  # they are texts
    return Composition({"en": first} | ({"fr": french} if french else {}), blocks)


def block(kind: BlockKind, key: str = "b1", french: Words | None = None, **words: str) -> Block:
    """A block with words in English, and perhaps in French."""
    said = {"en": Words(**words)} | ({"fr": french} if french else {})
    image = IMAGE if kind is BlockKind.IMAGE else None
    return Block(key, kind, said, image=image)


def item(key: str = "b1", words: Mapping[str, Words] | None = None, **changes: Any) -> Block:
    """An item of the library."""
    return Block(key, BlockKind.ITEM, words or {}, item=replace(ITEM, **changes))


def facts(whole: Composition | None = None, **changes: Any) -> Facts:
    """The facts of an issue around which everything is in order."""
    known = Facts(
        whole=whole or issue(),
        public_url="https://news.example.org",
        recipients=1_234,
        postal_address="1 Example Street",
    )
    return replace(known, **changes)


def findings(whole: Composition | None = None, **changes: Any) -> Sequence[Finding]:
    """What the checks find."""
    return checks.check(facts(whole, **changes))


def found(whole: Composition | None = None, **changes: Any) -> list[tuple[str, str, str]]:
    """The level, the code and the place of each finding."""
    return [(one.level.value, one.code, one.place) for one in findings(whole, **changes)]
