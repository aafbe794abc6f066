"""What replies mean and how they are kept."""

import pytest

from newsletter.mail.replies import Kind, Reply, hide_addresses, outcome_of
from tests.timing import within


@pytest.mark.parametrize(
    ("reply", "kind", "status", "text"),
    [
        (Reply(250, ("2.0.0 Ok: queued as 4F",)), Kind.SENT, "2.0.0", "Ok: queued as 4F"),
        (Reply(250, ("",)), Kind.SENT, "", ""),
        (Reply(251, ("will forward",)), Kind.SENT, "", "will forward"),
        (
            Reply(550, ("5.7.26 first line", "5.7.26 second line")),
            Kind.REFUSED,
            "5.7.26",
            "first line second line",
        ),
        (Reply(550, ("4.2.2 mixed",)), Kind.REFUSED, "", "mixed"),
        (Reply(450, ("5.1.1 mixed",)), Kind.DEFERRED, "", "mixed"),
        (Reply(550, ("5.1.1234 none",)), Kind.REFUSED, "", "5.1.1234 none"),
        (Reply(354, ("go on",)), Kind.UNCERTAIN, "", "go on"),
    ],
)
def test_the_three_digits_decide(reply: Reply, kind: Kind, status: str, text: str) -> None:
    outcome = outcome_of(reply)
    assert (outcome.kind, outcome.code, outcome.status) == (kind, reply.code, status)
    assert outcome.text == text


@pytest.mark.parametrize(
    "text",
    [
        "<ada.lovelace@example.org>: unknown",
        "mailbox ada.lovelace not found",
        "see https://x.example/?who=ADA.LOVELACE%40example.org",
        "no bounce+ada.lovelace=example.org@lists.example here",
        "ADA.LOVELACE@EXAMPLE.ORG",
    ],
)
def test_no_address_is_kept(text: str) -> None:
    kept = hide_addresses(text, "ada.lovelace@example.org").lower()
    assert "lovelace" not in kept
    assert "@example.org" not in kept


def test_control_characters_and_length_are_tamed() -> None:
    kept = hide_addresses("a\x00\x1b[31m\r\n\u2028b " + "word " * 2_000)
    assert kept.startswith("a [31m b word")
    assert len(kept) == 400


@pytest.mark.parametrize("text", ["x" * 100_000, "@" * 100_000, "x@" * 50_000, "x%4" * 40_000])
def test_no_reply_takes_long_to_read(text: str) -> None:
    within(0.5, lambda: hide_addresses(text, "ada@example.org"))


def test_an_address_cut_in_two_does_not_show_its_half() -> None:
    text = "ada@example.org " * 99 + "x" * 10 + " lovelace@example.org"
    assert "lovelace" not in hide_addresses(text)
