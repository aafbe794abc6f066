"""Who did what: written down in the transaction that does it, never changed, read as prose."""

from newsletter.audit.deeds import Channel, Deed
from newsletter.audit.recording import record

__all__ = ["Channel", "Deed", "record"]
