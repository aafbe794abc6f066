"""What code and templates say in English, read from them once: that takes seconds."""

from functools import cache

from babel.messages import Message

from scripts.translations import extracted


@cache
def messages() -> tuple[Message, ...]:
    """Return every message that is handed to a translator, without the catalogue's head."""
    return tuple(message for message in extracted() if message.id)
