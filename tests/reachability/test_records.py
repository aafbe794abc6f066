"""Asking the DNS for text records, with limits."""

import time

import dns.rcode
import pytest

from newsletter.reachability.records import MOST_QUESTIONS, Nameserver, Silence
from tests.nameserver import NameServer


def test_a_record_of_several_strings_is_one() -> None:
    with NameServer({("example.org.", "TXT"): ['"v=spf1 " "-all"', '"caf\\195\\169"']}) as server:
        assert sorted(Nameserver(server.resolver())("example.org")) == ["café", "v=spf1 -all"]


def test_no_such_name_and_no_such_record_are_nothing() -> None:
    with NameServer({("example.org.", "A"): ["192.0.2.1"]}) as server:
        ask = Nameserver(server.resolver())
        assert ask("example.org") == ()
        assert ask("nobody.example.org") == ()


@pytest.mark.parametrize("answer", [None, dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_no_answer_is_silence(
    answer: dns.rcode.Rcode | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.reachability.records.PATIENCE", 0.1)
    started = time.monotonic()
    with NameServer({("example.org.", "TXT"): answer}) as server, pytest.raises(Silence):
        Nameserver(server.resolver())("example.org")
    assert time.monotonic() - started < 2


def test_nobody_makes_us_ask_without_end() -> None:
    with NameServer({("example.org.", "TXT"): ["x"]}) as server:
        ask = Nameserver(server.resolver())
        for _ in range(MOST_QUESTIONS):
            assert ask("example.org") == ["x"]
        with pytest.raises(Silence):
            ask("example.org")
    assert len(server.asked) == MOST_QUESTIONS


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example", "x." * 200 + "example"])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with NameServer({}) as server, pytest.raises(Silence):
        Nameserver(server.resolver())(name)
    assert server.asked == []
