"""What editors hold in their hands: an app that shows codes, a device that keeps passkeys."""

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

from newsletter.accounts import Editor, one_time_codes, second_factors
from newsletter.extensions import db


class Phone:
    """An app with one secret in it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, at: datetime, *, later: int = 0) -> str:
        """Return what it shows at a time, or some steps later."""
        return one_time_codes.code_at(self.secret, one_time_codes.step_of(at) + later)


def phone_of(editor: Editor, *, now: datetime) -> Phone:
    """Set up a second factor for the editor, and return the phone that has it.

    The code of the step before `now` is used up by it.
    """
    second_factors.offer(editor, now=now)
    secret = second_factors.offered_secret(editor, now=now)
    assert secret is not None
    phone = Phone(secret)
    second_factors.confirm(editor, phone.code(now, later=-1), now=now)
    db.session.commit()
    return phone


USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


class Device:
    """An authenticator in software (WebAuthn section 6), with one passkey at most.

    It answers the options that the server gave, as a browser would send them. What it does
    wrong is set on it: `origin`, `host`, `flags`, and `counts` for one that counts its uses.
    """

    def __init__(
        self, origin: str = "https://news.example.org", host: str = "news.example.org"
    ) -> None:
        self.origin = origin
        self.host = host
        self.flags = USER_PRESENT | USER_VERIFIED
        self.counts = True
        self.uses = 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = b""

    def make(self, options: str) -> str:
        """Make a passkey, as `navigator.credentials.create` does."""
        asked = json.loads(options)
        self.user_handle = base64url_to_bytes(asked["user"]["id"])
        attested = b"\0" * 16 + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(self.flags | HAS_KEY) + attested + self._cose_key()
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", asked), attestationObject=statement
        )

    def use(self, options: str) -> str:
        """Sign a challenge, as `navigator.credentials.get` does."""
        asked = json.loads(options)
        self.uses += self.counts
        client_data, data = self._client_data("webauthn.get", asked), self._data(self.flags)
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(signed, ec.ECDSA(SHA256())),
            userHandle=self.user_handle,
        )

    def _answer(self, **response: bytes) -> str:
        number = bytes_to_base64url(self.credential_id)
        parts = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": number, "rawId": number, "type": "public-key", "response": parts})

    def _client_data(self, kind: str, asked: dict[str, Any]) -> bytes:
        facts = {"type": kind, "challenge": asked["challenge"], "origin": self.origin}
        return json.dumps(facts).encode()

    def _data(self, flags: int) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _cose_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
