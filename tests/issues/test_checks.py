"""Every finding has a level, a sentence, a reason and a place."""

import json
from dataclasses import replace
from typing import Any

import pytest

from newsletter.issues import checks
from newsletter.issues.checks import Facts, Level
from newsletter.issues.content import Content
from tests.issues.samples import GUIDANCE, content, item

FACTS = Facts(recipients=1_234, html_bytes=20_000, postal_address="1 Example Street")
CLEAN = content(introduction="Dear {{ name | friend }}, read [the overview](https://example.org/).")


def found(said: Content = CLEAN, **facts: Any) -> list[tuple[str, str, str]]:
    findings = checks.check(said, replace(FACTS, **facts))
    return [(finding.level.value, finding.code, finding.place) for finding in findings]


def test_a_finished_issue_has_no_findings() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"subject": " "}, ("stop", "empty-subject", "subject")),
        ({"introduction": "", "blocks": ()}, ("stop", "nothing-to-say", "items")),
        ({"subject": "Hi {{ nme }}"}, ("stop", "unknown-merge-field", "subject")),
        ({"preheader": "w" * 50 + "{{ a"}, ("stop", "unknown-merge-field", "preheader")),
        ({"introduction": "{{ config }}"}, ("stop", "unknown-merge-field", "introduction")),
        ({"preheader": ""}, ("warn", "no-preheader", "preheader")),
        ({"preheader": CLEAN.subject.lower()}, ("warn", "same-preheader", "preheader")),
        ({"subject": "w" * 79}, ("warn", "long-subject", "subject")),
        ({"subject": "TK"}, ("warn", "placeholder", "subject")),
        ({"introduction": "Lorem Ipsum dolor"}, ("warn", "placeholder", "introduction")),
        ({"introduction": "see xxx"}, ("warn", "placeholder", "introduction")),
        ({"introduction": "Dear *|FNAME|*"}, ("warn", "placeholder", "introduction")),
        ({"introduction": "Dear %%name%%"}, ("warn", "placeholder", "introduction")),
        ({"introduction": "{% if x %}"}, ("warn", "placeholder", "introduction")),
        (
            {"introduction": "[Click here](https://example.org/)"},
            ("warn", "link-words", "introduction"),
        ),
        (
            {"introduction": "[**here**](https://example.org/)."},
            ("warn", "link-words", "introduction"),
        ),
        ({"introduction": "[the page](/about)"}, ("warn", "link-address", "introduction")),
        ({"introduction": "[the page](about.html)"}, ("warn", "link-address", "introduction")),
        (
            {"introduction": "[it](http://localhost:8000/)"},
            ("warn", "link-address", "introduction"),
        ),
        ({"introduction": "[it](http://[::1/)"}, ("warn", "link-address", "introduction")),
        (
            {"blocks": (item(title="For {{ name }}"),)},
            ("warn", "placeholder", "items/item-1"),
        ),
        ({"preheader": "Short"}, ("note", "preheader-length", "preheader")),
        ({"preheader": "w" * 131}, ("note", "preheader-length", "preheader")),
        ({"subject": "Hi {{ name }}"}, ("note", "no-fallback", "subject")),
        ({"introduction": "{{ attributes.x }}"}, ("note", "no-fallback", "introduction")),
    ],
)
def test_what_the_text_says_is_checked(
    changes: dict[str, Any], finding: tuple[str, str, str]
) -> None:
    assert found(replace(CLEAN, **changes)) == [finding]


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({"recipients": 0}, ("stop", "no-recipients", "audience")),
        ({"postal_address": " "}, ("stop", "postal-address", "list")),
        (
            {"withdrawn": frozenset({GUIDANCE.slug})},
            ("stop", "withdrawn-item", f"items/{GUIDANCE.slug}"),
        ),
        ({"sent_in": {GUIDANCE.slug: 41}}, ("warn", "sent-before", f"items/{GUIDANCE.slug}")),
        ({"html_bytes": 90_001}, ("warn", "large", "items")),
    ],
)
def test_the_facts_around_it_are_checked(
    facts: dict[str, Any], finding: tuple[str, str, str]
) -> None:
    assert found(**facts) == [finding]


def test_what_was_not_counted_is_not_judged() -> None:
    assert found(recipients=None, html_bytes=None) == []


@pytest.mark.parametrize(
    "text",
    [
        "Dear {{ name | friend }}",
        "The MTK kit, taken and stacked",
        "Size xx",
        "100 %% of it",
        "[a page](mailto:a@example.org)",
        "[a page](https://example.org/?n={{ name | x }})",
        "Read more",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert found(replace(CLEAN, introduction=text)) == []


def test_stops_come_first_and_notes_last() -> None:
    levels = [
        finding.level
        for finding in checks.check(
            content(subject="{{ name }} {{ x }}", preheader=""), replace(FACTS, recipients=0)
        )
    ]
    assert levels == [Level.STOP, Level.STOP, Level.WARN, Level.NOTE]


def test_one_mistake_made_twice_is_said_once() -> None:
    assert len(found(replace(CLEAN, introduction="{{ x }} and {{ x }}"))) == 1


def test_findings_are_plain_values() -> None:
    findings = checks.check(replace(CLEAN, subject=""), FACTS)
    assert json.loads(json.dumps([finding.to_json() for finding in findings])) == [
        {
            "level": "stop",
            "code": "empty-subject",
            "sentence": "The subject is empty.",
            "why": "Readers decide by the subject whether to open a mail.",
            "place": "subject",
        }
    ]
