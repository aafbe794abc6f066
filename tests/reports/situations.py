"""The rows of an issue, as a test of its numbers wants them."""

import sqlalchemy as sa

from newsletter.delivery.models import Delivery
from newsletter.extensions import db


def put(first: int, last: int, **columns: object) -> None:
    """Change the rows of some readers, counted from 0; commits: some are counted in a thread."""
    ids = db.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()[first:last]
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
