"""Readers as an installation has them, straight into the database."""

import random
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.subscriptions.answers import NO_ISSUE, Answer, LeavingAnswer
from newsletter.subscriptions.models import (
    Frequency,
    MailFormat,
    MailingList,
    Source,
    SubscriptionState,
)
from newsletter.subscriptions.suppression import address_hmac

AT_ONCE = 5_000
"""Rows in one statement."""

SEED = 1

DOMAINS = {
    "gmail.com": 30,
    "yahoo.com": 12,
    "outlook.com": 8,
    "hotmail.com": 8,
    "icloud.com": 4,
    "ministry.example": 6,
    "health.example": 6,
    "university.example": 10,
    "hospital.example": 8,
    "ngo.example.org": 8,
}
"""Where readers have their mail, and how many of a hundred have it there."""

GIVEN_NAMES = (
    "Ada",
    "Amina",
    "Chidi",
    "Dolores",
    "Esi",
    "Farida",
    "Grace",
    "Joseph",
    "José",
    "Zoë",
)
FAMILY_NAMES = ("Abara", "Banda", "Castro", "Diallo", "Hossain", "Müller", "Nguyễn", "O'Neil")
COUNTRIES = ("Bangladesh", "Burkina Faso", "Côte d'Ivoire", "Ethiopia", "Nepal", "Nigeria", "Peru")
CITIES = ("Abuja", "Addis Ababa", "Dhaka", "Kathmandu", "Lima", "Ouagadougou", "Yamoussoukro")
ORGANISATIONS = ("Ministry of Health", "Health & Hope", "Mothers First", "University Hospital")
ROLES = ("Midwife", "Nutrition officer", "Programme manager", "Researcher", "Policy adviser")
INTERESTS = ("supplements", "antenatal care", "policy and costs", "community programmes")


PEOPLE = 1_000
"""How many different ones there are; beyond that, only addresses and member numbers differ."""


def fill(mailing_list: MailingList, count: int, *, now: datetime) -> None:
    """Add `count` confirmed readers with ten attributes each; the same ones every time. Commits."""
    dice = random.Random(SEED)
    people = [_person(dice) for _ in range(PEOPLE)]
    domains = dice.choices(list(DOMAINS), weights=list(DOMAINS.values()), k=PEOPLE)
    # The bare tables: through the models a million rows would take twice as long.
    tables = db.metadata.tables
    since = now - timedelta(days=30)
    for first in range(1, count + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count + 1))
        db.session.execute(
            sa.insert(tables["subscriber"]),
            [_subscriber(n, people[n % PEOPLE], domains[n % PEOPLE], since=since) for n in numbers],
        )
        db.session.execute(
            sa.insert(tables["subscription"]),
            [_subscription(n, mailing_list.id, since=since) for n in numbers],
        )
        db.session.commit()


def _person(dice: random.Random) -> dict[str, str | int]:
    return {
        "first_name": dice.choice(GIVEN_NAMES),
        "last_name": dice.choice(FAMILY_NAMES),
        "country": dice.choice(COUNTRIES),
        "city": dice.choice(CITIES),
        "organisation": dice.choice(ORGANISATIONS),
        "role": dice.choice(ROLES),
        "interest": dice.choice(INTERESTS),
        "member_since": dice.randint(2015, 2026),
        "working_language": dice.choice(("English", "Français", "Español")),
    }


def _subscriber(
    number: int, person: dict[str, str | int], domain: str, *, since: datetime
) -> dict[str, Any]:
    address = f"reader.{number}@{domain}"
    return {
        "id": number,
        "address": address,
        "canonical": address,
        "address_hmac": address_hmac(address),
        "name": f"{person['first_name']} {person['last_name']}",
        "language": "en",
        "format": MailFormat.HTML,
        "attributes": {**person, "member_number": 100_000 + number},
        "created_at": since,
    }


def _subscription(number: int, mailing_list_id: int, *, since: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "subscriber_id": number,
        "mailing_list_id": mailing_list_id,
        "state": SubscriptionState.CONFIRMED,
        "frequency": Frequency.EVERY,
        "requested_at": since,
        "source": Source.FORM,
        "wish": f"{number:016x}",
    }


def say_why(mailing_list: MailingList, *, now: datetime) -> None:
    """Let some who left have said why, over three months. Commits."""
    for number in range(90):
        day = (now - timedelta(days=number)).date()
        for answer, most in zip(Answer, (9, 2, 4, 1, 1), strict=True):
            count = number * 7 % 10 * most // 10
            if count:
                row = LeavingAnswer(
                    mailing_list_id=mailing_list.id,
                    day=day,
                    issue_id=NO_ISSUE,
                    answer=answer,
                    count=count,
                )
                db.session.add(row)
    db.session.commit()
