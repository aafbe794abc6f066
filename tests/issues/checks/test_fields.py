"""Merge fields that are none, and those that leave a gap."""

import pytest

from newsletter.issues.checks import Readers, fields
from newsletter.issues.composition import BlockKind
from tests.issues.checks.situations import block, findings, found, issue


@pytest.mark.parametrize(
    ("texts", "finding"),
    [
        ({"subject": "Hi {{ nme }}"}, ("stop", "unknown-merge-field", "subject")),
        ({"preheader": "w" * 50 + "{{ a"}, ("stop", "unknown-merge-field", "preheader")),
        ({"introduction": "{{ config }}"}, ("stop", "unknown-merge-field", "introduction")),
        ({"subject": "Hi {{ name }}"}, ("note", "no-fallback", "subject")),
        ({"introduction": "{{ attributes.x }}"}, ("note", "no-fallback", "introduction")),
    ],
)
def test_every_text_is_looked_through(texts: dict[str, str], finding: tuple[str, str, str]) -> None:
    assert found(issue(**texts)) == [finding]


def test_blocks_are_looked_through() -> None:
    blocks = (
        block(BlockKind.TEXT, "a", text="{{ x }}"),
        block(BlockKind.HEADING, "b", title="{{ name }}"),
        block(BlockKind.BUTTON, "c", title="Go, {{ name }}", url="https://example.org/"),
    )
    assert found(issue(*blocks)) == [
        ("stop", "unknown-merge-field", "block-a"),
        ("note", "no-fallback", "block-b"),
        ("note", "no-fallback", "block-c"),
    ]
    assert fields.paths(issue(*blocks)) == ["name"]


def test_how_many_see_a_gap_is_said() -> None:
    readers = Readers({"en": 1_000, "en-GB": 234}, {"name": 212})
    [finding] = findings(issue(subject="For {{ name }}"), readers=readers)
    assert finding.why.startswith("212 of 1,234 readers, of whom this is not known, see nothing")


def test_where_everybody_has_a_value_there_is_no_gap() -> None:
    readers = Readers({"en": 1_000}, {"name": 0})
    assert found(issue(subject="For {{ name }}"), readers=readers) == []
