"""The evidence of consent, as an editor may read it."""

import pytest
from flask import Flask

from newsletter.subscriptions import consent
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.evidence import evidence_of, mask
from newsletter.subscriptions.models import ConsentKind
from newsletter.translating import translator
from tests.conftest import NOW
from tests.factories import make_list, make_subscription


def test_evidence_has_the_exact_words_and_no_full_network_address(app: Flask) -> None:
    subscription = make_subscription(make_list())
    origin = Origin(page="/", ip="2001:db8:1:2:3:4:5:6")
    words = consent.wording("Stay Informed", translator("en"))
    for kind in (ConsentKind.REQUESTED, ConsentKind.CONFIRMED):
        consent.record(
            kind, subscription, origin=origin, now=NOW, wording_id=consent.wording_id(words)
        )
    asked, confirmed = evidence_of(subscription.subscriber_id)
    assert (asked.kind, confirmed.kind) == (ConsentKind.REQUESTED, ConsentKind.CONFIRMED)
    assert (asked.words, asked.version) == (words.text, words.version)
    assert (asked.list_name, asked.page, asked.network) == ("Stay Informed", "/", "2001:db8:1::/48")


def test_evidence_without_words_or_network_is_shown_as_it_is(app: Flask) -> None:
    subscription = make_subscription(make_list())
    consent.record(ConsentKind.UNSUBSCRIBED, subscription, origin=Origin(actor="editor 1"), now=NOW)
    (left,) = evidence_of(subscription.subscriber_id)
    assert (left.words, left.network, left.actor) == ("", "", "editor 1")


def test_nobody_elses_evidence_is_shown(app: Flask) -> None:
    subscription = make_subscription(make_list())
    consent.record(ConsentKind.CONFIRMED, subscription, origin=Origin(), now=NOW)
    assert evidence_of(subscription.subscriber_id + 1) == []


@pytest.mark.parametrize(
    ("ip", "network"),
    [("198.51.100.77", "198.51.100.0/24"), ("2001:db8::1", "2001:db8::/48"), (None, ""), ("", "")],
)
def test_a_network_address_is_masked(ip: str | None, network: str) -> None:
    assert mask(ip) == network
