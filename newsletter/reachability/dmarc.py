"""What a domain asks receivers to do with mail that cannot prove that it is its (RFC 9989).

The policy is found by walking up the names, not by a list of public suffixes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.reachability import findings
from newsletter.reachability.findings import Finding, quoted
from newsletter.reachability.records import Silence, Texts

MOST_LABELS = 8
"""Names that are asked at most; of a longer one all but the last seven labels are passed over."""

POLICIES = frozenset(("none", "quarantine", "reject"))
REMOVED = ("pct", "rf", "ri")
"""Tags that receivers no longer know."""


@dataclass(frozen=True)
class _Record:
    """One record: where it is, its text and its tags."""

    domain: str
    text: str
    tags: dict[str, str]


def check(domain: str, texts: Texts) -> Finding:
    """Return whether receivers find a policy for mail from `domain`."""
    try:
        own = _record(domain, texts)
        found = own or _of_organisation(domain, texts)
    except Silence:
        return findings.unknown(f"The DNS did not answer about DMARC of {domain}.")
    except _Several as exc:
        return findings.wrong(
            f"DMARC is published {exc.count} times at {exc.name}, so receivers take none. "
            "Leave one of them."
        )
    if found is None:
        return findings.missing(
            f"{domain} has no DMARC record. Publish one at _dmarc.{domain}, like "
            "“v=DMARC1; p=none; rua=mailto:you@your-domain”, and a stricter one later."
        )
    return _judged(domain, found)


class _Several(Exception):
    """One name has more than one record."""

    def __init__(self, name: str, count: int) -> None:
        super().__init__()
        self.name = name
        self.count = count


def _record(domain: str, texts: Texts) -> _Record | None:
    name = f"_dmarc.{domain}"
    records = [tags for text in texts(name) if (tags := _tags(text)) is not None]
    if len(records) > 1:
        raise _Several(name, len(records))
    return _Record(domain, *records[0]) if records else None


def _tags(text: str) -> tuple[str, dict[str, str]] | None:
    """Return a record and its tags; None for what is no DMARC record. Unknown tags may be there."""
    pairs = [part.partition("=") for part in text.split(";")]
    tags = {name.strip().lower(): value.strip() for name, _, value in reversed(pairs)}
    first = pairs[0]
    is_one = first[0].strip().lower() == "v" and first[2].strip() == "DMARC1"
    return (text, tags) if is_one else None


def _of_organisation(domain: str, texts: Texts) -> _Record | None:
    """Return the record of the organisation above `domain`: the highest one that is not a suffix.

    `psd=n` says that the organisation is found, `psd=y` that what is below is one (4.10).
    """
    highest, below = None, domain
    for name in _above(domain):
        try:
            found = _record(name, texts)
        except _Several:
            # Not ours to mend, perhaps: it counts as none.
            found = None
        kind = found.tags.get("psd", "u").lower() if found else "u"
        if kind == "n":
            return found
        if kind == "y":
            return highest if highest and highest.domain == below else found
        highest, below = found or highest, name
    return highest


def _above(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    start = max(1, len(labels) - MOST_LABELS + 1)
    for index in range(start, len(labels)):
        yield ".".join(labels[index:])


def _judged(domain: str, found: _Record) -> Finding:
    is_own = found.domain == domain
    tags = found.tags
    policy = (tags.get("p") if is_own else tags.get("sp") or tags.get("p")) or ""
    place = "" if is_own else f" for {domain} at {found.domain}"
    words = [f"DMARC is published{place}: {quoted(found.text)}."]
    if not policy:
        words.append("It names no policy, which means none; add p=none or a stricter one.")
    elif policy.lower() not in POLICIES:
        if not tags.get("rua"):
            return findings.wrong(
                f"DMARC is published{place}, but {quoted(policy)} is no policy. Write p=none, "
                "p=quarantine or p=reject."
            )
        words.append(f"{quoted(policy)} is no policy, which means none.")
    elif policy.lower() == "none":
        words.append("It only watches (none): mail that pretends to be yours is not stopped.")
    if tags.get("t", "").lower() == "y":
        words.append("It is being tried out (t=y), so receivers may go easy on it.")
    old = [name for name in REMOVED if name in tags]
    if old:
        words.append(f"Receivers no longer know {', '.join(old)}; take that out.")
    return findings.ok(" ".join(words))
