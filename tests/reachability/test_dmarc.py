"""Which DMARC policy receivers find, and what it says."""

import pytest

from newsletter.reachability import dmarc
from newsletter.reachability.models import DomainResult
from tests.nameserver import Zone

Records = dict[str, list[str] | None]


def check(domain: str, records: Records) -> tuple[DomainResult, str]:
    zone = Zone({f"_dmarc.{name}": texts for name, texts in records.items()})
    found = dmarc.check(domain, zone)
    assert len(zone.asked) <= dmarc.MOST_LABELS
    return found.result, found.sentence


@pytest.mark.parametrize(
    "record",
    [
        "v=DMARC1; p=reject; rua=mailto:a@example.org",
        "v=DMARC1;p=quarantine",
        " v = DMARC1 ; P=Reject; unknown=tag; adkim=s;",
    ],
)
def test_a_good_record_is_shown(record: str) -> None:
    result, sentence = check("news.example.org", {"news.example.org": [record, "other text"]})
    assert result is DomainResult.OK
    assert sentence == f"DMARC is published: “{record}”."


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=DMARC1; p=none", "It only watches (none)"),
        ("v=DMARC1; rua=mailto:a@example.org", "names no policy, which means none"),
        ("v=DMARC1", "names no policy, which means none"),
        ("v=DMARC1; p=block; rua=mailto:a@example.org", "“block” is no policy, which means none"),
        ("v=DMARC1; p=reject; t=y", "being tried out (t=y)"),
        ("v=DMARC1; p=reject; pct=50; ri=3600", "no longer know pct, ri"),
    ],
)
def test_what_could_be_better_is_said(record: str, words: str) -> None:
    result, sentence = check("example.org", {"example.org": [record]})
    assert result is DomainResult.OK
    assert words in sentence


@pytest.mark.parametrize(
    "texts",
    [[], ["v=DMARC2; p=none"], ["v=dmarc1; p=none"], ["p=none; v=DMARC1"], ["v=spf1 -all"], [""]],
)
def test_no_record_is_missing(texts: list[str]) -> None:
    result, sentence = check("example.org", {"example.org": texts})
    assert result is DomainResult.MISSING
    assert sentence.startswith("example.org has no DMARC record. Publish one at _dmarc.example.org")


def test_two_records_are_as_bad_as_none() -> None:
    result, sentence = check("example.org", {"example.org": ["v=DMARC1; p=none"] * 2})
    assert result is DomainResult.WRONG
    assert "2 times at _dmarc.example.org" in sentence


def test_a_policy_that_is_none_and_names_nobody_is_wrong() -> None:
    assert check("example.org", {"example.org": ["v=DMARC1; p=block"]})[0] is DomainResult.WRONG


@pytest.mark.parametrize(
    ("records", "place"),
    [
        # The highest record counts, not the next one.
        ({"b.example.org": "p=none", "example.org": "p=reject"}, "example.org"),
        ({"b.example.org": "p=none; psd=n", "example.org": "p=reject"}, "b.example.org"),
        ({"example.org": "p=reject", "org": "p=none; psd=y"}, "example.org"),
        ({"org": "p=reject; psd=y"}, "org"),
        # The organisation is right below the suffix, and has none; what is deeper is not it.
        ({"b.example.org": "p=none", "org": "p=reject; psd=y"}, "org"),
    ],
)
def test_the_record_of_the_organisation_counts_for_names_below(
    records: dict[str, str], place: str
) -> None:
    texts: Records = {name: [f"v=DMARC1; {text}"] for name, text in records.items()}
    result, sentence = check("a.b.example.org", texts)
    assert result is DomainResult.OK
    assert f"for a.b.example.org at {place}:" in sentence


def test_names_below_may_have_a_policy_of_their_own() -> None:
    result, sentence = check("a.example.org", {"example.org": ["v=DMARC1; p=reject; sp=none"]})
    assert result is DomainResult.OK
    assert "It only watches (none)" in sentence


def test_records_above_that_contradict_each_other_count_as_none() -> None:
    texts: Records = {"example.org": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}
    assert check("a.example.org", texts)[0] is DomainResult.MISSING


def test_of_a_long_name_the_middle_is_passed_over() -> None:
    name = ".".join("abcdefghijklmnop")
    zone = Zone({})
    dmarc.check(name, zone)
    assert zone.asked == [
        f"_dmarc.{name}",
        *(f"_dmarc.{'.'.join('jklmnop'[start:])}" for start in range(7)),
    ]


@pytest.mark.parametrize("silent", ["a.example.org", "example.org"])
def test_silence_is_not_a_fault(silent: str) -> None:
    result, sentence = check("a.example.org", {silent: None})
    assert result is DomainResult.UNKNOWN
    assert sentence == "The DNS did not answer about DMARC of a.example.org."
