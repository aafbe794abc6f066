"""The domains that we send from, and what the DNS says of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from newsletter import addresses
from newsletter.errors import FetchFailed
from newsletter.extensions import db, insert, reading, rows_changed
from newsletter.fetching import guard, rules
from newsletter.mail import dkim
from newsletter.reachability import dmarc, findings, published_keys, spf
from newsletter.reachability.findings import Finding
from newsletter.reachability.models import DomainCheck, DomainResult
from newsletter.reachability.records import Texts

CACHED = timedelta(hours=1)
"""How long an answer of the DNS is taken for what it says."""

SILENT_PAUSE = timedelta(minutes=10)
"""When it is asked again after it said nothing."""

LEASE = timedelta(minutes=2)
"""How long a domain is whose who asks; after that another clock may."""

NOTICED = timedelta(hours=1)
"""How exactly it is remembered when a domain was last wanted."""

WANTED = timedelta(days=1)
"""How long after it was last wanted a domain is still asked."""

KEPT = timedelta(days=90)
"""How long a domain is remembered that nobody sends from any more."""


@dataclass(frozen=True)
class DomainVerdict:
    """What is known of one domain; everything is unknown until the clock has asked."""

    domain: str
    spf: Finding
    dkim: Finding
    dmarc: Finding
    asked_at: datetime | None = None


def domain_of(address: str) -> str:
    """Return the domain of a mail address as the DNS has it."""
    return addresses.for_transport(address).rpartition("@")[2].lower()


def wanted(domains: Iterable[str], *, now: datetime) -> None:
    """Have these domains looked at, every hour while they are wanted; safe to repeat.

    It commits if there is something to write down, which is seldom.
    """
    if not rules.is_on():
        return
    names = {name for name in domains if _is_public(name)}
    recent = sa.select(DomainCheck.domain).where(
        DomainCheck.domain.in_(names), DomainCheck.wanted_at > now - NOTICED
    )
    with reading():
        names -= set(db.session.scalars(recent))
    for name in sorted(names):
        row = {"domain": name, "wanted_at": now, "next_at": now}
        results = dict.fromkeys(("spf", "dkim", "dmarc"), DomainResult.UNKNOWN)
        details = dict.fromkeys(("spf_detail", "dkim_detail", "dmarc_detail"), "")
        statement = insert(DomainCheck).values(row | results | details)
        statement = statement.on_conflict_do_update(
            index_elements=["domain"], set_={"wanted_at": now}
        )
        db.session.execute(statement)
    if names:
        db.session.commit()


def _is_public(domain: str) -> bool:
    """Tell whether a domain is a name that the public DNS may know."""
    try:
        return guard.target(f"https://{domain}/").ip is None
    except FetchFailed:
        return False


def verdict(domain: str) -> DomainVerdict:
    """Return what is known of a domain; it asks the database once and the network never."""
    row = db.session.scalar(sa.select(DomainCheck).where(DomainCheck.domain == domain))
    if row is None or row.asked_at is None:
        nothing = findings.unknown(_why_nothing(domain))
        return DomainVerdict(domain, nothing, nothing, nothing)
    return DomainVerdict(
        domain,
        spf=Finding(row.spf, row.spf_detail),
        dkim=Finding(row.dkim, row.dkim_detail),
        dmarc=Finding(row.dmarc, row.dmarc_detail),
        asked_at=row.asked_at,
    )


def _why_nothing(domain: str) -> str:
    if not rules.is_on():
        return "Nothing is looked up in this installation (FETCH is off)."
    if not _is_public(domain):
        return f"{domain} is no domain that everybody can look up."
    return f"{domain} has not been looked up yet."


def look_at_next(texts: Texts, *, now: datetime) -> bool:
    """Ask about the domain that is due; False if there is none, or somebody else was faster.

    It commits before it asks, and after.
    """
    due = (DomainCheck.next_at <= now, DomainCheck.wanted_at >= now - WANTED)
    with reading():
        domain = db.session.scalar(sa.select(DomainCheck.domain).where(*due).limit(1))
    if domain is None:
        return False
    lease = now + LEASE
    taken = _change(DomainCheck.domain == domain, *due, next_at=lease)
    if not taken:
        return False
    keys = dkim.keys_for(domain, current_app.config["DKIM_KEYS"])
    found = DomainVerdict(
        domain,
        spf=spf.check(domain, texts),
        dkim=published_keys.check(domain, keys, texts),
        dmarc=dmarc.check(domain, texts),
    )
    _write_down(found, lease, now=now)
    return True


def _write_down(found: DomainVerdict, lease: datetime, *, now: datetime) -> None:
    is_silent = DomainResult.UNKNOWN in (found.spf.result, found.dmarc.result)
    _change(
        DomainCheck.domain == found.domain,
        DomainCheck.next_at == lease,
        next_at=now + (SILENT_PAUSE if is_silent else CACHED),
        asked_at=now,
        spf=found.spf.result,
        spf_detail=found.spf.sentence,
        dkim=found.dkim.result,
        dkim_detail=found.dkim.sentence,
        dmarc=found.dmarc.result,
        dmarc_detail=found.dmarc.sentence,
    )


def _change(*conditions: sa.ColumnElement[bool], **values: object) -> bool:
    """Change the one row that is meant, commit, and tell whether it was there."""
    statement = sa.update(DomainCheck).where(*conditions).values(**values)
    changed = rows_changed(
        db.session.execute(statement.execution_options(synchronize_session=False))
    )
    db.session.commit()
    return changed == 1


def forget_old(*, now: datetime) -> None:
    """Delete the domains that nobody has sent from for three months."""
    db.session.execute(sa.delete(DomainCheck).where(DomainCheck.wanted_at < now - KEPT))
