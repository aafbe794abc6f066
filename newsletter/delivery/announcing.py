"""What is about to happen to an issue, in sentences that can be read aloud."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter import clock, languages
from newsletter.delivery.audience import Audience
from newsletter.subscriptions.models import SuppressionReason

BECAUSE = {
    SuppressionReason.BOUNCE: "mail to them bounced",
    SuppressionReason.COMPLAINT: "they reported our mail as unwanted",
    SuppressionReason.OPERATOR: "their address was suppressed here",
    SuppressionReason.ERASED: "they asked to be erased",
}
"""Why somebody is never mailed, to follow “because”."""

WEEKLY = "weekly digest on Monday"
MONTHLY = "monthly digest on the first of the month"


@dataclass(frozen=True)
class Announcement:
    """The sentence, and the one about who is left out, which is empty if nobody is."""

    sentence: str
    left_out: str

    def __str__(self) -> str:
        """Return both."""
        return f"{self.sentence} {self.left_out}".strip()


def announce(number: int, audience: Audience, when: str) -> Announcement:
    """Say that an issue goes to its audience; `when` is how the sentence begins."""
    what = f"issue {number}"
    if audience.corrects is not None:
        what += f", which corrects issue {audience.corrects},"
    return Announcement(f"{when} {what} goes to {_whom(audience)}.", _left_out(audience))


def on(wall: datetime, zone: str) -> str:
    """Return the beginning for a wall time: “On Thursday 5 March 2026 at 09:00 (Europe/Vienna)”."""
    shown = clock.local(wall, zone)
    return f"On {shown:%A} {shown.day} {shown:%B %Y} at {_clock(shown, zone)}"


def after(hold: timedelta, *, zone: str, now: datetime) -> str:
    """Return the beginning for a hold: “In 10 minutes, at 16:42 (Europe/Vienna),”."""
    if not hold:
        return "As soon as you press the button,"
    minutes = max(1, round(hold / timedelta(minutes=1)))
    shown = (now + hold).astimezone(ZoneInfo(zone))
    return f"In {minutes} minute{'' if minutes == 1 else 's'}, at {_clock(shown, zone)},"


def _clock(shown: datetime, zone: str) -> str:
    return f"{shown:%H:%M} ({zone.replace('_', ' ')})"


def _whom(audience: Audience) -> str:
    """Say who gets it, and where some get it in a digest, who now and who then."""
    if not audience.everybody:
        return "nobody"
    later = [
        f"{number:,} in their {digest}"
        for number, digest in ((audience.weekly, WEEKLY), (audience.monthly, MONTHLY))
        if number
    ]
    if not later:
        return _who_now(audience)
    who = _people(audience.everybody)
    if audience.corrects is not None:
        who += f" who got issue {audience.corrects}"
    if not audience.recipients:
        return f"{who}: {', '.join(later)}"
    editions = _editions(audience).lstrip(" ,:")
    now = f"{audience.recipients:,} by e-mail now" + (f" ({editions})" if editions else "")
    return f"{who}: {', '.join([now, *later])}"


def _who_now(audience: Audience) -> str:
    if audience.corrects is None:
        return _people(audience.recipients) + _editions(audience)
    who = f"{_people(audience.reached)} who got issue {audience.corrects}"
    if audience.recipients == audience.reached:
        return f"the {who}{_editions(audience)}"
    return f"{audience.recipients:,} of the {who}{_editions(audience)}"


def _editions(audience: Audience) -> str:
    read = {language: number for language, number in audience.by_language.items() if number}
    if not audience.by_language:
        return ""
    if len(read) == 1:
        [language] = read
        return f", all in {languages.english_name(language)}"
    return ": " + ", ".join(
        f"{number:,} in {languages.english_name(language)}" for language, number in read.items()
    )


def _left_out(audience: Audience) -> str:
    paused = "they paused"
    if audience.corrects is not None:
        paused += " (it comes to them after the pause)"
    reasons = [(audience.left, "they left since"), (audience.paused, paused)]
    reasons += [(audience.suppressed.get(reason, 0), why) for reason, why in BECAUSE.items()]
    return _because([(number, why) for number, why in reasons if number])


def _because(reasons: Sequence[tuple[int, str]]) -> str:
    if not reasons:
        return ""
    (number, why), *others = reasons
    is_or_are = "is" if number == 1 else "are"
    rest = "".join(f", {other:,} because {reason}" for other, reason in others)
    return f"{_people(number)} {is_or_are} left out because {why}{rest}."


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
