"""Readers as an installation has them, straight into the database."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.subscriptions.models import (
    MailFormat,
    MailingList,
    Subscriber,
    Subscription,
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


def fill(mailing_list: MailingList, count: int, *, now: datetime) -> None:
    """Add `count` confirmed readers with ten attributes each; the same ones every time. Commits."""
    numbers = iter(range(1, count + 1))
    dice = random.Random(SEED)
    while chunk := list(islice(numbers, AT_ONCE)):
        db.session.execute(sa.insert(Subscriber), list(_people(chunk, dice, now=now)))
        db.session.execute(
            sa.insert(Subscription),
            [
                {
                    "id": number,
                    "subscriber_id": number,
                    "mailing_list_id": mailing_list.id,
                    "state": SubscriptionState.CONFIRMED,
                    "requested_at": now - timedelta(days=30),
                    "wish": f"{number:016x}",
                }
                for number in chunk
            ],
        )
        db.session.commit()


def _people(numbers: list[int], dice: random.Random, *, now: datetime) -> Iterator[dict[str, Any]]:
    domains = dice.choices(list(DOMAINS), weights=list(DOMAINS.values()), k=len(numbers))
    for number, domain in zip(numbers, domains, strict=True):
        given, family = dice.choice(GIVEN_NAMES), dice.choice(FAMILY_NAMES)
        address = f"reader.{number}@{domain}"
        yield {
            "id": number,
            "address": address,
            "canonical": address,
            "address_hmac": address_hmac(address),
            "name": f"{given} {family}",
            "language": "en",
            "format": MailFormat.HTML,
            "attributes": _attributes(number, given, family, dice),
            "created_at": now - timedelta(days=30),
        }


def _attributes(number: int, given: str, family: str, dice: random.Random) -> dict[str, str | int]:
    return {
        "first_name": given,
        "last_name": family,
        "country": dice.choice(COUNTRIES),
        "city": dice.choice(CITIES),
        "organisation": dice.choice(ORGANISATIONS),
        "role": dice.choice(ROLES),
        "interest": dice.choice(INTERESTS),
        "member_number": 100_000 + number,
        "member_since": dice.randint(2015, 2026),
        "working_language": dice.choice(("English", "Français", "Español")),
    }
