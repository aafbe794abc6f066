"""DKIM signatures: who vouches for a message, over its final bytes (RFC 6376, RFC 8463).

Several keys may be live at once: an RSA and an Ed25519 key, or an old and a
new one while keys are changed. Each gives a signature of its own (STANDARDS D01, D02).
"""

import base64
import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.errors import ConfigurationError
from newsletter.mail.encoding import LINE

log = logging.getLogger(__name__)

SMALLEST_RSA = 1024
"""Bits of the smallest RSA key that any verifier must accept (RFC 8301 section 3.2)."""

GOOD_RSA = 2048
"""Bits of the smallest RSA key that is good today (RFC 8301 section 3.2, STANDARDS D01)."""

SIGNED_FIELDS = (
    # Once more than it is there: a second From that somebody adds breaks the signature.
    *("from", "from", "to", "subject", "date", "message-id", "reply-to"),
    *("mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"),
)
"""What is signed of what a message has (STANDARDS D01, L03; RFC 8058 section 4)."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True)
class SigningKey:
    """One private key, and the name under which its public half is in the DNS."""

    selector: str
    domain: str
    # In no log, no traceback and no page: only names say which key it is.
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The name of what it signs with."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record_name(self) -> str:
        """Where its public half is in the DNS."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public_forms(self) -> frozenset[bytes]:
        """The public half as a record may have it: RSA is written in two ways (RFC 6376 3.6.1)."""
        public = self.private.public_key()
        if not isinstance(public, RSAPublicKey):
            return frozenset({public.public_bytes_raw()})
        forms = (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1)
        return frozenset(public.public_bytes(Encoding.DER, form) for form in forms)

    def may_sign_for(self, domain: str) -> bool:
        """Tell whether mail from `domain`, an A-label, is this key's to sign."""
        return f".{domain.lower()}".endswith(f".{self.domain}")

    def seal(self, octets: bytes) -> bytes:
        """Return the signature of the SHA-256 hash of `octets`; the same each time."""
        digest = hashlib.sha256(octets).digest()
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        return self.private.sign(digest)


def load(text: str, passphrase: str) -> tuple[SigningKey, ...]:
    """Return the keys that a setting names, as in `s2027:example.org:/etc/keys/s2027.pem,...`.

    `passphrase` opens those that are encrypted. Raises ConfigurationError with
    what to change.
    """
    keys = tuple(_load_one(part.strip(), passphrase) for part in text.split(",") if part.strip())
    names = {(key.selector, key.domain) for key in keys}
    if len(names) < len(keys):
        raise ConfigurationError("DKIM_KEYS names one selector of a domain twice.")
    return keys


def _load_one(entry: str, passphrase: str) -> SigningKey:
    selector, _, rest = entry.partition(":")
    domain, _, path = rest.partition(":")
    selector, domain = selector.lower(), domain.lower()
    if not (path and _NAME.fullmatch(selector) and _NAME.fullmatch(domain) and "." in domain):
        raise ConfigurationError(
            "DKIM_KEYS must be selector:domain:file with commas between them, "
            f"like s2027:example.org:/etc/keys/s2027.pem, not “{entry}”."
        )
    private = _private_key(Path(path), passphrase)
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise ConfigurationError(f"The DKIM key {path} must be an RSA or an Ed25519 key.")
    if isinstance(private, RSAPrivateKey) and private.key_size < GOOD_RSA:
        if private.key_size < SMALLEST_RSA:
            raise ConfigurationError(
                f"The DKIM key {path} has {private.key_size} bits, which no receiver accepts. "
                f"Make one of {GOOD_RSA}."
            )
        log.warning("DKIM key %s has %d bits; make one of 2048", path, private.key_size)
    return SigningKey(selector, domain, private)


def _private_key(path: Path, passphrase: str) -> object:
    try:
        pem = path.read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"The DKIM key {path} cannot be read: {exc.strerror}.") from exc
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        # What this means is that the key is encrypted.
        if not passphrase:
            raise ConfigurationError(
                f"The DKIM key {path} is encrypted: set DKIM_PASSPHRASE."
            ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"The DKIM key {path} is no private key in PEM format.") from None
    try:
        return load_pem_private_key(pem, passphrase.encode())
    except (ValueError, UnsupportedAlgorithm):
        # Without the cause, whose text is the library's and not meant for people.
        raise ConfigurationError(
            f"The DKIM key {path} does not open with DKIM_PASSPHRASE."
        ) from None


def keys_for(domain: str, keys: Sequence[SigningKey]) -> tuple[SigningKey, ...]:
    """Return those of `keys` that sign what is from `domain`: their own, or one below it."""
    return tuple(key for key in keys if key.may_sign_for(domain))


def signed(data: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Return a message of our writer with the signatures of the keys of its From domain."""
    head = data.partition(b"\r\n\r\n")[0]
    author = _unfolded(head).partition(b"\r\n")[0].decode("utf-8")
    return sign(data, keys_for(author.rstrip(">").rpartition("@")[2], keys))


def sign(data: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Return a message of our writer with one signature of each key before it.

    Another writer's would have to be brought into canonical form first. Ours
    has every field once, no two blanks together and none at the end of a
    line, in the head and in the body (encoding.quoted_printable).
    """
    if not keys:
        return data
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(map(_canonical, _unfolded(head).split(b"\r\n")))
    names, written = _names(frozenset(fields))
    covered = b"".join([fields[name] for name in names])
    body_hash = base64.b64encode(_body_hash(body)).decode()
    return b"".join([*(_signature(key, written, covered, body_hash) for key in keys), data])


def _unfolded(head: bytes) -> bytes:
    return head.replace(b"\r\n ", b" ")


def _canonical(line: bytes) -> tuple[bytes, bytes]:
    """Return a field's name and its relaxed canonical form (RFC 6376 section 3.4.2)."""
    name, _, value = line.partition(b":")
    lower = name.lower()
    return lower, b"%b:%b\r\n" % (lower, value.strip())


@lru_cache(maxsize=64)
def _names(present: frozenset[bytes]) -> tuple[list[bytes], str]:
    """Return what is signed of the fields that are there, and the h= tag in lines."""
    names = [name for name in SIGNED_FIELDS if name.encode() in present]
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > LINE - len(" h=:;"):
            lines.append("")
        lines[-1] += f"{name}:"
    # The second From stands for one that is not there, so it brings no bytes (section 5.4.2).
    once = [name.encode() for name in dict.fromkeys(names)]
    return once, "\r\n ".join(lines).removesuffix(":")


def _body_hash(body: bytes) -> bytes:
    """Return the hash of the canonical body, which has no empty lines at its end (3.4.4)."""
    if body.endswith(b"\r\n\r\n"):
        body = body.rstrip(b"\r\n") + b"\r\n"
    return hashlib.sha256(body if body != b"\r\n" else b"").digest()


def _signature(key: SigningKey, names: str, covered: bytes, body_hash: str) -> bytes:
    """Return one DKIM-Signature field over the canonical fields and the hash of the body."""
    lines = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
        f" d={key.domain};\r\n s={key.selector};\r\n"
        f" h={names};\r\n bh={body_hash};\r\n b="
    ).encode()
    # It signs itself, too: without what is to come and without a line end (section 3.7).
    own = _canonical(_unfolded(lines))[1].removesuffix(b"\r\n")
    value = base64.b64encode(key.seal(covered + own))
    # 72 letters, and the blank that makes the next line part of the field.
    chunks = [value[start : start + 72] for start in range(0, len(value), 72)]
    return lines + b"\r\n ".join(chunks) + b"\r\n"
