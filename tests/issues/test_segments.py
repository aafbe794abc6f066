"""Segments are literals and slots: filled once, kept as JSON, never parsed again."""

import json

from newsletter.issues import segments
from newsletter.issues.merge_fields import MergeField, Part
from newsletter.issues.segments import Slot, fill, merged

NAME = Slot(MergeField("name", "friend"))
LINK = Slot(MergeField("unsubscribe_url"))


def test_filling_escapes_for_the_part() -> None:
    values = {"name": "A&B", "unsubscribe_url": "https://x.test/?a=1&b=2"}
    assert fill(("Hi ", NAME, " ", LINK), values, part=Part.HTML) == (
        "Hi A&amp;B https://x.test/?a=1&amp;b=2"
    )
    assert fill((NAME, " ", LINK), values, part=Part.TEXT) == "A&B https://x.test/?a=1&b=2"


def test_a_slot_in_an_address_is_percent_encoded_in_every_part() -> None:
    slot = Slot(MergeField("name"), in_url=True)
    for part in (Part.HTML, Part.TEXT):
        assert fill(("?n=", slot), {"name": "A&B <"}, part=part) == "?n=A%26B%20%3C"


def test_a_value_that_looks_like_a_field_stays_as_it_is() -> None:
    values = {"name": "{{ attributes.secret }}", "attributes.secret": "never"}
    assert fill((NAME,), values, part=Part.TEXT) == "{{ attributes.secret }}"


def test_segments_survive_json() -> None:
    whole = ("a", NAME, "b", Slot(MergeField("attributes.x"), in_url=True), LINK)
    assert segments.from_json(json.loads(json.dumps(segments.to_json(whole)))) == whole


def test_neighbouring_literals_become_one() -> None:
    assert merged(("a", "", "b", NAME, "", "c")) == ("ab", NAME, "c")
