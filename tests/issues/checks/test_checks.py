"""All checks together: what they say is whole, in order, said once, and never an exception."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.issues.checks import Finding, Level
from newsletter.issues.composition import BlockKind, Composition, Words
from newsletter.issues.texts import Texts
from tests.issues.checks.situations import block, facts, findings, found, issue, item

PLACES = {"subject", "preheader", "introduction", "blocks", "audience", "list", "time"}

WORDS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="{}[]()<>|*_`#>- \n/:.!?%$a@", max_size=80),
    st.sampled_from(
        [
            "",
            "TK",
            "[here](x)",
            "https://[::1",
            "[a](http://xn--a)",
            "{{ name",
            "{{ name }}",
            "*" * 99,
        ]
    ),
)


def test_a_finished_issue_has_no_findings() -> None:
    assert found() == []
    assert found(issue(item())) == []


def test_stops_come_first_and_notes_last() -> None:
    levels = [one.level for one in findings(issue(subject="{{ name }} {{ x }}", preheader=""))]
    assert levels == [Level.STOP, Level.WARN, Level.NOTE]


def test_one_mistake_made_twice_is_said_once() -> None:
    assert len(found(issue(introduction="{{ x }} and {{ x }}"))) == 1


def test_findings_are_plain_values() -> None:
    [finding] = findings(issue(subject=""))
    assert json.loads(json.dumps(finding.to_json())) == {
        "level": "stop",
        "code": "empty-subject",
        "sentence": "The subject is empty.",
        "why": "Readers decide by the subject whether to open a mail.",
        "place": "subject",
        "language": "en",
        "about": "",
        "identity": finding.identity,
        "waived": None,
    }


def test_a_finding_about_something_else_is_another_one() -> None:
    [one] = findings(issue(introduction="see xxx"))
    [again] = findings(issue(introduction="now see xxx and more"))
    [other] = findings(issue(introduction="see xxxx"))
    assert one.identity == again.identity != other.identity


@pytest.mark.parametrize("words", ["x" * 300, "a\nb", "\ud800"])
def test_an_identity_fits_its_column(words: str) -> None:
    finding = Finding(Level.WARN, "code", "Sentence.", "Why.", "subject", about=words)
    assert re.fullmatch("[0-9a-f]{16}", finding.identity)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_typed_the_findings_are_whole(data: st.DataObject) -> None:
    whole = _drawn(data)
    places = PLACES | {f"block-{one.key}" for one in whole.blocks}
    for finding in findings(whole, recipients=0, postal_address=""):
        assert finding.place in places
        assert finding.code and finding.code == finding.code.lower()
        assert finding.language in {"", *whole.languages}
        assert "\n" not in finding.sentence and len(finding.sentence) < 500
        assert finding.sentence.strip() and finding.why.rstrip().endswith((".", "”"))
    assert facts(whole).whole is whole


def _drawn(data: st.DataObject) -> Composition:
    def words() -> Words:
        return Words(data.draw(WORDS), data.draw(WORDS), data.draw(WORDS))

    kinds = data.draw(st.lists(st.sampled_from(list(BlockKind)), max_size=5))
    blocks = []
    for number, kind in enumerate(kinds):
        key = f"k{number}"
        if kind is BlockKind.ITEM:
            title, url = data.draw(WORDS), data.draw(WORDS)
            blocks.append(item(key, {"fr": words()}, title=title, url=url))
        else:
            said = words()
            blocks.append(block(kind, key, words(), title=said.title, text=said.text, url=said.url))
    texts = [data.draw(WORDS) for _ in range(6)]
    return Composition(
        {"en": Texts(*texts[:3]), "fr": Texts(*texts[3:])},
        tuple(blocks),
    )
