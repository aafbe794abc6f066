"""An installation that has a past, answering on loopback, and an admin who is signed in to it."""

import io
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import PIL.Image
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, StorageState
from werkzeug.serving import WSGIRequestHandler, make_server

from benchmarks import past
from newsletter import accounts, clock
from newsletter.extensions import db
from newsletter.media import store
from newsletter.media.models import Image
from tests.conftest import running, settings

READERS = 1_200


@dataclass(frozen=True)
class Furnished:
    """Where it answers, the application that does, and the cookies of its admin."""

    url: str
    app: Flask
    cookies: StorageState


@contextmanager
def furnished(database: Path, folder: Path, browser: Browser) -> Iterator[Furnished]:
    """Fill a copy of a migrated database, serve it, and sign an admin in."""
    shutil.copy(database, folder / "test.sqlite3")
    here = {"PUBLIC_HOST": "127.0.0.1", "IS_PRODUCTION": False}
    with (
        front_door() as (door, there),
        running({**settings(folder), **here, "PUBLIC_URL": f"http://{there}"}) as app,
    ):
        past.fill(READERS, now=clock.now())
        _draw_images()
        admin = accounts.get_editor("admin@example.org")
        link = accounts.make_sign_in_link(admin, now=clock.now())
        db.session.commit()
        with serving(app, door):
            yield Furnished(f"http://{there}", app, signed_in(browser, link))


def _draw_images() -> None:
    """Give every image a file, one and the same."""
    drawn = io.BytesIO()
    PIL.Image.linear_gradient("L").resize((600, 400)).save(drawn, "JPEG")
    for image in db.session.scalars(sa.select(Image)):
        path = store.path_of(image.digest, image.format)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(drawn.getvalue())


@contextmanager
def front_door() -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket that listens on loopback, and its host and port, to tell an application."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door, f"127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def serving(app: Flask, door: socket.socket) -> Iterator[None]:
    """Let an application answer who comes to a door."""
    host, port = door.getsockname()
    server = make_server(
        host, port, whole(app), threaded=True, request_handler=_Quiet, fd=door.fileno()
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def whole(app: WSGIApplication) -> WSGIApplication:
    """Let an application's answers be read to their end and closed before they are sent.

    When a browser hangs up in the middle, Werkzeug's server looks for what it still sent, meets
    the reset connection there, and never closes the answer: its file stays open.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(app(environ, start_response)) as pieces:
            return [b"".join(pieces)]

    return answer


class _Quiet(WSGIRequestHandler):
    """A handler that tells nobody of each request."""

    def log_request(self, *_about: object) -> None:
        pass


def signed_in(browser: Browser, link: str) -> StorageState:
    """Return the cookies of who used a sign-in link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    cookies = context.storage_state()
    context.close()
    return cookies
