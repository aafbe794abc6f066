"""How fast mail may go: everywhere, for a list, to a provider; shared by all senders."""

from newsletter.delivery.pacing.board import forget_old
from newsletter.delivery.pacing.pacer import Pacer
from newsletter.delivery.pacing.spending import spend_singles
from newsletter.delivery.pacing.standings import end_holds

__all__ = ["Pacer", "end_holds", "forget_old", "spend_singles"]
