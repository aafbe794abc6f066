"""The files of images, in `media` below INSTANCE_PATH, named by the digest of what is in them.

A name is made from a digest and a format and from nothing that anybody typed. What stands
under one is whole: it is written elsewhere first, and synced.
"""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app

from newsletter.errors import InvalidInput, NotFound
from newsletter.media.formats import FIELD, ImageFormat
from newsletter.media.reencoding import CleanImage

log = logging.getLogger(__name__)

QUOTA = 2 * 1024**3
"""Bytes that the images of an installation may have together (STANDARDS XE14)."""

RESERVE = 256 * 1024**2
"""Bytes of the disk that are left to others: sending pauses when there are 64 MB."""

KEPT_ANYWAY = timedelta(hours=1)
"""How long a file may be there without a row: whoever uploads it has not committed yet."""

MODE = 0o640
_DIGEST = re.compile(r"[0-9a-f]{64}")


def path_of(digest: str, form: ImageFormat) -> Path:
    """Return where the file of an image is, or would be."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound("There is no such image.")
    return _folder() / f"{digest}.{form.value}"


def keep(image: CleanImage) -> None:
    """Write the file of an image, durably; raise InvalidInput if there is no room for it.

    The same image twice is one file, and its time is that of the second.
    """
    folder = _folder()
    path = path_of(image.digest, image.format)
    try:
        folder.mkdir(mode=0o750, exist_ok=True)
        _check_room(folder, len(image.data))
        _write(path, image.data)
    except OSError as exc:
        log.error("an image cannot be stored in %s: %s", folder, exc.strerror)
        raise InvalidInput(
            "The image cannot be stored on this server. Tell who runs it: its log says why.",
            field=FIELD,
        ) from exc


def remove_unknown(known: Collection[str], *, now: datetime) -> int:
    """Delete the files whose digest is not among `known`, and what an interrupted upload left.

    Young files stay. Returns how many went.
    """
    folder = _folder()
    if not folder.is_dir():
        return 0
    unknown = [path for path in folder.iterdir() if path.stem not in known]
    return sum(_remove_if_old(path, now=now) for path in unknown)


def _remove_if_old(path: Path, *, now: datetime) -> bool:
    if not _is_old(path, now=now):
        return False
    aside = path.with_name(f".gone-{path.name.lstrip('.')}")
    with suppress(FileNotFoundError):
        path.rename(aside)
    # Between the look and the rename somebody may have uploaded the same image again.
    if not _is_old(aside, now=now):
        aside.rename(path)
        return False
    aside.unlink(missing_ok=True)
    return True


def _is_old(path: Path, *, now: datetime) -> bool:
    try:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return False
    return now - written_at > KEPT_ANYWAY


def _folder() -> Path:
    return Path(current_app.config["INSTANCE_PATH"]) / "media"


def _check_room(folder: Path, octets: int) -> None:
    taken = sum(_octets_of(entry) for entry in os.scandir(folder))
    if taken + octets > QUOTA:
        raise InvalidInput(
            f"The images of this installation may have {QUOTA // 1024**3} GB together, and they "
            "do. Delete some that are in no issue, then add this one.",
            field=FIELD,
        )
    if shutil.disk_usage(folder).free - octets < RESERVE:
        raise InvalidInput(
            "The disk of this server is nearly full, and what is left is for sending. "
            "Tell who runs it to make room.",
            field=FIELD,
        )


def _octets_of(entry: os.DirEntry[str]) -> int:
    """Return the size of a file; 0 if it went meanwhile, as another upload's draft does."""
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0


def _write(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the name in the folder as durable as the file that it names."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
