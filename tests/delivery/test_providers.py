"""Whose servers take somebody's mail."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import providers
from newsletter.extensions import db
from newsletter.subscriptions.models import Subscriber
from tests.factories import make_subscriber

CASES = [
    ("ann@gmail.com", "gmail.com"),
    ("ann@googlemail.com", "gmail.com"),
    ("bob@hotmail.co.uk", "outlook.com"),
    ("bob@msn.com", "outlook.com"),
    ("cem@aol.com", "yahoo.com"),
    ("cem@ymail.com", "yahoo.com"),
    ("dee@mac.com", "icloud.com"),
    ("eve@gmx.at", "gmx.net"),
    ("fay@protonmail.com", "proton.me"),
    ("gus@bk.ru", "mail.ru"),
    ("hal@ya.ru", "yandex.com"),
    ("ida@foxmail.com", "qq.com"),
    ("jon@example.org", "example.org"),
    ("kim@mail.example.org", "mail.example.org"),
    ("lea@gmail.com.example.org", "gmail.com.example.org"),
    ("max@xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ("ñandú@example.org", "example.org"),
]


@pytest.mark.parametrize(("address", "provider"), CASES)
def test_an_address_has_the_provider_of_its_house(address: str, provider: str) -> None:
    assert providers.of(address) == provider


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("Ann@GoogleMail.COM", "gmail.com"),
        ("ann@MÜNCHEN.de", "xn--mnchen-3ya.de"),
        ("ann@" + "x" * 300, "x" * 255),
        ("ann@b..ü", "b..?"),
        ("ann", "ann"),
        ("", ""),
    ],
)
def test_any_spelling_and_even_nonsense_has_a_name(address: str, provider: str) -> None:
    assert providers.of(address) == provider


def test_every_domain_belongs_to_one_house() -> None:
    named = providers._HOUSES.split()
    assert len(named) == len(set(named))
    assert all(providers.HOUSE_OF[house] == house for house in providers.HOUSE_OF.values())


def test_the_database_gives_the_same_names(app: Flask) -> None:
    check_the_database_gives_the_same_names()


def check_the_database_gives_the_same_names() -> None:
    for address, _ in CASES:
        make_subscriber(address)
    rows = db.session.execute(
        sa.select(Subscriber.canonical, providers.expression(Subscriber.canonical))
    )
    assert {address: provider for address, provider in rows} == dict(CASES)
