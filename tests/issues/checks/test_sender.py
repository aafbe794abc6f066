"""Whom an issue is for, and as whom it goes out."""

from dataclasses import replace

import pytest

from newsletter.issues.checks import Sender
from newsletter.reachability import findings as dns
from newsletter.reachability.domains import DomainVerdict
from newsletter.reachability.findings import Finding
from tests.issues.checks.situations import findings, found

FINE = DomainVerdict("example.org", dns.ok("Fine."), dns.ok("Fine."), dns.ok("Fine."))
SENDER = Sender("news@example.org", "news.example.org", FINE)


def test_nobody_to_write_to_stops_it() -> None:
    assert found(recipients=0) == [("stop", "no-recipients", "audience")]


def test_a_list_without_a_postal_address_stops_it() -> None:
    assert found(postal_address=" ") == [("stop", "postal-address", "list")]


def test_what_was_not_counted_is_not_judged() -> None:
    assert found(recipients=None, sender=None) == []


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("news@example.org", []),
        ("news@news.example.org", []),
        ("news@mail.example.org", []),
        ("news@sub.news.example.org", []),
        ("news@example.net", ["sender-domain"]),
        ("we@gmail.com", ["free-mail-sender"]),
    ],
)
def test_the_domain_in_from_is_judged(address: str, codes: list[str]) -> None:
    said = findings(sender=replace(SENDER, address=address))
    assert [one.code for one in said] == codes


def test_names_below_a_shared_ending_are_not_one_owner_s() -> None:
    sender = Sender("news@ministry.org.uk", "news.clinic.org.uk")
    assert found(sender=sender) == [("note", "sender-domain", "list")]


@pytest.mark.parametrize(
    ("way", "result", "finding"),
    [
        ("spf", dns.missing("There is no SPF."), ("warn", "spf-missing", "list")),
        ("dkim", dns.wrong("The key is another."), ("warn", "dkim-wrong", "list")),
        ("dmarc", dns.missing("There is no DMARC."), ("warn", "dmarc-missing", "list")),
        ("dmarc", dns.unknown("The DNS did not answer."), ("note", "sender-unknown", "list")),
    ],
)
def test_what_the_dns_says_is_passed_on(
    way: str, result: Finding, finding: tuple[str, str, str]
) -> None:
    verdict = replace(FINE, **{way: result})  # type: ignore[arg-type]  # they are findings
    [said] = findings(sender=replace(SENDER, verdict=verdict))
    assert (said.level.value, said.code, said.place) == finding
    assert said.sentence == result.sentence


def test_what_nobody_knows_is_said_once() -> None:
    silent = dns.unknown("example.org has not been looked up yet.")
    verdict = DomainVerdict("example.org", silent, silent, silent)
    assert found(sender=replace(SENDER, verdict=verdict)) == [("note", "sender-unknown", "list")]
