"""Writing subscribers as CSV that a spreadsheet cannot be tricked by."""

import csv
from typing import TextIO

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.spreadsheets import safe_cell
from newsletter.subscriptions.models import (
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionInterval,
)

HEADER = ("address", "name", "language", "list", "state", "since", "until", "source", "reason")


def export_subscribers(out: TextIO, mailing_list: MailingList | None = None) -> int:
    """Write one line per interval of every subscription, oldest first; return how many.

    Cells that a spreadsheet would run get an apostrophe in front; the import
    takes it off again. Rows stream: a million need no more memory than ten.
    """
    question = (
        sa.select(
            Subscriber.address,
            Subscriber.name,
            Subscriber.language,
            MailingList.slug,
            Subscription.state,
            SubscriptionInterval.started_at,
            SubscriptionInterval.ended_at,
            SubscriptionInterval.source,
            SubscriptionInterval.ended_reason,
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .join(MailingList, MailingList.id == Subscription.mailing_list_id)
        .outerjoin(SubscriptionInterval, SubscriptionInterval.subscription_id == Subscription.id)
        .order_by(Subscription.id, SubscriptionInterval.id)
        .execution_options(yield_per=1_000)
    )
    if mailing_list is not None:
        question = question.where(Subscription.mailing_list_id == mailing_list.id)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    lines = 0
    for address, name, language, slug, state, since, until, source, reason in db.session.execute(
        question
    ):
        writer.writerow(
            [
                safe_cell(address),
                safe_cell(name),
                language,
                slug,
                state.value,
                since.isoformat() if since else "",
                until.isoformat() if until else "",
                source.value if source else "",
                reason.value if reason else "",
            ]
        )
        lines += 1
    return lines
