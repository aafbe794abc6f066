"""What a domain's SPF record says of who may send its mail (RFC 7208)."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from newsletter.reachability import findings
from newsletter.reachability.findings import Finding, quoted
from newsletter.reachability.records import Silence, Texts

MOST_LOOKUPS = 10
"""Terms that make a receiver ask the DNS; with more it takes the record for broken (4.6.4)."""

_TERM = re.compile(r"([+?~-]?)([a-z0-9]+)(?:[:/](.*))?", re.IGNORECASE | re.DOTALL)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_ASKING = frozenset(("include", "a", "mx", "ptr", "exists"))


class _Broken(Exception):
    """Receivers take the record for broken, or it lets everybody send; the text says why."""


def check(domain: str, texts: Texts) -> Finding:
    """Return whether `domain` has an SPF record that receivers can use."""
    try:
        record = _only_record(domain, texts)
        if record is None:
            return findings.missing(
                f"{domain} has no SPF record. Publish one that names your relay; its manual says "
                "how."
            )
        _Walk(texts).through(record)
    except Silence:
        return findings.unknown(f"The DNS did not answer about SPF of {domain}.")
    except _Broken as exc:
        return findings.wrong(f"The SPF record of {domain} {exc}")
    if not re.search(r"(?:^| )(?:[~-]all|redirect=)", record, re.IGNORECASE):
        return findings.ok(
            f"SPF is published: {quoted(record)}. It says nothing of other senders; "
            "end it with ~all or -all."
        )
    return findings.ok(f"SPF is published: {quoted(record)}.")


def _only_record(domain: str, texts: Texts) -> str | None:
    """Return the SPF record of a domain; with two of them a receiver takes neither."""
    records = [text for text in texts(domain) if f"{text} "[:7].lower() == "v=spf1 "]
    if len(records) > 1:
        raise _Broken(f"is there {len(records)} times, so receivers take none. Make one of them.")
    return records[0] if records else None


class _Walk:
    """Goes through a record and those that it includes, as a receiver would."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._lookups = 0

    def through(self, record: str) -> None:
        """Raise _Broken for what makes the record useless."""
        redirect, has_all = "", False
        for qualifier, name, value in _terms(record):
            if name == "redirect":
                redirect = value
            elif name == "all":
                has_all = True
                if qualifier in ("", "+"):
                    raise _Broken("ends with +all, so it lets everybody send. End it with -all.")
            elif name in _ASKING:
                self._count()
                if name == "include":
                    self._into(value)
            elif name in ("ip4", "ip6"):
                _check_network(name, value)
        if redirect and not has_all:
            self._count()
            self._into(redirect)

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise _Broken(
                f"makes receivers ask more than {MOST_LOOKUPS} times, so they take it for broken. "
                "Take out what you do not use."
            )

    def _into(self, domain: str) -> None:
        """Go through another domain's record; one that depends on the message stays unread."""
        if "%" in domain:
            return
        if not domain:
            raise _Broken("includes a domain without naming it.")
        record = _only_record(domain.rstrip("."), self._texts)
        if record is None:
            raise _Broken(f"includes {quoted(domain)}, which has none. Take it out or mend it.")
        self.through(record)


def _terms(record: str) -> Iterator[tuple[str, str, str]]:
    """Yield qualifier, name and value of each term; unknown modifiers are passed over."""
    for term in record.split()[1:]:
        modifier = _MODIFIER.fullmatch(term)
        if modifier is not None:
            if modifier[1].lower() == "redirect":
                yield "", "redirect", modifier[2]
            continue
        match = _TERM.fullmatch(term)
        name = match[2].lower() if match else ""
        if match is None or name not in _ASKING | {"all", "ip4", "ip6"}:
            raise _Broken(f"has {quoted(term)} in it, which is no term of SPF. Take it out.")
        yield match[1], name, match[3] or ""


def _check_network(name: str, value: str) -> None:
    try:
        (IPv4Network if name == "ip4" else IPv6Network)(value, strict=False)
    except ValueError as exc:
        raise _Broken(f"has {quoted(f'{name}:{value}')} in it, which is no network.") from exc
