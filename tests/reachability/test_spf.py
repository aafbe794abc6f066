"""What an SPF record says, as a receiver would read it."""

import pytest

from newsletter.reachability import spf
from newsletter.reachability.findings import LONGEST
from newsletter.reachability.models import DomainResult
from tests.nameserver import Zone


def check(*records: str, **others: list[str] | None) -> tuple[DomainResult, str]:
    """What is found for a.example with these records; b=, c= ... are other names below example."""
    texts: dict[str, list[str] | None] = {"a.example": list(records)}
    texts.update({f"{name}.example": found for name, found in others.items()})
    found = spf.check("a.example", Zone(texts))
    return found.result, found.sentence


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 -all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx a:mail.example/24 ~all",
        "V=SPF1 IP4:192.0.2.1 -ALL",
        "v=spf1 include:b.example exp=why.example unknown=thing -all",
        "v=spf1 exists:%{i}._spf.example include:%{d}.b.example ptr -all",
        "v=spf1 a mx//64 a/24//64 -all",
        "v=spf1 redirect=b.example",
        "v=spf1 include:b.example.  -all ",
    ],
)
def test_a_good_record_is_shown(record: str) -> None:
    result, sentence = check(record, "google-site-verification=x", b=["v=spf1 ip4:192.0.2.1 -all"])
    assert result is DomainResult.OK
    assert sentence == f"SPF is published: “{record}”."


@pytest.mark.parametrize("record", ["v=spf1", "v=spf1 mx", "v=spf1 mx ?all"])
def test_a_record_that_says_nothing_of_others_is_good_and_could_be_better(record: str) -> None:
    result, sentence = check(record)
    assert result is DomainResult.OK
    assert "end it with ~all or -all" in sentence


@pytest.mark.parametrize("records", [(), ("v=spf10 -all",), ("spf1",), ("v=DMARC1; p=none",)])
def test_no_record_is_missing(records: tuple[str, ...]) -> None:
    result, sentence = check(*records)
    assert result is DomainResult.MISSING
    assert sentence.startswith("a.example has no SPF record. Publish one")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=spf1 +all", "lets everybody send"),
        ("v=spf1 all", "lets everybody send"),
        ("v=spf1 include:open.example -all", "lets everybody send"),
        ("v=spf1 include:nobody.example -all", "“nobody.example”, which has none"),
        ("v=spf1 redirect=nobody.example", "“nobody.example”, which has none"),
        ("v=spf1 include: -all", "without naming it"),
        ("v=spf1 ip4:300.1.1.1 -all", "no network"),
        ("v=spf1 ip4:2001:db8::1 -all", "no network"),
        ("v=spf1 ip4 -all", "no network"),
        ("v=spf1 ipv4:192.0.2.1 -all", "“ipv4:192.0.2.1” in it, which is no term"),
        ("v=spf1 -all; x", "no term"),
        ("v=spf1 include:loop.example -all", "more than 10 times"),
        ("v=spf1 include:a.example -all", "more than 10 times"),
        ("v=spf1 " + "a " * 11 + "-all", "more than 10 times"),
        ("v=spf1 include:many.example mx -all", "more than 10 times"),
        ("v=spf1 include:twice.example -all", "is there 2 times"),
    ],
)
def test_what_receivers_cannot_use_is_wrong(record: str, words: str) -> None:
    result, sentence = check(
        record,
        open=["v=spf1 +all"],
        loop=["v=spf1 include:loop.example -all"],
        many=["v=spf1 " + "a " * 9 + "-all"],
        twice=["v=spf1 -all", "v=spf1 a -all"],
    )
    assert result is DomainResult.WRONG
    assert words in sentence


def test_two_records_are_as_bad_as_none() -> None:
    result, sentence = check("v=spf1 -all", "v=spf1 mx -all")
    assert result is DomainResult.WRONG
    assert sentence == (
        "The SPF record of a.example is there 2 times, so receivers take none. Make one of them."
    )


def test_ten_lookups_are_allowed() -> None:
    assert check("v=spf1 " + "a " * 10 + "-all")[0] is DomainResult.OK


def test_a_redirect_beside_all_is_not_followed() -> None:
    assert check("v=spf1 redirect=nobody.example -all")[0] is DomainResult.OK


def test_silence_is_not_a_fault() -> None:
    zone = Zone({"a.example": None})
    assert spf.check("a.example", zone).result is DomainResult.UNKNOWN
    result, sentence = check("v=spf1 include:b.example -all", b=None)
    assert result is DomainResult.UNKNOWN
    assert sentence == "The DNS did not answer about SPF of a.example."


def test_endless_and_unprintable_records_stay_short() -> None:
    result, sentence = check("v=spf1 ip4:192.0.2.1 \x00\x1b" + "x=y " * 20_000 + "-all")
    assert result is DomainResult.WRONG
    assert sentence.isprintable()
    assert len(sentence) <= LONGEST
    assert len(check("v=spf1 " + "x=y " * 20_000 + "-all")[1]) <= LONGEST
