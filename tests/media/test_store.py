"""Files of images: whole, durable, with room for others, and gone when nobody has them."""

import os
import shutil
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from newsletter.errors import InvalidInput, NotFound
from newsletter.media import reencoding, store
from newsletter.media.formats import ImageFormat
from newsletter.media.reencoding import CleanImage
from tests.media import samples


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture(scope="module")
def image() -> CleanImage:
    return reencoding.clean(samples.png())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_called_after_what_is_in_it(folder: Path, image: CleanImage) -> None:
    store.keep(image)
    assert names(folder) == [f"{image.digest}.png"]
    path = store.path_of(image.digest, ImageFormat.PNG)
    assert path.read_bytes() == image.data
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.stat().st_mode) & 0o007 == 0


def test_the_same_image_twice_is_one_file(folder: Path, image: CleanImage) -> None:
    store.keep(image)
    store.keep(image)
    assert len(names(folder)) == 1


def test_many_may_store_the_same_image_at_once(app: Flask, folder: Path, image: CleanImage) -> None:
    def keep() -> None:
        with app.app_context():
            store.keep(image)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(folder) == [f"{image.digest}.png"]


def test_a_draft_that_goes_while_the_files_are_counted_takes_no_room(
    folder: Path, image: CleanImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    (folder / ".draft-of-somebody-else").write_bytes(b"x")
    scandir = os.scandir

    def scan_and_finish_the_other_upload(path: Path) -> list[os.DirEntry[str]]:
        entries = list(scandir(path))
        for entry in entries:
            Path(entry.path).unlink()
        return entries

    monkeypatch.setattr(store.os, "scandir", scan_and_finish_the_other_upload)
    store.keep(image)
    assert names(folder) == [f"{image.digest}.png"]


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "..",
        "../../etc/passwd",
        "..\\..\\windows",
        "%2e%2e%2fpasswd",
        "/etc/passwd",
        "CON",
        "a" * 63,
        "a" * 65,
        "A" * 64,
        "a" * 63 + "\n",
        "a" * 64 + "\n",
        "a" * 64 + "/../x",
        "a" * 63 + "\0",
        "١" * 64,
        "g" * 64,
        "x" * 4096,
    ],
)
def test_nothing_else_is_a_name(app: Flask, digest: str) -> None:
    with pytest.raises(NotFound):
        store.path_of(digest, ImageFormat.PNG)


def test_a_full_quota_is_said(
    folder: Path, image: CleanImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep(image)
    monkeypatch.setattr(store, "QUOTA", 2 * len(image.data) - 1)
    with pytest.raises(InvalidInput, match="Delete some that are in no issue") as caught:
        store.keep(image)
    assert caught.value.field == "image"


def test_the_last_of_the_disk_is_left_to_sending(
    folder: Path, image: CleanImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(folder.parent).free
    monkeypatch.setattr(store, "RESERVE", free * 2)
    with pytest.raises(InvalidInput, match="nearly full") as caught:
        store.keep(image)
    assert caught.value.field == "image"
    assert names(folder) == []


def test_a_folder_that_cannot_be_written_is_said_and_leaves_nothing(
    folder: Path, image: CleanImage, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.joinpath("media").write_text("a file where the folder should be")
    with pytest.raises(InvalidInput, match="Tell who runs it"):
        store.keep(image)
    assert "cannot be stored" in caplog.text


def test_a_name_that_cannot_be_taken_leaves_no_draft(folder: Path, image: CleanImage) -> None:
    store.path_of(image.digest, image.format).mkdir(parents=True)
    with pytest.raises(InvalidInput, match="Tell who runs it"):
        store.keep(image)
    assert names(folder) == [f"{image.digest}.png"]


# What nobody has


def later() -> datetime:
    return datetime.now(UTC) + store.KEPT_ANYWAY + timedelta(minutes=1)


def test_files_of_no_image_go_after_an_hour(folder: Path, image: CleanImage) -> None:
    store.keep(image)
    (folder / ".half-written").write_bytes(b"x")
    assert store.remove_unknown([], now=datetime.now(UTC)) == 0
    assert len(names(folder)) == 2
    assert store.remove_unknown([image.digest], now=later()) == 1
    assert names(folder) == [f"{image.digest}.png"]
    assert store.remove_unknown([], now=later()) == 1
    assert names(folder) == []
    assert store.remove_unknown([], now=later()) == 0


def test_a_file_that_is_uploaded_again_is_young_again(folder: Path, image: CleanImage) -> None:
    store.keep(image)
    path = store.path_of(image.digest, image.format)
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(path, (old, old))
    store.keep(image)
    assert store.remove_unknown([], now=datetime.now(UTC)) == 0
    assert path.exists()


def test_an_upload_between_the_look_and_the_removal_is_not_lost(
    folder: Path, image: CleanImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep(image)
    path = store.path_of(image.digest, image.format)
    rename = Path.rename

    def upload_first(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        store.keep(image)
        return rename(self, target)

    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(path, (old, old))
    monkeypatch.setattr(Path, "rename", upload_first)
    assert store.remove_unknown([], now=datetime.now(UTC)) == 0
    assert path.read_bytes() == image.data


def test_without_a_folder_there_is_nothing_to_remove(folder: Path) -> None:
    assert store.remove_unknown([], now=later()) == 0
