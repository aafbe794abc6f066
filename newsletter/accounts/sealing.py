"""Secrets that have to be read again: sealed with a key made from SECRET_KEY.

A database that was copied without the key gives none of them away. Keys rotate as those of
links do: what an older key sealed is read with SECRET_KEY_FALLBACKS.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from newsletter import links


def seal(text: str, *, owner: int) -> str:
    """Return `text` encrypted for the row of `owner`."""
    return _fernet().encrypt(f"{owner}\n{text}".encode()).decode()


def unseal(sealed: str, *, owner: int) -> str | None:
    """Return the text again; None for a key that is gone, damage, or the row of another owner."""
    try:
        whose, _, text = _fernet().decrypt(sealed.encode()).decode().partition("\n")
    except InvalidToken:
        return None
    return text if whose == str(owner) else None


def _fernet() -> MultiFernet:
    """Return what encrypts with the key of today and decrypts with every one that is known."""
    return MultiFernet([Fernet(_derived(key)) for key in reversed(links.signing_keys())])


def _derived(key: str) -> bytes:
    """Return a key of its own for this purpose, so that nothing else is encrypted with it."""
    derivation = HKDF(SHA256(), length=32, salt=None, info=b"stay-informed sealing")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
