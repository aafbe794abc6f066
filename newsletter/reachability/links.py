"""Addresses that issues link to: which are looked at, and what is known of them."""

import enum
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.errors import FetchFailed
from newsletter.extensions import db, insert
from newsletter.fetching import guard, rules
from newsletter.fetching.guard import Target
from newsletter.reachability import judging, words
from newsletter.reachability.models import LinkCheck, LinkState

MOST_WANTED = 300
"""Addresses of one issue that are looked at."""

FRESH = timedelta(days=1)
"""How long what is known of a link needs no new look."""

NOTICED = timedelta(hours=1)
"""How exactly it is remembered when a link was last wanted: saving writes no more than that."""

KEPT = timedelta(days=90)
"""How long a link is remembered that nobody wants any more."""


class Level(enum.StrEnum):
    """How much a link should worry an editor."""

    FINE = "fine"
    WARNING = "warning"
    NOTE = "note"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Verdict:
    """What is known of one link; `sentence` says it without its times.

    A note is a link that has not been asked often enough: `next_at` says when
    it is asked again, if it failed.
    """

    level: Level
    state: LinkState
    sentence: str
    status: int | None = None
    tried_at: datetime | None = None
    fine_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    next_at: datetime | None = None


def wanted(urls: Iterable[str], *, now: datetime) -> None:
    """Have these addresses looked at, if that has not been done within a day.

    Safe to repeat: known ones cost one question. What is no page of the web
    (mailto:, a merge field) is passed over.
    """
    if not rules.is_on():
        return
    targets = {_digest(there): there for there in map(_target, urls) if there is not None}
    digests = list(targets)[:MOST_WANTED]
    known = {row.digest: row for row in _rows(digests)}
    for row in known.values():
        _want_again(row, now=now)
    new = [_new(digest, targets[digest], now=now) for digest in digests if digest not in known]
    if new:
        # Whoever saves another issue with the same link at this moment has added it, too. By the
        # connection, because the session would build each row: ten times as slow.
        db.session.connection().execute(insert(LinkCheck).on_conflict_do_nothing(), new)
    db.session.flush()


def _target(url: str) -> Target | None:
    """Return what an address asks for; None if it is none that anybody asks."""
    if "{{" in url:
        return None
    try:
        return guard.target(url, ports=_ports())
    except FetchFailed:
        return None


def _ports() -> frozenset[int]:
    return rules.of_installation().ports if rules.is_on() else guard.WEB_PORTS


def _digest(there: Target) -> str:
    return hashlib.sha256(there.url.encode()).hexdigest()


def _rows(digests: Iterable[str]) -> Iterable[LinkCheck]:
    return db.session.scalars(sa.select(LinkCheck).where(LinkCheck.digest.in_(digests)))


def _want_again(row: LinkCheck, *, now: datetime) -> None:
    if now - row.wanted_at >= NOTICED:
        row.wanted_at = now
    if row.next_at is None and (row.tried_at is None or now - row.tried_at >= FRESH):
        row.next_at = now


def _new(digest: str, there: Target, *, now: datetime) -> dict[str, object]:
    return {
        "digest": digest,
        "url": there.url,
        "host": there.host,
        "first_wanted_at": now,
        "wanted_at": now,
        "next_at": now,
        "state": LinkState.NEW,
        "trouble": "",
        "failures": 0,
        "failed_days": 0,
    }


def verdicts(urls: Iterable[str]) -> dict[str, Verdict]:
    """Return what is known of each address that is one of the web, by that address.

    It asks the database once and the network never.
    """
    is_on = rules.is_on()
    found: dict[str, Verdict] = {}
    digests: dict[str, str] = {}
    for url in dict.fromkeys(urls):
        there = _target(url)
        if there is not None:
            digests[url] = _digest(there)
        elif "{{" not in url and url.strip().lower().startswith(("http:", "https:")):
            found[url] = Verdict(Level.UNSEEN, LinkState.UNSEEN, words.UNSEEN)
    rows = {row.digest: row for row in _rows(set(digests.values()))}
    for url, digest in digests.items():
        row = rows.get(digest)
        if row is None or row.state is LinkState.NEW:
            found[url] = _not_asked(is_on=is_on)
        else:
            found[url] = _verdict(row)
    return found


def _not_asked(*, is_on: bool) -> Verdict:
    if is_on:
        return Verdict(Level.NOTE, LinkState.NEW, words.NEW)
    return Verdict(Level.UNSEEN, LinkState.NEW, words.OFF)


def _verdict(row: LinkCheck) -> Verdict:
    history = judging.history_of(row)
    level = {LinkState.FINE: Level.FINE, LinkState.UNSEEN: Level.UNSEEN}.get(
        row.state, Level.WARNING if judging.is_accused(history) else Level.NOTE
    )
    return Verdict(
        level,
        row.state,
        words.said(row.state, row.status, row.trouble),
        status=row.status,
        tried_at=row.tried_at,
        fine_at=row.fine_at,
        failing_since=row.failing_since,
        failures=row.failures,
        next_at=row.next_at,
    )


def forget_old(*, now: datetime) -> None:
    """Delete what nobody has wanted for three months."""
    db.session.execute(sa.delete(LinkCheck).where(LinkCheck.wanted_at < now - KEPT))
