"""How fast mail may go: everywhere, for a list, to a provider; shared by all senders."""

from newsletter.delivery.pacing.pacer import Pacer

__all__ = ["Pacer"]
