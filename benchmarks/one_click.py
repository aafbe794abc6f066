"""Somebody who unsubscribes while an issue is planned and sent: python -m benchmarks.one_click.

A mail program's one click, through the pages of the installation that the environment describes,
again and again from the first line of the input until its end. Prints the seconds of each.
"""

import json
import random
import sys
import threading
import time

import sqlalchemy as sa

from newsletter import clock, create_app, links
from newsletter.extensions import db, reading
from newsletter.public.leaving import ONE_CLICK_FIELD, ONE_CLICK_VALUE
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.models import Subscription

PAUSE = 0.02
SEED = 1


def main() -> None:
    """Be ready, click from the first line until the input ends, say how long each click took."""
    app = create_app()
    with app.app_context(), reading():
        ids = list(db.session.scalars(sa.select(Subscription.id)))
        random.Random(SEED).shuffle(ids)
    browser = app.test_client()
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    times = []
    while ids and not ended.wait(PAUSE):
        with app.app_context():
            token = unsubscribing.payload(ids.pop())
            path = f"/unsubscribe/{links.UNSUBSCRIBE.token(token, now=clock.now())}"
        began = time.monotonic()
        answer = browser.post(path, data={ONE_CLICK_FIELD: ONE_CLICK_VALUE})
        times.append(time.monotonic() - began)
        assert answer.status_code == 200, answer.status
    print(json.dumps({"times": times}), flush=True)


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
