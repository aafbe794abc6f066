"""Mail addresses: check, bring into one form, hide in logs."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from newsletter.errors import InvalidAddress
from newsletter.marking import marked

MAX_OCTETS = 254
"""The longest address that fits a mail transaction (RFC 5321 section 4.5.3.1.3)."""


MAX_LOCAL = 64
"""The longest local part (RFC 5321 section 4.5.3.1.1)."""

UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Kinds of characters that nobody sees and that no address needs."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


@dataclass(frozen=True)
class Address:
    """One checked address.

    `spelling` is what mail is sent to; `canonical` is the same for every
    spelling that reaches the same person, and is what the database keeps unique.
    """

    spelling: str
    canonical: str


def parse(text: str) -> Address:
    """Return the address that `text` is; raise InvalidAddress with a reason.

    Only a bare address is taken: names, angle brackets, several addresses,
    quoted local parts and address literals are refused (STANDARDS XI01-XI07, M14).
    Nothing is looked up in the DNS.
    """
    bare = text.strip(" \t\u00a0")
    if not bare:
        raise InvalidAddress(marked("Enter your e-mail address, like name@example.org."))
    # Printable ASCII has none of them; asking each letter is for the rest.
    is_plain = bare.isascii() and bare.isprintable()
    if not is_plain and any(unicodedata.category(letter) in UNSEEN for letter in bare):
        raise InvalidAddress(
            marked("This address contains characters that cannot be seen. Type it again by hand.")
        )
    if len(bare) > 4 * MAX_OCTETS:
        raise InvalidAddress(
            marked("An e-mail address has at most %(most)s characters."), most=MAX_OCTETS
        )
    local, _, domain = bare.rpartition("@")
    try:
        if _PLAIN_LOCAL.fullmatch(local) and len(local) <= MAX_LOCAL and len(bare) <= MAX_OCTETS:
            shown, on_the_wire = _domain(domain)
        else:
            checked = _validate(bare)
            local = unicodedata.normalize("NFC", checked.local_part)
            shown, on_the_wire = checked.domain, checked.ascii_domain
    except EmailNotValidError as exc:
        raise _refusal(bare) from exc
    return Address(
        spelling=f"{local}@{shown}", canonical=f"{_lower_ascii(local)}@{on_the_wire.lower()}"
    )


def is_one_of(text: str, canonicals: Collection[str]) -> bool:
    """Tell whether `text`, however it is spelled, is one of these canonical addresses."""
    try:
        return parse(text).canonical in canonicals
    except InvalidAddress:
        return False


def _validate(bare: str) -> ValidatedEmail:
    return validate_email(
        bare,
        check_deliverability=False,
        allow_quoted_local=False,
        allow_domain_literal=False,
        strict=True,
        # Lets the reserved name `.test` through: installations are tried out with it.
        test_environment=True,
    )


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> tuple[str, str]:
    """Return a checked domain, and the same as an A-label; many addresses share one."""
    checked = _validate(f"a@{domain}")
    return checked.domain, checked.ascii_domain


def for_transport(spelling: str) -> str:
    """Return the address with its domain as an A-label by IDNA 2008 (RFC 5891, STANDARDS M13)."""
    if spelling.isascii():
        return spelling
    local, _, _ = spelling.rpartition("@")
    checked = validate_email(spelling, check_deliverability=False, test_environment=True)
    return f"{local}@{checked.ascii_domain}"


def hide(address: str) -> str:
    """Return the address as logs and pages may show it: `a…@e….org`."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    if not local or not name:
        return "…"
    return f"{local[0]}…@{name[0]}…{dot}{ending}"


def _refusal(bare: str) -> InvalidAddress:
    if any(mark in bare for mark in "<>,;\"'()") or " " in bare:
        return InvalidAddress(
            marked("Enter the address alone, like name@example.org, with nothing around it.")
        )
    if bare.count("@") != 1:
        return InvalidAddress(marked("An e-mail address has one @ in it, like name@example.org."))
    return InvalidAddress(
        marked("“%(address)s” is not an address that mail can reach. Look for a typing mistake."),
        address=bare[:80],
    )


def _lower_ascii(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
