"""Every public link: its path, its purpose (which is its salt) and its lifetime."""

import binascii
import hashlib
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, Signer, TimestampSigner

from newsletter.errors import DeadLink

TOKEN_LETTERS = frozenset(string.ascii_letters + string.digits + "-_.")
"""All that a token is made of; anything else in one is damage or forgery."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of who made a token may be ahead of the clock of who reads it."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BLOCK = hashlib.sha256().block_size
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class _DatedSigner(TimestampSigner):
    """A TimestampSigner that is told the time instead of asking for it."""

    def __init__(self, keys: Sequence[str], salt: str, *, now: datetime) -> None:
        super().__init__(list(keys), salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        self._now = int(now.timestamp())

    def get_timestamp(self) -> int:
        return self._now


@dataclass(frozen=True)
class Link:
    """One kind of link; a token made for one kind never opens another (STANDARDS XB02)."""

    purpose: str
    path: str
    lifetime: timedelta | None = None

    def url(self, payload: str, *, now: datetime) -> str:
        """Return the absolute address that carries `payload`, signed."""
        return public_url(self.path.format(token=self.token(payload, now=now)))

    def token(self, payload: str, *, now: datetime) -> str:
        """Return `payload` signed for this purpose, dated if the link has a lifetime."""
        return self._signer(now).sign(payload).decode()

    @property
    def opening(self) -> str:
        """What the absolute address of every such link begins with: all but its token."""
        return public_url(self.path.format(token=""))

    def stamp(self) -> Callable[[str], bytes]:
        """Return what makes tokens for many payloads, the same as `token` does, four times as fast.

        It works with the key of the moment it was asked for; the link must be
        one without a lifetime.
        """
        if self.lifetime is not None:
            raise ValueError(f"A link to {self.purpose} has a date in it.")
        key = self._plain_signer().derive_key().ljust(_BLOCK, b"\0")
        # The two halves of an HMAC (RFC 2104 section 2) with the key taken in; the objects of
        # Python's hmac around the same cost twice as much.
        inner = hashlib.sha256(key.translate(_INNER))
        outer = hashlib.sha256(key.translate(_OUTER))

        def stamped(payload: str) -> bytes:
            octets = payload.encode()
            within, code = inner.copy(), outer.copy()
            within.update(octets)
            code.update(within.digest())
            seal = binascii.b2a_base64(code.digest(), newline=False)
            return octets + b"." + seal.translate(_URL_SAFE, b"=")

        return stamped

    def read(self, token: str, *, now: datetime) -> str:
        """Return the payload; raise DeadLink if the token is not ours, altered or too old."""
        return self.read_dated(token, now=now)[0]

    def read_dated(self, token: str, *, now: datetime) -> tuple[str, datetime]:
        """Return the payload and when the token was made; of one without a date that is `now`."""
        # A base64 decoder forgives strange letters and spare bits; we do not (XB01).
        if not set(token) <= TOKEN_LETTERS or not _is_canonical(token.rpartition(".")[2]):
            raise DeadLink
        try:
            signer = self._signer(now)
            if not isinstance(signer, TimestampSigner):
                return signer.unsign(token).decode(), now
            payload, made_at = signer.unsign(token, return_timestamp=True)
            text = payload.decode()
        except (BadSignature, UnicodeDecodeError) as exc:
            raise DeadLink from exc
        # What is cut off are parts of a second, which no token has.
        age = now.replace(microsecond=0) - made_at
        if self.lifetime is None or not -CLOCKS_DIFFER <= age <= self.lifetime:
            raise DeadLink
        return text, made_at

    def _signer(self, now: datetime) -> Signer:
        if self.lifetime is not None:
            return _DatedSigner(signing_keys(), self.purpose, now=now)
        return self._plain_signer()

    def _plain_signer(self) -> Signer:
        return Signer(
            signing_keys(), salt=self.purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )


def signing_keys() -> list[str]:
    """Return all keys, oldest first, as itsdangerous wants them: the last one signs."""
    return [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"]]


def public_url(path: str) -> str:
    """Return the absolute address of `path`, always under PUBLIC_URL (STANDARDS XD08)."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _is_canonical(signature: str) -> bool:
    """Tell whether the last letter of a 32-byte signature has its two spare bits at zero."""
    return len(signature) == 43 and signature[-1] in "AEIMQUYcgkosw048"


CONFIRM = Link("confirm", "/confirm/{token}", timedelta(days=7))
UNSUBSCRIBE = Link("unsubscribe", "/unsubscribe/{token}")
PREFERENCES = Link("preferences", "/preferences/{token}")
UNDO = Link("undo", "/undo/{token}", timedelta(minutes=30))
UNDO_BY_MAIL = Link("undo by mail", "/undo/by-mail/{token}", timedelta(hours=72))
MANAGE = Link("manage", "/manage/open/{token}", timedelta(minutes=60))
MANAGED = Link("managed", "/manage", timedelta(minutes=60))
"""What the cookie of a reader who opened such a link holds; no address has it."""
NEW_ADDRESS = Link("new address", "/manage/new-address/{token}", timedelta(hours=24))
OBJECTION = Link("objection", "/manage/objection/{token}", timedelta(days=7))
CLICKED = Link("tracked click", "/r/{token}")
"""Stands before the key of a link, in the mail of a reader who agreed to be recorded."""
OPENED = Link("tracked opening", "/o/{token}")
MEMBERSHIP = Link("membership", "/members/confirm/{token}", timedelta(days=7))
CHANGE_ADDRESS = Link("change of address", "/desk/sign-in/address/{token}", timedelta(hours=24))
SIGN_IN = Link("sign-in", "/desk/sign-in/{token}", timedelta(hours=24))
