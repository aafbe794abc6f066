"""Bodies of every size: how much comes in, from whom, and what stays of it."""

import os
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from newsletter.accounts import Editor, RoleName
from newsletter.desk.uploads import LARGEST_BODY
from newsletter.media import images
from newsletter.web import MOST_READ_IN_VAIN
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor
from tests.media import samples

MEGABYTE = 1024 * 1024
PATH = "/desk/images/"
BOUNDARY = b"----x"


class Endless(BytesIO):
    """A body that goes on and on, and knows how much of it was read."""

    def __init__(self, start: bytes, octets: int) -> None:
        super().__init__(start)
        self.left = octets
        self.read_octets = 0

    def read(self, size: int | None = -1, /) -> bytes:
        start = super().read(size)
        wanted = size if size is not None and size >= 0 else self.left
        more = min(wanted - len(start), self.left)
        self.left -= more
        self.read_octets += len(start) + more
        return start + bytes(more)

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files are; nothing is left in it, and none of it is still open."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    held = [os.readlink(f"/proc/self/fd/{number}") for number in open_files()]
    assert [name for name in held if name.startswith(str(folder))] == []


def open_files() -> list[str]:
    return [name for name in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{name}")]


@pytest.fixture
def editor(app: Flask) -> Editor:
    return make_editor(role=RoleName.AUTHOR)


@pytest.fixture
def browser(app: Flask, editor: Editor) -> Browser:
    return signed_in(app, editor)


def form(browser: Browser, data: bytes) -> bytes:
    """The body of an upload, as a browser sends it."""
    parts = [
        (b'name="csrf_token"', browser.token().encode()),
        (b'name="alt"', b"A nurse"),
        (b'name="image"; filename="clinic.jpg"\r\nContent-Type: image/jpeg', data),
    ]
    written = (
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (BOUNDARY, head, value)
        for head, value in parts
    )
    return b"".join(written) + b"--%s--\r\n" % BOUNDARY


def send(browser: Browser, body: BytesIO, length: int | None, path: str = PATH) -> TestResponse:
    """Send a body as it is; without a length in chunks, which the server puts together."""
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return browser.open(
        path,
        method="POST",
        input_stream=body,
        content_type="multipart/form-data; boundary=----x",
        environ_overrides=chunked if length is None else {"CONTENT_LENGTH": str(length)},
    )


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_photo_of_ten_megabytes_comes_in(
    browser: Browser, folder: Path, is_chunked: bool
) -> None:
    body = form(browser, samples.jpeg() + bytes(10 * MEGABYTE - len(samples.jpeg())))
    answer = send(browser, BytesIO(body), None if is_chunked else len(body))
    assert answer.status_code == 303, answer.text
    assert images.newest_images().total == 1


def test_a_file_that_is_a_little_too_large_is_refused_beside_its_field(
    browser: Browser, folder: Path
) -> None:
    body = form(browser, samples.jpeg() + bytes(10 * MEGABYTE))
    answer = send(browser, BytesIO(body), len(body))
    assert answer.status_code == 422
    assert 'id="image-error">The file has 10.1 MB; it may have 10.' in answer.text
    assert 'value="A nurse"' in answer.text


def test_two_gigabytes_are_refused_unread(browser: Browser, folder: Path) -> None:
    body = Endless(form(browser, b""), 2 * 1024 * MEGABYTE)
    answer = send(browser, body, 2 * 1024 * MEGABYTE)
    assert answer.status_code == 413
    assert body.read_octets == 0
    assert "may have at most 12 MB" in answer.text
    assert 'href="/desk/images/"' in answer.text


def test_two_gigabytes_of_unknown_length_are_refused_when_it_is_enough(
    browser: Browser, folder: Path
) -> None:
    start = form(browser, b"").removesuffix(b"\r\n--%s--\r\n" % BOUNDARY)
    body = Endless(start, 2 * 1024 * MEGABYTE)
    answer = send(browser, body, None)
    assert answer.status_code == 413
    assert body.read_octets <= LARGEST_BODY + MOST_READ_IN_VAIN + MEGABYTE
    assert "Too large" in answer.text


def test_an_upload_that_breaks_off_changes_nothing(browser: Browser, folder: Path) -> None:
    body = form(browser, samples.jpeg() + bytes(3 * MEGABYTE))
    answer = send(browser, BytesIO(body[: 2 * MEGABYTE]), len(body))
    assert answer.status_code == 400
    assert images.newest_images().total == 0


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="x"\r\n\r\n',
        b'Content-Disposition: form-data; name="x"; filename="x.jpg"\r\n\r\n',
    ],
)
def test_ten_thousand_parts_are_too_many(browser: Browser, folder: Path, part: bytes) -> None:
    one = b"--" + BOUNDARY + b"\r\n" + part + b"\r\n"
    body = one * 10_000 + b"--%s--\r\n" % BOUNDARY
    assert send(browser, BytesIO(body), len(body)).status_code == 413


@pytest.mark.parametrize("who", ["nobody", "deactivated"])
def test_only_who_may_add_images_may_send_so_much(
    app: Flask, editor: Editor, folder: Path, who: str
) -> None:
    browser = signed_in(app, editor) if who == "deactivated" else Browser(app)
    body = form(browser, samples.jpeg() + bytes(3 * MEGABYTE))
    editor.active = who != "deactivated"
    answer = send(browser, BytesIO(body), len(body))
    assert answer.status_code == 413
    assert "may have at most 2 MB" in answer.text


def test_other_pages_take_as_much_as_before(browser: Browser, folder: Path) -> None:
    body = form(browser, bytes(3 * MEGABYTE))
    answer = send(browser, BytesIO(body), len(body), "/desk/library/new")
    assert answer.status_code == 413
    assert "may have at most 2 MB" in answer.text
    assert 'href="/desk/library/"' in answer.text


def test_a_forged_upload_adds_nothing(browser: Browser, folder: Path) -> None:
    body = form(browser, samples.jpeg()).replace(b"csrf_token", b"no_token!!")
    assert send(browser, BytesIO(body), len(body)).status_code == 400
    assert images.newest_images().total == 0
