"""How answers travel: packed, kept by browsers for as long as they are true, asked about again."""

from flask import Flask

from newsletter.serving import compression, static_files


def init_app(app: Flask) -> None:
    """Let `app` serve so; call it first, because what is said last is packed."""
    compression.init_app(app)
    static_files.init_app(app)
