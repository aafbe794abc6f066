"""Why readers left, as far as they want to say: counted, and kept apart from whoever said it."""

import enum
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter import limits
from newsletter.errors import TooOften
from newsletter.extensions import Base, db, insert

NO_ISSUE = 0
"""Stands for the issue where a link came with none."""


class Answer(enum.StrEnum):
    """What a reader can answer."""

    TOO_MANY = "too-many"
    NOT_FOR_ME = "not-for-me"
    NEVER_ASKED = "never-asked"
    ELSEWHERE = "elsewhere"
    OTHER = "other"


class LeavingAnswer(Base):
    """How often one answer was given in one day, to the list and issue: no address, no hour."""

    __tablename__ = "leaving_answer"

    mailing_list_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing_list.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    # No foreign key: most have one, and 0 is none.
    issue_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[Answer] = mapped_column(primary_key=True)
    count: Mapped[int]


def count(
    answer: Answer, *, mailing_list_id: int, issue_id: int | None, token: str, now: datetime
) -> None:
    """Count an answer, one for each link: pressing again counts nothing."""
    try:
        limits.count("leaving-answer", token, window=timedelta(days=30), most=1, now=now)
    except TooOften:
        return
    row = {
        "mailing_list_id": mailing_list_id,
        "day": now.astimezone(UTC).date(),
        "issue_id": issue_id or NO_ISSUE,
        "answer": answer,
        "count": 1,
    }
    db.session.execute(
        insert(LeavingAnswer)
        .values(row)
        .on_conflict_do_update(
            index_elements=["mailing_list_id", "day", "issue_id", "answer"],
            set_={"count": LeavingAnswer.count + 1},
        )
    )


@dataclass(frozen=True)
class Month:
    """How often each answer was given to a list in one month; `first` is the month's first day."""

    first: date
    counts: Mapping[Answer, int]


def counted(mailing_list_id: int, *, since: date) -> list[Month]:
    """Return the months with answers since a day, the newest first."""
    rows = db.session.execute(
        sa.select(LeavingAnswer.day, LeavingAnswer.answer, sa.func.sum(LeavingAnswer.count))
        .where(LeavingAnswer.mailing_list_id == mailing_list_id, LeavingAnswer.day >= since)
        .group_by(LeavingAnswer.day, LeavingAnswer.answer)
    )
    months: dict[date, Counter[Answer]] = defaultdict(Counter)
    for day, answer, number in rows:
        months[day.replace(day=1)][answer] += int(number)
    return [Month(first, months[first]) for first in sorted(months, reverse=True)]
