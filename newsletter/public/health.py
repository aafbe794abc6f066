"""What a monitor asks: is the process alive, is the installation ready."""

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from newsletter import clock, reports
from newsletter.extensions import db

LONGEST_WAIT = 15 * 60
"""Seconds that a transactional mail may wait before the installation counts as not ready."""

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Answer 200 while the process can answer; touches nothing else."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Answer 200 when the database answers and no transactional mail waits too long, else 503."""
    try:
        found = reports.readiness(now=clock.now())
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        return jsonify(status="the database does not answer", database=False), 503
    age = found.oldest_waiting.total_seconds() if found.oldest_waiting else 0.0
    is_late = age > LONGEST_WAIT
    answer = jsonify(
        status="mail waits too long" if is_late else "ready",
        database=True,
        clock=found.is_clock_alive,
        queue_age_seconds=round(age, 1),
    )
    return answer, 503 if is_late else 200
