"""Why a delivery is where it is, in plain words."""

from newsletter.delivery.models import Delivery, DeliveryState

AGAIN = "To be sent again,"
"""How the reason of a row begins that a person wants sent again, though it may have been sent."""


def why(delivery: Delivery) -> str:
    """Return what became of one delivery as a sentence: our reason, or the relay's words."""
    said = _ANSWERS.get(delivery.state)
    if delivery.reply_code is not None and said is not None:
        words = (str(delivery.reply_code), delivery.reply_status, delivery.reason)
        return f"{said}: {' '.join(word for word in words if word)}"
    return delivery.reason or _STATE_REASONS[delivery.state]


_ANSWERS = {
    DeliveryState.WAITING: "The relay said to try again later",
    DeliveryState.SENT: "The relay took it",
    DeliveryState.FAILED: "The relay did not take it",
}

_STATE_REASONS = {
    DeliveryState.WAITING: "It waits for its turn.",
    DeliveryState.IN_FLIGHT: "It is being handed to the relay now.",
    DeliveryState.SENT: "The relay took it.",
    DeliveryState.FAILED: "It could not be sent.",
    DeliveryState.SUPPRESSED: "The reader was not to be mailed any more.",
    DeliveryState.CANCELLED: "The issue was cancelled before this message was sent.",
    DeliveryState.UNCERTAIN: "The relay may have it or not.",
}


def in_general(state: DeliveryState, code: int | None, status: str) -> str:
    """Return why deliveries in this state got this answer, without the words of one relay."""
    return plain_words(code, status) if state is DeliveryState.FAILED else _STATE_REASONS[state]


def plain_words(code: int | None, status: str) -> str:
    """Return what an enhanced status code means to a person (RFC 3463 section 3)."""
    for prefix, words in _STATUS_WORDS:
        # The first number tells for good or for now, which the state says already.
        if status.partition(".")[2].startswith(prefix):
            return words
    return f"The receiving server refused it (code {code})." if code else "It could not be sent."


_STATUS_WORDS = (
    ("1.10", "The domain takes no mail at all."),
    ("1.2", "There is no such domain."),
    ("1.", "There is no such mailbox."),
    ("2.1", "The mailbox is switched off."),
    ("2.2", "The mailbox is full."),
    ("2.3", "The message is too large for the mailbox."),
    ("3.4", "The message is too large for the receiving server."),
    ("6.7", "The relay cannot write to addresses with letters outside ASCII."),
    ("7.", "The receiving server refuses our mail by its rules."),
)
