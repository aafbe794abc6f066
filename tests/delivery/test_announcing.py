"""The one sentence before sending, read aloud: golden texts."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.delivery import announcing
from newsletter.delivery.audience import Audience
from newsletter.subscriptions.models import SuppressionReason

THURSDAY = announcing.on(datetime(2026, 3, 5, 9, 0), "Europe/Vienna")
R = SuppressionReason


@pytest.mark.parametrize(
    ("audience", "said"),
    [
        (
            Audience(
                1234,
                by_language={"en": 1180, "fr": 54},
                paused=12,
                suppressed={R.BOUNCE: 7, R.COMPLAINT: 2},
            ),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 1,234 people: "
            "1,180 in English, 54 in French. 12 people are left out because they paused, "
            "7 because mail to them bounced, 2 because they reported our mail as unwanted.",
        ),
        (
            Audience(1),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 1 person.",
        ),
        (
            Audience(3, by_language={"en": 3, "fr": 0}, paused=1),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 3 people, "
            "all in English. 1 person is left out because they paused.",
        ),
        (
            Audience(0, by_language={"en": 0, "fr": 0}, suppressed={R.OPERATOR: 1}),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to nobody. "
            "1 person is left out because their address was suppressed here.",
        ),
        (
            Audience(1_000_000, by_language={"pt-BR": 999_999, "ar": 1}, suppressed={R.ERASED: 3}),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to "
            "1,000,000 people: 999,999 in Portuguese (Brazil), 1 in Arabic. "
            "3 people are left out because they asked to be erased.",
        ),
        (
            Audience(1201, corrects=41, reached=1201),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42, which corrects issue 41, "
            "goes to the 1,201 people who got issue 41.",
        ),
        (
            Audience(1197, corrects=41, reached=1201, left=3, paused=1),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42, which corrects issue 41, "
            "goes to 1,197 of the 1,201 people who got issue 41. "
            "3 people are left out because they left since, "
            "1 because they paused (it comes to them after the pause).",
        ),
        (
            Audience(2, by_language={"en": 1, "fr": 1}, corrects=41, reached=2),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42, which corrects issue 41, "
            "goes to the 2 people who got issue 41: 1 in English, 1 in French.",
        ),
        (
            Audience(1180, weekly=54, paused=12, suppressed={R.BOUNCE: 7}),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 1,234 people: "
            "1,180 by e-mail now, 54 in their weekly digest on Monday. "
            "12 people are left out because they paused, 7 because mail to them bounced.",
        ),
        (
            Audience(1180, by_language={"en": 1000, "fr": 180}, weekly=54, monthly=3),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 1,237 people: "
            "1,180 by e-mail now (1,000 in English, 180 in French), "
            "54 in their weekly digest on Monday, "
            "3 in their monthly digest on the first of the month.",
        ),
        (
            Audience(0, monthly=1),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42 goes to 1 person: "
            "1 in their monthly digest on the first of the month.",
        ),
        (
            Audience(1197, corrects=41, reached=1201, left=4, weekly=54),
            "On Thursday 5 March 2026 at 09:00 (Europe/Vienna) issue 42, which corrects issue 41, "
            "goes to 1,251 people who got issue 41: 1,197 by e-mail now, "
            "54 in their weekly digest on Monday. 4 people are left out because they left since.",
        ),
    ],
)
def test_it_is_a_sentence(audience: Audience, said: str) -> None:
    assert str(announcing.announce(42, audience, THURSDAY)) == said


@pytest.mark.parametrize(
    ("minutes", "beginning"),
    [
        (10, "In 10 minutes, at 16:42 (Europe/Vienna),"),
        (1, "In 1 minute, at 16:33 (Europe/Vienna),"),
        (0, "As soon as you press the button,"),
    ],
)
def test_a_hold_is_said_where_the_editor_is(minutes: int, beginning: str) -> None:
    now = datetime(2026, 3, 5, 15, 32, tzinfo=UTC)
    hold = timedelta(minutes=minutes)
    assert announcing.after(hold, zone="Europe/Vienna", now=now) == beginning


def test_a_time_that_clocks_skip_is_said_as_it_will_be() -> None:
    skipped = announcing.on(datetime(2026, 3, 29, 2, 30), "America/Argentina/Buenos_Aires")
    assert skipped.endswith("at 02:30 (America/Argentina/Buenos Aires)")
    assert announcing.on(datetime(2026, 3, 29, 2, 30), "Europe/Vienna").endswith(
        "On Sunday 29 March 2026 at 03:00 (Europe/Vienna)"
    )
