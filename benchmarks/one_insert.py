"""The application with one view more, to compare with: one row by the ORM, committed.

gunicorn serves it like wsgi.py; that view passes the same guards as every other.
"""

import uuid

from flask import Response

from newsletter import create_app
from newsletter.extensions import db
from newsletter.library.models import Topic

app = create_app()


@app.post("/one-insert")
def insert_one() -> Response:
    """Add a topic that nobody else added."""
    name = uuid.uuid4().hex
    db.session.add(Topic(slug=name, name=name))
    db.session.commit()
    return Response("Added.\n", mimetype="text/plain")
