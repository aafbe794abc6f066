"""Whether the DNS has the public halves of the keys that we sign with (RFC 6376)."""

import base64
import binascii
from collections.abc import Sequence

from newsletter.mail.dkim import SigningKey
from newsletter.reachability import findings
from newsletter.reachability.findings import Finding
from newsletter.reachability.models import DomainResult
from newsletter.reachability.records import Silence, Texts

# What matters most is said first, of several keys.
_WORST_FIRST = (
    DomainResult.WRONG,
    DomainResult.MISSING,
    DomainResult.UNKNOWN,
    DomainResult.OK,
)


def check(domain: str, keys: Sequence[SigningKey], texts: Texts) -> Finding:
    """Return whether receivers can verify what `keys`, those of `domain`, sign."""
    if not keys:
        return findings.unknown(
            f"This installation does not sign mail from {domain}. Your relay should; look for "
            "dkim=pass in a message that arrived."
        )
    found = [_check_one(key, texts) for key in keys]
    for result in _WORST_FIRST:
        some = [finding.sentence for finding in found if finding.result is result]
        if some:
            return Finding(result, " ".join(some)[: findings.LONGEST])
    raise AssertionError("every finding has a result")


def _check_one(key: SigningKey, texts: Texts) -> Finding:
    name = key.record_name
    try:
        tags = [_tags(text) for text in texts(name)]
    except Silence:
        return findings.unknown(f"The DNS did not answer about the key at {name}.")
    records = [found for found in tags if "p" in found and found.get("v", "DKIM1") == "DKIM1"]
    if not records:
        return findings.missing(
            f"There is no key at {name}, so nobody can verify our signatures. Publish it there."
        )
    if len(records) > 1:
        return findings.wrong(f"There are several keys at {name}. Leave the one that we sign with.")
    return _judged(key, records[0])


def _judged(key: SigningKey, tags: dict[str, str]) -> Finding:
    name = key.record_name
    if not tags["p"]:
        return findings.wrong(f"The key at {name} was taken back (p= is empty). Publish ours.")
    hashes = _items(tags.get("h", "sha256"))
    services = _items(tags.get("s", "*"))
    if "sha256" not in hashes or not {"*", "email"} & services:
        return findings.wrong(f"The key at {name} may not be used for mail (its h= or s= says so).")
    is_same_kind = tags.get("k", "rsa").lower() == key.algorithm.partition("-")[0]
    if not is_same_kind or _decoded(tags["p"]) not in key.public_forms:
        return findings.wrong(
            f"The key at {name} is another one than we sign with. Publish ours, or set DKIM_KEYS "
            "to the one that is there."
        )
    if "y" in _items(tags.get("t", "")):
        return findings.ok(
            f"The key at {name} is ours. It says that it is being tried out (t=y); take that out."
        )
    return findings.ok(f"The key at {name} is ours.")


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    # Blanks may stand anywhere in a value (section 3.6.1).
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def _items(value: str) -> set[str]:
    return {item.lower() for item in value.split(":")}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
