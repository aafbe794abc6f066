"""What is known of the domains that we send from, and when the DNS is asked."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from newsletter.reachability import domains
from newsletter.reachability.domains import DomainVerdict
from newsletter.reachability.findings import Finding
from newsletter.reachability.models import DomainCheck, DomainResult
from tests.conftest import NOW
from tests.keys import RSA, public_records
from tests.nameserver import Zone

HOUR = timedelta(hours=1)
GOOD: dict[str, list[str] | None] = {
    "news.example.org": ["v=spf1 mx -all"],
    "_dmarc.example.org": ["v=DMARC1; p=reject"],
    **{name.rstrip("."): [text.decode()] for name, text in public_records([RSA]).items()},
}


@pytest.fixture(autouse=True)
def fetching(app: Flask) -> None:
    """Domains are looked at; nothing here asks the network."""
    app.config["FETCH_RULES"] = Rules()
    app.config["DKIM_KEYS"] = (RSA,)


def want(*names: str, now: datetime = NOW) -> None:
    domains.wanted(names, now=now)


def look(zone: Zone, *, now: datetime = NOW) -> bool:
    db.session.commit()
    return domains.look_at_next(zone, now=now)


def verdict(domain: str = "news.example.org") -> DomainVerdict:
    db.session.expire_all()
    return domains.verdict(domain)


def results(found: DomainVerdict) -> list[str]:
    return [found.spf.result, found.dkim.result, found.dmarc.result]


def test_everything_is_unknown_until_somebody_asked() -> None:
    want("news.example.org")
    nothing = Finding(DomainResult.UNKNOWN, "news.example.org has not been looked up yet.")
    assert verdict() == DomainVerdict("news.example.org", nothing, nothing, nothing)


def test_a_domain_that_proves_its_mail_is_good() -> None:
    want("news.example.org")
    assert look(Zone(GOOD))
    found = verdict()
    assert results(found) == ["ok", "ok", "ok"]
    assert found.asked_at == NOW
    assert found.spf.sentence == "SPF is published: “v=spf1 mx -all”."


def test_answers_are_kept_for_an_hour() -> None:
    want("news.example.org")
    assert look(Zone(GOOD))
    silent = Zone({})
    assert not look(silent, now=NOW + HOUR - timedelta(seconds=1))
    assert silent.asked == []
    assert look(Zone({}), now=NOW + HOUR)
    assert results(verdict()) == ["missing", "missing", "missing"]


def test_silence_is_unknown_and_asked_again_after_ten_minutes() -> None:
    want("news.example.org")
    silent: dict[str, list[str] | None] = {
        "news.example.org": None,
        "_dmarc.news.example.org": None,
        RSA.record_name: None,
    }
    assert look(Zone(silent))
    assert results(verdict()) == ["unknown", "unknown", "unknown"]
    assert not look(Zone(GOOD), now=NOW + timedelta(minutes=9))
    assert look(Zone(GOOD), now=NOW + timedelta(minutes=10))
    assert results(verdict()) == ["ok", "ok", "ok"]


def test_no_transaction_is_open_while_the_dns_is_asked() -> None:
    class Watching(Zone):
        def __call__(self, name: str) -> list[str]:
            assert not db.session().in_transaction()
            return list(super().__call__(name))

    want("news.example.org")
    zone = Watching(GOOD)
    assert look(zone)
    assert len(zone.asked) >= 4


def test_of_two_clocks_one_asks() -> None:
    class Nosy(Zone):
        def __call__(self, name: str) -> list[str]:
            assert not domains.look_at_next(Zone({}), now=NOW)
            return list(super().__call__(name))

    want("news.example.org")
    assert look(Nosy(GOOD))
    assert results(verdict()) == ["ok", "ok", "ok"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "printer", "inside.local", "a b", ""])
def test_what_the_public_dns_does_not_know_is_not_asked(name: str) -> None:
    want(name)
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 0
    assert "no domain that everybody can look up" in verdict(name).spf.sentence


def test_wanting_again_writes_once_an_hour() -> None:
    for minutes in (0, 59):
        want("news.example.org", now=NOW + timedelta(minutes=minutes))
    row = db.session.scalars(sa.select(DomainCheck)).one()
    assert row.wanted_at == NOW
    want("news.example.org", "other.example.org", now=NOW + HOUR)
    db.session.expire_all()
    assert row.wanted_at == NOW + HOUR
    assert row.next_at == NOW


def test_a_domain_that_nobody_sends_from_is_not_asked_and_later_forgotten() -> None:
    want("news.example.org")
    assert not look(Zone(GOOD), now=NOW + 25 * HOUR)
    domains.forget_old(now=NOW + domains.KEPT)
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 1
    domains.forget_old(now=NOW + domains.KEPT + HOUR)
    assert db.session.scalar(sa.select(sa.func.count(DomainCheck.id))) == 0


def test_an_installation_that_asks_for_nothing_says_so(app: Flask) -> None:
    app.config["FETCH_RULES"] = None
    want("news.example.org")
    assert verdict().spf.sentence == "Nothing is looked up in this installation (FETCH is off)."


@pytest.mark.parametrize(
    ("address", "domain"),
    [("a@Example.ORG", "example.org"), ("a@bücher.example", "xn--bcher-kva.example")],
)
def test_a_domain_is_written_as_the_dns_has_it(address: str, domain: str) -> None:
    assert domains.domain_of(address) == domain
