"""flask pace, as a program and a person see it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from newsletter.clock import now as the_clock
from newsletter.delivery.models import Provider
from newsletter.extensions import db
from tests.cli.test_commands import refused, told
from tests.factories import make_list


def shown(app: Flask) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(told(app, "pace show --json"))
    return facts


def hold(name: str, *, until: datetime) -> None:
    db.session.add(Provider(name=name, held_until=until, held_for="550 5.7.1 Blocked"))


def test_limits_are_set_one_by_one_and_lifted(app: Flask) -> None:
    make_list("news")
    assert told(app, "pace set --per-second 10 --connections 4") == (
        "The installation: 10 a second, 4 connections\n"
    )
    told(app, "pace set --list news --per-hour 5000")
    told(app, "pace set --provider GoogleMail.com --per-minute 60")
    told(app, "pace set --per-second 0 --per-day 100000")

    assert [
        (rule["scope"], rule["key"], rule["per_second"], rule["per_day"], rule["connections"])
        for rule in shown(app)["rules"]
    ] == [
        ("installation", "", None, 100000, 4),
        ("mailing-list", "news", None, None, None),
        ("provider", "gmail.com", None, None, None),
    ]
    assert told(app, "pace show").splitlines() == [
        "The installation: 100000 a day, 4 connections",
        "The list news: 5000 an hour",
        "The provider gmail.com: 60 a minute",
    ]

    told(app, "pace clear")
    told(app, "pace clear --list news")
    told(app, "pace clear --provider gmail.com")
    assert told(app, "pace show") == "No limit, and no provider is held.\n"


def test_a_warm_up_shows_the_portion_of_today_and_outlives_the_limits(app: Flask) -> None:
    begins = (datetime.now(UTC) - timedelta(days=1)).date()
    assert told(app, f"pace warm-up --from {begins} --first 50 --growth 2").endswith(" 100\n")
    told(app, "pace set --per-hour 10")
    told(app, "pace clear")

    assert shown(app)["warm_up"] == {
        "from": begins.isoformat(),
        "first": 50,
        "growth": 2.0,
        "today": 100,
        "spent_today": 0,
    }
    assert "0 of 100 today" in told(app, "pace show")

    told(app, "pace warm-up --off")
    assert shown(app)["warm_up"] is None


def test_what_providers_want_is_shown_and_a_hold_can_be_ended(app: Flask) -> None:
    hold("gmail.com", until=the_clock() + timedelta(minutes=30))
    hold("gmx.net", until=the_clock() - timedelta(minutes=30))
    db.session.add(Provider(name="example.org", window=3, narrowed_at=the_clock()))

    facts = shown(app)
    assert [(one["provider"], one["is_probed"]) for one in facts["held"]] == [
        ("gmail.com", False),
        ("gmx.net", True),
    ]
    assert facts["held"][0]["reason"] == "550 5.7.1 Blocked"
    assert facts["windows"] == [{"provider": "example.org", "connections": 3}]
    lines = told(app, "pace show").splitlines()
    assert lines[0] == "example.org asked us to slow down: at most 3 connections at once"
    assert lines[1].startswith("gmail.com is held until ")
    assert lines[2].startswith("gmx.net was held and gets one message at a time now.")

    assert told(app, "pace release googlemail.com") == "Released gmail.com\n"
    assert [one["provider"] for one in shown(app)["held"]] == ["gmx.net"]
    assert refused(app, "pace release gmail.com") == "gmail.com is not held.\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("pace set", "Say at least one limit, as in --per-minute 600."),
        ("pace set --per-minute -1", "A limit is a number from 1 to 1000000000; 0 lifts it."),
        ("pace set --per-minute many", "'many' is not a valid integer"),
        ("pace set --list nowhere --per-minute 5", "There is no list “nowhere”."),
        ("pace set --list a --provider b --per-minute 5", "not for both"),
        ("pace clear", "There is no limit for the installation."),
        ("pace clear --provider example.org", "There is no limit for the provider example.org."),
        ("pace warm-up", "Say the first day and its messages"),
        ("pace warm-up --from 2027-03-01 --first 0", "from 1 to 1000000000 messages"),
        ("pace warm-up --from 2027-03-01 --first 5 --growth 0.5", "from 1 to 10 times"),
        ("pace warm-up --from soon --first 5", "does not match the format"),
    ],
)
def test_what_cannot_be_done_is_one_line(app: Flask, line: str, sentence: str) -> None:
    assert sentence in refused(app, line)
