"""Codes that an app makes anew every half minute (TOTP, RFC 6238): which ones fit a secret."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30
"""Seconds that a code is shown."""

DIGITS = 6

WINDOW = 1
"""Steps that a clock may be off, either way."""


def new_secret() -> str:
    """Return a secret of 160 bits as apps take it, in base32 (RFC 4226 section 4)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """Return the code of one time step (RFC 4226 section 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(now: datetime) -> int:
    """Return which time step it is."""
    return int(now.timestamp()) // STEP


def matching_step(secret: str, typed: str, *, now: datetime) -> int | None:
    """Return the step, of this moment or the ones beside it, that `typed` is the code of."""
    code = normal(typed)
    found = None
    for step in range(step_of(now) - WINDOW, step_of(now) + WINDOW + 1):
        # All are compared, each in constant time: how long it takes says nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def normal(typed: str) -> str:
    """Return what was typed without the gaps that apps show, in plain digits."""
    return "".join(unicodedata.normalize("NFKC", typed[:40]).split())


def address_for_apps(secret: str, *, account: str, issuer: str) -> str:
    """Return what the QR code says: who this is for, and the secret."""
    label = quote(f"{issuer}:{account}", safe="@")
    facts = {"secret": secret, "issuer": issuer, "digits": DIGITS, "period": STEP}
    return f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}"


def in_groups(secret: str) -> str:
    """Return a secret in groups of four, to be typed by hand."""
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
