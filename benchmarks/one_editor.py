"""Somebody who opens pages of the desk while an issue is sent: python -m benchmarks.one_editor.

An admin of an installation that has a past, who looks at one page after the other, again and
again from the first line of the input until its end. Prints the seconds of each, page by page.
"""

import json
import re
import sys
import threading
import time
from collections import defaultdict

import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks import past
from newsletter import accounts, clock, create_app
from newsletter.extensions import db, reading
from newsletter.issues.models import Issue

PAUSE = 0.02

PATHS = (
    "/desk/",
    "/desk/issues/",
    "/desk/issues/{newest}",
    "/desk/issues/{newest}/progress",
    "/desk/issues/{newest}/live",
    f"/desk/issues/{past.DRAFT}",
    f"/desk/issues/{past.DRAFT}/preview",
    f"/desk/issues/{past.APPROVED}/send",
    f"/desk/issues/{past.SENT_TO_ALL}",
    "/desk/library/",
    "/desk/lists/news",
    "/desk/subscribers/",
)
"""What is looked at; the newest issue is the one that is being sent."""


def main() -> None:
    """Be ready, look from the first line until the input ends, say how long each page took."""
    app = create_app()
    with app.app_context():
        link = accounts.make_sign_in_link(accounts.get_editor("admin@example.org"), now=clock.now())
        db.session.commit()
        with reading():
            newest = db.session.scalar(sa.select(sa.func.max(Issue.id)))
    browser = app.test_client()
    _sign_in(browser, link)
    paths = [path.format(newest=newest) for path in PATHS]
    for path in paths:
        _seconds(browser, path)
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    times = defaultdict(list)
    while not ended.is_set():
        for path in paths:
            if not ended.wait(PAUSE):
                times[path].append(_seconds(browser, path))
    print(json.dumps({"times": times}), flush=True)


def _sign_in(browser: FlaskClient, link: str) -> None:
    path = link[link.index("/desk/") :]
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
    assert token is not None
    answer = browser.post(path, data={"csrf_token": token[1]})
    assert answer.status_code == 303, answer.status


def _seconds(browser: FlaskClient, path: str) -> float:
    began = time.monotonic()
    answer = browser.get(path)
    took = time.monotonic() - began
    assert answer.status_code == 200, (path, answer.status)
    return took


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
