"""The address in From: whether mailboxes can tell that it is ours."""

from collections.abc import Iterator

from newsletter.issues.checks.facts import Facts, Sender
from newsletter.issues.checks.findings import Finding, Level
from newsletter.reachability.domains import DomainVerdict
from newsletter.reachability.models import DomainResult

FREE = frozenset(
    {
        *("aol.com", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com"),
        *("hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "live.com", "mail.com"),
        *("mail.ru", "me.com", "orange.fr", "outlook.com", "proton.me", "protonmail.com"),
        *("t-online.de", "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.fr", "ymail.com"),
        *("qq.com", "163.com", "126.com", "zoho.com", "yandex.ru", "uol.com.br"),
    }
)
"""Domains of mailboxes for everybody: their owners forbid mail in their name from elsewhere."""

SHARED = frozenset(
    {"ac", "co", "com", "edu", "gov", "gob", "gouv", "int", "net", "ngo", "or", "org"}
)
"""What stands before a country's two letters where everybody may have a name below."""


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the sender, if it is known."""
    if facts.sender is None:
        return
    yield from _domain(facts.sender)
    if facts.sender.verdict is not None:
        yield from _proofs(facts.sender.verdict)


def _domain(sender: Sender) -> Iterator[Finding]:
    domain = _domain_of(sender.address)
    if domain in FREE:
        yield Finding(
            Level.WARN,
            "free-mail-sender",
            f"The list writes as {sender.address}.",
            f"{domain} lets nobody else send in its name: most mailboxes refuse such mail. "
            "Give the list an address of a domain of your own.",
            "list",
            about=domain,
        )
    elif domain and not _are_kin(domain, sender.public_host):
        yield Finding(
            Level.NOTE,
            "sender-domain",
            f"The list writes as {sender.address}, and its links lead to {sender.public_host}.",
            "One name for both is easier to trust, for readers and for filters.",
            "list",
            about=f"{domain} {sender.public_host}",
        )


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _are_kin(one: str, other: str) -> bool:
    """Tell whether two names belong to one owner, as far as their ends say so."""
    if one.endswith(f".{other}") or other.endswith(f".{one}"):
        return True
    return _owner(one) == _owner(other)


def _owner(name: str) -> list[str]:
    labels = name.split(".")
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SHARED
    return labels[-3:] if is_shared else labels[-2:]


def _proofs(verdict: DomainVerdict) -> Iterator[Finding]:
    unknown: list[str] = []
    for way, found in (("spf", verdict.spf), ("dkim", verdict.dkim), ("dmarc", verdict.dmarc)):
        if found.result in (DomainResult.MISSING, DomainResult.WRONG):
            yield Finding(
                Level.WARN,
                f"{way}-{found.result.value}",
                found.sentence,
                "Mailboxes refuse mail, or call it spam, that does not prove who sent it.",
                "list",
                about=f"{verdict.domain} {found.sentence}",
            )
        elif found.result is DomainResult.UNKNOWN and found.sentence not in unknown:
            unknown.append(found.sentence)
    for sentence in unknown:
        yield Finding(
            Level.NOTE,
            "sender-unknown",
            sentence,
            "By SPF, DKIM and DMARC mailboxes tell the mail of a list from a forger's.",
            "list",
            about=f"{verdict.domain} {sentence}",
        )
