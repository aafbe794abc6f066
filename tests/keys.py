"""Keys for DKIM, made anew in each run, and what the DNS would say of them."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from newsletter.mail.dkim import SigningKey

RSA = SigningKey("s2027", "example.org", rsa.generate_private_key(65537, 2048))
ED25519 = SigningKey("e2027", "example.org", Ed25519PrivateKey.generate())


def short_key() -> RSAPrivateKey:
    """An RSA key of 648 bits, from two primes that everybody knows."""
    p, q, e = 2**521 - 1, 2**127 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


def pem_of(key: Any, passphrase: str = "") -> bytes:
    """A private key as its file has it, encrypted if there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    form = serialization.PrivateFormat.PKCS8
    octets: bytes = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return octets


def write_key(path: Path, key: Any, passphrase: str = "") -> Path:
    """Write a private key to `path`, and return that."""
    path.write_bytes(pem_of(key, passphrase))
    return path


def public_records(keys: Sequence[SigningKey]) -> dict[str, bytes]:
    """The TXT records of the keys' public halves, by name (RFC 6376 3.6.1, RFC 8463 section 4)."""
    return {f"{key.selector}._domainkey.{key.domain}.": _record(key) for key in keys}


def _record(key: SigningKey) -> bytes:
    public = key.private.public_key()
    if isinstance(key.private, RSAPrivateKey):
        octets = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(octets)
    octets = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(octets)
