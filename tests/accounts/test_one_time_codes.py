"""Codes of apps (RFC 6238)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from newsletter.accounts import one_time_codes
from tests.conftest import NOW

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The one of RFC 6238, appendix B: 12345678901234567890."""

HALF_A_MINUTE = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert one_time_codes.code_at(SECRET, one_time_codes.step_of(moment)) == code


@pytest.mark.parametrize(
    ("steps_off", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_half_a_minute_off(steps_off: int, fits: bool) -> None:
    step = one_time_codes.step_of(NOW) + steps_off
    code = one_time_codes.code_at(SECRET, step)
    found = one_time_codes.matching_step(SECRET, code, now=NOW)
    assert found == (step if fits else None)


@pytest.mark.parametrize("form", ["{0}{1}", "{0} {1}", " {0}\u00a0{1} ", "{0}{1}\n"])
def test_gaps_do_not_matter(form: str) -> None:
    code = one_time_codes.code_at(SECRET, one_time_codes.step_of(NOW))
    typed = form.format(code[:3], code[3:])
    assert one_time_codes.matching_step(SECRET, typed, now=NOW) is not None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "é" * 6, "0" * 5000, "-00001"])
def test_what_is_no_code_fits_never(typed: str) -> None:
    assert one_time_codes.matching_step(SECRET, typed, now=NOW) is None


def test_a_secret_is_long_random_and_shown_in_groups() -> None:
    secret = one_time_codes.new_secret()
    assert len(secret) == 32
    assert secret != one_time_codes.new_secret()
    groups = one_time_codes.in_groups(secret).split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert "".join(groups) == secret


def test_the_qr_code_says_whose_account_it_is() -> None:
    text = one_time_codes.address_for_apps(
        SECRET, account="edith+desk@example.org", issuer="Stay Informed"
    )
    parts = urlsplit(text)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Stay Informed:edith+desk@example.org"
    assert parse_qs(parts.query) == {
        "secret": [SECRET],
        "issuer": ["Stay Informed"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert "Stay%20Informed" in text
