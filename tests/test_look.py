"""The colours of the pages: every text can be read on every ground, light and dark."""

import re

import pytest

import config
from tests.colours import contrast

SHEET = (config.ROOT / "newsletter/static/site.css").read_text(encoding="utf-8")
GROUNDS = ("paper", "surface", "tint")
INKS = ("ink", "soft", "accent", "stop", "warn", "note", "good")

TEXT = 4.5
"""The least contrast of a text (WCAG 1.4.3)."""


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT_BLOCK, _, REST = SHEET.partition("@media (prefers-color-scheme: dark)")
LIGHT = tokens(LIGHT_BLOCK)
DARK = tokens(REST.partition("}\n}")[0])


def test_light_and_dark_have_the_same_tokens() -> None:
    assert set(LIGHT) == set(DARK) >= {*GROUNDS, *INKS, "line", "on-accent"}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_every_ground(scheme: dict[str, str]) -> None:
    pairs = [(ink, ground) for ink in INKS for ground in GROUNDS] + [("on-accent", "accent")]
    found = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in pairs}
    assert {pair: value for pair, value in found.items() if value < TEXT} == {}


def test_no_colour_is_written_beside_the_tokens() -> None:
    for sheet in (config.ROOT / "newsletter/static").glob("*.css"):
        beside = re.sub(r":root \{[^}]*\}", "", sheet.read_text(encoding="utf-8"))
        colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, )])|\brgba?\([^)]*\)", beside))
        # What shows a message, or a code to a camera, is white in the dark, too; shadows are black.
        assert {one for one in colours if "rgb(0 0 0 /" not in one} <= {"#ffffff"}
