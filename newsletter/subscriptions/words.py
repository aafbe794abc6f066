"""What readers are offered, as forms say it."""

from newsletter.marking import marked
from newsletter.subscriptions.models import Frequency

FREQUENCIES = (
    (Frequency.EVERY, marked("Every issue")),
    (Frequency.WEEKLY, marked("Once a week")),
    (Frequency.MONTHLY, marked("Once a month")),
)
"""How often, as readers choose it."""
