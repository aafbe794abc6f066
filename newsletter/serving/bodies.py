"""What comes in: whole or not at all, and nothing of it left behind."""

from typing import IO, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream


class OneRequest(Request):
    """A request that closes its temporary files when it ends, also if its body was not whole."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """Return the body; one of unknown length is refused where it goes on beyond the limit."""
        # Refuses what says beforehand that it is too much.
        body = super().stream
        if self.max_content_length is None or "wsgi.input_terminated" not in self.environ:
            return body
        whole = _Whole(self.environ["wsgi.input"], self.max_content_length, is_max=True)
        return cast(IO[bytes], whole)

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        stream = super()._get_file_stream(
            total_content_length, content_type, filename, content_length
        )
        self.__dict__.setdefault("temporary_files", []).append(stream)
        return stream

    def close(self) -> None:
        """Close what was opened for this request; its files are gone with that."""
        super().close()
        for stream in self.__dict__.get("temporary_files", ()):
            stream.close()


class _Whole(LimitedStream):
    """A body that Werkzeug would cut at the limit, and let be read as if that were all."""

    def readall(self) -> bytes:
        octets = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return octets

    def on_exhausted(self) -> None:
        """Refuse it if there is one octet more."""
        if self._stream.read(1):
            raise RequestEntityTooLarge
