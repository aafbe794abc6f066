"""Where the development mailbox keeps its messages: the bytes and, beside them, the envelope."""

import json
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

from newsletter import addresses
from newsletter.errors import NotFound

KEPT = 500
"""Messages that stay; one more pushes the oldest out."""

# Names sort by the time of arrival, and nothing that fits the pattern leads out of the folder.
NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Envelope:
    """What SMTP said around a message; an empty sender is the null return path."""

    sender: str
    recipients: tuple[str, ...]
    received_at: datetime


def folder_of(instance: Path) -> Path:
    """Return the mailbox's folder inside the folder of an installation."""
    return instance / "mailbox"


def add(folder: Path, raw: bytes, envelope: Envelope) -> str:
    """Keep a message exactly as it was received, and return its name.

    The bytes come under their name last and in one step: no reader ever sees
    half of a message, or one without its envelope.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{envelope.received_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
    facts = {
        "sender": envelope.sender,
        "recipients": envelope.recipients,
        "received_at": envelope.received_at.isoformat(),
    }
    (folder / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    draft = folder / f"{name}.draft"
    draft.write_bytes(raw)
    draft.replace(folder / f"{name}.eml")
    for old in names(folder)[KEPT:]:
        _remove(folder, old)
    return name


def names(folder: Path) -> list[str]:
    """Return the names of all messages, the newest first."""
    found = (path.stem for path in folder.glob("*.eml"))
    return sorted((name for name in found if NAME.fullmatch(name)), reverse=True)


def envelope_of(folder: Path, name: str) -> Envelope:
    """Return the envelope of a message; raise NotFound where there is none."""
    facts = json.loads(_read(folder, name, "json"))
    return Envelope(
        sender=facts["sender"],
        recipients=tuple(facts["recipients"]),
        received_at=datetime.fromisoformat(facts["received_at"]),
    )


def raw(folder: Path, name: str, *, limit: int = -1) -> bytes:
    """Return a message, or its first `limit` bytes; raise NotFound where there is none."""
    return _read(folder, name, "eml", limit=limit)


def forget(folder: Path, canonicals: Collection[str]) -> None:
    """Delete the messages that went to one of these canonical addresses, or that speak of it."""
    for name in names(folder):
        # One that a newer message pushes out at this moment is gone anyway.
        with suppress(NotFound):
            recipients = envelope_of(folder, name).recipients
            is_theirs = any(addresses.is_one_of(one, canonicals) for one in recipients)
            if is_theirs or _speaks_of(raw(folder, name), canonicals):
                _remove(folder, name)


def _speaks_of(octets: bytes, canonicals: Collection[str]) -> bool:
    """Tell whether one of the addresses stands in a message, however its parts are encoded."""
    parts = message_from_bytes(octets).walk()
    decoded = [part.get_payload(decode=True) for part in parts if not part.is_multipart()]
    texts = [octets, *(text for text in decoded if isinstance(text, bytes))]
    return any(one.encode() in text.lower() for one in canonicals for text in texts)


def _read(folder: Path, name: str, suffix: str, *, limit: int = -1) -> bytes:
    if not NAME.fullmatch(name):
        raise NotFound("There is no such message in the mailbox.")
    try:
        with open(folder / f"{name}.{suffix}", "rb") as file:
            return file.read(limit)
    except FileNotFoundError as exc:
        raise NotFound(
            f"This message is not in the mailbox any more: it keeps the newest {KEPT}."
        ) from exc


def _remove(folder: Path, name: str) -> None:
    (folder / f"{name}.eml").unlink(missing_ok=True)
    (folder / f"{name}.json").unlink(missing_ok=True)
