"""Looking one subscriber up, and suppressing an address."""

import pytest
from flask import Flask

from newsletter import addresses
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.subscriptions import consent, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, SuppressionReason
from newsletter.translating import translator
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list, make_subscription


def look_up(browser: Browser, address: str) -> tuple[int, str]:
    answer = browser.post("/desk/subscribers/", {"address": address})
    return answer.status_code, answer.text


def test_one_address_is_shown_with_its_evidence_and_no_full_network_address(
    browser: Browser,
) -> None:
    subscription = make_subscription(make_list(), "ada@example.org")
    consent.record(
        ConsentKind.CONFIRMED,
        subscription,
        origin=Origin(page="/confirm", ip="198.51.100.77"),
        now=NOW,
        wording_id=consent.wording_id(consent.wording("Stay Informed", translator("en"))),
    )
    status, page = look_up(browser, "Ada@Example.org")
    assert status == 200
    assert "ada@example.org: confirmed" in page
    for words in ("Ada</bdi>", "English", "HTML and plain text", "every issue", "By the form"):
        assert words in page
    assert "Yes, send me" in page
    assert "198.51.100.0/24" in page
    assert "198.51.100.77" not in page


@pytest.mark.parametrize("address", ["nobody@example.org", "", "not an address", "x" * 3000])
def test_an_address_that_nobody_has_is_said_at_the_field(browser: Browser, address: str) -> None:
    status, page = look_up(browser, address)
    assert status == 422
    assert 'id="address-error"' in page


def test_an_address_is_suppressed_whether_it_is_known_or_not(browser: Browser) -> None:
    answer = browser.post(
        "/desk/subscribers/suppress", {"address": "gone@example.org", "note": "asked by letter"}
    )
    assert answer.status_code == 303
    found = suppression.find(addresses.parse("gone@example.org"))
    assert found is not None
    assert (found.reason, found.note) == (SuppressionReason.OPERATOR, "asked by letter")
    db.session.rollback()
    status, page = look_up(browser, "gone@example.org")
    assert status == 200
    assert "asked by letter" in page


def test_what_is_no_address_cannot_be_suppressed(browser: Browser) -> None:
    answer = browser.post("/desk/subscribers/suppress", {"address": "everybody", "note": ""})
    assert answer.status_code == 422


def blocked(address: str = "gone@example.org") -> bool:
    db.session.rollback()
    return suppression.find(addresses.parse(address)) is not None


def suppress(reason: SuppressionReason) -> None:
    suppression.suppress(addresses.parse("gone@example.org"), reason=reason, note="N", now=NOW)


def test_an_admin_lifts_what_a_colleague_entered_with_a_reason_in_the_log(app: Flask) -> None:
    number = make_subscription(make_list(), "gone@example.org").subscriber_id
    suppress(SuppressionReason.OPERATOR)
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    assert "Lift the suppression" in look_up(admin, "gone@example.org")[1]
    fields = {"address": "gone@example.org", "why": ""}
    answer = admin.post("/desk/subscribers/lift", fields)
    assert answer.status_code == 422
    assert 'id="why-error"' in answer.text
    assert blocked()
    answer = admin.post("/desk/subscribers/lift", {**fields, "why": "it was a typing mistake"})
    assert answer.status_code == 303
    assert not blocked()
    log = admin.get("/desk/log/").text
    assert f"lifted the suppression of subscriber {number}: it was a typing mistake." in log
    assert admin.post("/desk/subscribers/lift", {**fields, "why": "again"}).status_code == 404


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (SuppressionReason.COMPLAINT, "reported our mail as unwanted"),
        (SuppressionReason.ERASED, "They lift that themselves"),
    ],
)
def test_what_a_reader_decided_nobody_lifts(
    app: Flask, reason: SuppressionReason, words: str
) -> None:
    suppress(reason)
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    _, page = look_up(admin, "gone@example.org")
    assert words in page
    assert "Lift the suppression" not in page
    answer = admin.post("/desk/subscribers/lift", {"address": "gone@example.org", "why": "W"})
    assert answer.status_code == 409
    assert words in answer.text
    assert blocked()


def test_only_admins_are_offered_to_lift_it(browser: Browser) -> None:
    suppress(SuppressionReason.OPERATOR)
    assert "Lift the suppression" not in look_up(browser, "gone@example.org")[1]
