"""What gunicorn writes: requests without the tokens of their links, in our format."""

import logging
import os

from gunicorn.glogging import Logger as GunicornLogger  # type: ignore[import-untyped]  # no types

from newsletter.logs.hiding import Hiding, hide
from newsletter.logs.writing import formatter


class Logger(GunicornLogger):  # type: ignore[misc]  # its base has no types
    """gunicorn's logger, for its setting `logger_class`; with LOG_FORMAT=json it writes JSON."""

    def setup(self, cfg: object) -> None:
        """Set the handlers up, then let each of them hide."""
        super().setup(cfg)
        style = os.environ.get("LOG_FORMAT", "text")
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                _prepare(handler, style)


def _prepare(handler: logging.Handler, style: str) -> None:
    handler.addFilter(Hiding())
    handler.setFormatter(formatter(style) if style == "json" else _Hidden(handler.formatter))


class _Hidden(logging.Formatter):
    """gunicorn's own lines, and the errors below them, hidden."""

    def __init__(self, usual: logging.Formatter | None) -> None:
        super().__init__()
        self._usual = usual or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or the lines."""
        return hide(self._usual.format(record))
