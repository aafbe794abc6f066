"""The tables of what is counted: links of issues, and how often they were followed."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base, BigId


class TrackedLink(Base):
    """One address that an issue leads to; `key` stands in the mails in its place."""

    __tablename__ = "tracked_link"
    __table_args__ = ()

    key: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(sa.String(2000))


class RecentClick(Base):
    """Requests of less than a minute ago, which all processes see before they are judged.

    `slice` is a few seconds of time, see `machines`; `network` a keyed hash.
    """

    __tablename__ = "recent_click"
    __table_args__ = ()

    slice: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    network: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    link_key: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    is_machine: Mapped[bool] = mapped_column(primary_key=True)
    # Of a reader who agreed to it; else 0.
    subscription_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    requests: Mapped[int]
    # In the sums already; it only tells what its neighbours are.
    is_counted: Mapped[bool] = mapped_column(default=False)


class ClickDay(Base):
    """How often a link was followed on one day (UTC), by people and by machines."""

    __tablename__ = "click_day"
    __table_args__ = ()

    link_key: Mapped[str] = mapped_column(
        sa.ForeignKey("tracked_link.key", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
    machines: Mapped[int]
