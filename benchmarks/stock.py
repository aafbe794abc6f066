"""Installations with so many readers and an issue that is due: made once, copied for every run."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from benchmarks.processes import child

PUBLIC_URL = "https://news.example.org"
SECRET_KEY = "a key for measurements that is long enough to be taken"
PATIENCE = 600.0
"""Seconds that filling a million readers in may take."""


class Kind(StrEnum):
    """Where an installation keeps its data, and how sure a commit is."""

    FULL = "SQLite, synchronous=FULL"
    NORMAL = "SQLite, synchronous=NORMAL"
    POSTGRESQL = "PostgreSQL, synchronous_commit=on"


@dataclass(frozen=True)
class Installation:
    """One database with a folder; `environ` is how a process learns of it."""

    url: str
    folder: Path
    kind: Kind

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings of a production installation, all else as it comes."""
        return {
            "PUBLIC_URL": PUBLIC_URL,
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": self.url,
            "INSTANCE_PATH": str(self.folder),
            "SQLITE_SYNCHRONOUS": "NORMAL" if self.kind is Kind.NORMAL else "FULL",
            # The relay of a measurement is named by who needs it.
            "MAIL_SERVER": "127.0.0.1",
        }


class Stock:
    """The installations of a measurement, under one folder and on one PostgreSQL server.

    `server` is the address of its maintenance database; without one there is
    nothing on PostgreSQL.
    """

    def __init__(self, folder: Path, server: str | None) -> None:
        self._folder = folder
        self._server = sa.make_url(server) if server else None
        self._patterns: dict[tuple[bool, int, bool], str] = {}
        self._closing = ExitStack()

    @property
    def has_postgresql(self) -> bool:
        """Whether a server was named."""
        return self._server is not None

    def close(self) -> None:
        """Remove the databases from the server; the folder is its owner's."""
        self._closing.close()

    @contextmanager
    def installation(
        self, kind: Kind, readers: int, *, has_past: bool = False
    ) -> Iterator[Installation]:
        """A fresh installation with so many readers, gone afterwards; a past is SQLite's only."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        with ExitStack() as closing:
            closing.callback(shutil.rmtree, folder)
            if kind is Kind.POSTGRESQL:
                url = closing.enter_context(self._database(self._pattern(kind, readers, has_past)))
            else:
                path = folder / "newsletter.sqlite3"
                shutil.copy(self._pattern(kind, readers, has_past), path)
                url = f"sqlite:///{path}"
            yield Installation(url, folder, kind)

    def _pattern(self, kind: Kind, readers: int, has_past: bool) -> str:
        """Return the file or the database to copy; it is made when it is needed first."""
        key = (kind is Kind.POSTGRESQL, readers, has_past)
        if key not in self._patterns:
            self._patterns[key] = self._filled(kind, readers, has_past)
        return self._patterns[key]

    def _filled(self, kind: Kind, readers: int, has_past: bool) -> str:
        how = ("past",) if has_past else ()
        path = self._folder / "-".join((str(readers), *how, ".sqlite3"))
        url = pattern = str(path)
        if kind is Kind.POSTGRESQL:
            url = self._closing.enter_context(self._database(None))
            pattern = str(sa.make_url(url).database)
        else:
            url = f"sqlite:///{path}"
        there = Installation(url, self._folder, Kind.NORMAL)
        log = self._folder / "stocking.log"
        environ = there.environ
        with child("benchmarks.stocking", readers, *how, environ=environ, log=log) as filling:
            filling.answer(within=PATIENCE)
        return pattern

    @contextmanager
    def _database(self, pattern: str | None) -> Iterator[str]:
        """A database on the server, a copy of `pattern` or an empty one; yields its address."""
        assert self._server is not None
        name = f"measured_{uuid.uuid4().hex}"
        copied = f' TEMPLATE "{pattern}"' if pattern else ""
        self._on_server(f'CREATE DATABASE "{name}"{copied}')
        try:
            yield self._server.set(database=name).render_as_string(hide_password=False)
        finally:
            self._on_server(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _on_server(self, statement: str) -> None:
        assert self._server is not None
        engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
