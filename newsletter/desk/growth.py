"""How lists grew, drawn: on the first page and on a list's own."""

from datetime import datetime, timedelta

from markupsafe import Markup

from newsletter import charts
from newsletter.charts import Point
from newsletter.subscriptions import growth

YEAR = timedelta(days=365)
SHORT = 31
"""Days that are drawn one by one; of more, every seventh."""

TICKS = 4


def year_of_growth(*, now: datetime, lists: frozenset[int] | None) -> Markup:
    """Return the chart of how many subscribed over the last year."""
    days = growth.days(since=(now - YEAR).date(), lists=lists)
    if len(days) > SHORT:
        # The last day is one of them; a table of a year by days is nothing to read.
        days = days[::-7][::-1]
    ticks = {round(place * (len(days) - 1) / (TICKS - 1)) for place in range(TICKS)}
    return charts.line(
        [
            Point(
                f"{one.day.day} {one.day:%B %Y}",
                one.confirmed,
                f"{one.day.day} {one.day:%b}" if place in ticks else "",
            )
            for place, one in enumerate(days)
        ],
        name="growth",
        title="Subscribers",
        what="People",
        empty="How the lists grow is drawn here from tomorrow on.",
    )
