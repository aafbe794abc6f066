"""What differs between installations, read from the environment and checked."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv6Address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from newsletter.errors import ConfigurationError
from newsletter.fetching.rules import Rules
from newsletter.issues.times import LONGEST_OFFERED_HOLD
from newsletter.mail import dkim

ROOT = Path(__file__).resolve().parent
SHORTEST_KEY = 32
"""Characters of the shortest SECRET_KEY that production accepts."""

SHORTEST_TOKEN = 16
"""Characters of the shortest METRICS_TOKEN."""

POSTGRESQL_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How long a PostgreSQL server may be silent: seconds, and milliseconds for the last.

Without them a connection that nobody answers any more is waited for until the kernel gives up.
"""

MOST_CONNECTIONS = 100
"""The most connections of one sending process: no relay wants more from one machine."""

LAST_PORT = 65_535

MAX_BODY = 2 * 1024 * 1024
"""Bytes of the largest request body that is read at all."""


def settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return Flask's configuration; raise ConfigurationError with what to change.

    An https PUBLIC_URL means production, which does not start with a weak key
    or without a mail server.
    """
    port = _number(environ, "PORT", 8000)
    public_url = (environ.get("PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    if not _is_origin(public_url):
        raise ConfigurationError(
            "PUBLIC_URL must be the address of this installation and nothing more, "
            "like https://news.example.org."
        )
    parts = urlsplit(public_url)
    is_production = parts.scheme == "https"
    instance = _folder(Path(environ.get("INSTANCE_PATH") or ROOT / "instance").resolve())
    secret_key = _secret_key(environ, instance, is_production=is_production)
    fallbacks = [key for key in environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
    return {
        "PUBLIC_URL": public_url,
        "PUBLIC_HOST": parts.hostname,
        "PORT": port,
        "IS_PRODUCTION": is_production,
        "INSTANCE_PATH": instance,
        "MIGRATIONS_PATH": ROOT / "migrations",
        "SECRET_KEY": secret_key,
        "SECRET_KEY_FALLBACKS": fallbacks,
        # Derived from the oldest key, so that suppressions outlive a change of keys.
        "SUPPRESSION_KEY": environ.get("SUPPRESSION_KEY")
        or f"suppression\n{(fallbacks or [secret_key])[-1]}",
        "TRUSTED_PROXIES": _networks(environ),
        "HOLD_MINUTES": _number(environ, "HOLD_MINUTES", 10, least=0, most=LONGEST_OFFERED_HOLD),
        **_database(environ, instance),
        **_engine(environ),
        **_mail(environ, port, is_production=is_production),
        **_web(is_production=is_production),
        **_monitoring(environ),
        **_fetching(environ, public_url),
    }


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(
            f"The folder {path} (INSTANCE_PATH) cannot be made: {exc.strerror}."
        ) from exc
    return path


def _is_origin(url: str) -> bool:
    """Tell whether `url` has a scheme, a host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    if not _is_host(parts.hostname):
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.scheme in ("http", "https") and url.lower() == f"{parts.scheme}://{host}{port}"


def _is_host(host: str | None) -> bool:
    """Tell whether `host` can be the name or, without brackets, the IP address of a machine."""
    return re.fullmatch(r"[\w.:-]+", host or "") is not None


def _database(environ: Mapping[str, str], instance: Path) -> dict[str, Any]:
    url = environ.get("DATABASE_URL") or f"sqlite:///{instance / 'newsletter.sqlite3'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith(("postgresql+psycopg:", "sqlite:")) or not _is_database(url):
        raise ConfigurationError(
            "DATABASE_URL must be the address of a PostgreSQL or SQLite database, like "
            "postgresql://user@host/name or sqlite:////srv/news.sqlite3."
        )
    synchronous = environ.get("SQLITE_SYNCHRONOUS", "FULL").upper()
    if synchronous not in ("FULL", "NORMAL"):
        raise ConfigurationError("SQLITE_SYNCHRONOUS must be FULL or NORMAL.")
    options = {} if url.startswith("sqlite:") else {"connect_args": POSTGRESQL_PATIENCE}
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": options,
        "SQLITE_SYNCHRONOUS": synchronous,
    }


def _is_database(url: str) -> bool:
    try:
        port = make_url(url).port
    except (ArgumentError, ValueError):
        return False
    return port is None or 0 < port <= LAST_PORT


def _engine(environ: Mapping[str, str]) -> dict[str, Any]:
    engine = environ.get("DELIVERY_ENGINE") or "local"
    if engine not in ("local", "dramatiq"):
        raise ConfigurationError(
            "DELIVERY_ENGINE must be local (the clock sends) or dramatiq (workers send, "
            "on as many machines as you like)."
        )
    broker_url = environ.get("BROKER_URL", "")
    if engine == "dramatiq" and not _is_broker(broker_url):
        raise ConfigurationError(
            "DELIVERY_ENGINE is dramatiq: set BROKER_URL to the address of a RabbitMQ server, "
            "like amqps://user:password@host/news."
        )
    if engine == "dramatiq" and not environ.get("DATABASE_URL", "").startswith("postgres"):
        raise ConfigurationError(
            "DELIVERY_ENGINE is dramatiq: set DATABASE_URL to a PostgreSQL database, which all "
            "machines can reach. SQLite is a file of one machine."
        )
    return {"DELIVERY_ENGINE": engine, "BROKER_URL": broker_url}


def _is_broker(url: str) -> bool:
    """Tell whether `url` names a server by AMQP, plain or over TLS."""
    try:
        parts = urlsplit(url)
        is_whole = url.isprintable() and " " not in url and parts.port != 0
        return parts.scheme in ("amqp", "amqps") and is_whole and _is_host(parts.hostname)
    except ValueError:
        return False


def _mail(environ: Mapping[str, str], port: int, *, is_production: bool) -> dict[str, Any]:
    server = _host(environ, "MAIL_SERVER")
    if is_production and not server:
        raise ConfigurationError(
            "Set MAIL_SERVER: PUBLIC_URL is https, so this is a production installation, "
            "and there is no relay to give its mail to."
        )
    if not server and port == LAST_PORT:
        raise ConfigurationError(
            f"PORT may be {LAST_PORT - 1} at most while MAIL_SERVER is not set: the mailbox that "
            "takes the mail then has the port after it."
        )
    use_tls = _flag(environ, "MAIL_USE_TLS")
    use_ssl = _flag(environ, "MAIL_USE_SSL")
    if use_tls and use_ssl:
        raise ConfigurationError("Set MAIL_USE_TLS (STARTTLS) or MAIL_USE_SSL, not both.")
    default_port = 465 if use_ssl else 587 if use_tls else 25
    return {
        "USES_MAILBOX": not server,
        "MAIL_SERVER": server or "127.0.0.1",
        "MAIL_PORT": _number(environ, "MAIL_PORT", default_port) if server else port + 1,
        **_login(environ, is_encrypted=use_tls or use_ssl),
        "MAIL_USE_TLS": use_tls,
        "MAIL_USE_SSL": use_ssl,
        "DKIM_KEYS": dkim.load(environ.get("DKIM_KEYS", ""), environ.get("DKIM_PASSPHRASE", "")),
        "MAIL_CONNECTIONS": _number(environ, "MAIL_CONNECTIONS", 4, most=MOST_CONNECTIONS),
        "UNSUBSCRIBE_DOMAIN": _domain(environ, "UNSUBSCRIBE_DOMAIN"),
    }


def _login(environ: Mapping[str, str], *, is_encrypted: bool) -> dict[str, Any]:
    username, password = environ.get("MAIL_USERNAME", ""), environ.get("MAIL_PASSWORD", "")
    if username and not is_encrypted:
        raise ConfigurationError(
            "MAIL_USERNAME is set without MAIL_USE_TLS or MAIL_USE_SSL: "
            "the password would cross the network in the clear."
        )
    if bool(username) != bool(password):
        raise ConfigurationError(
            "Set both MAIL_USERNAME and MAIL_PASSWORD, or neither: one alone identifies nobody."
        )
    if re.search(r"[\x00-\x1f\x7f]", username + password):
        raise ConfigurationError(
            "MAIL_USERNAME and MAIL_PASSWORD must be one line each, without control characters."
        )
    return {"MAIL_USERNAME": username or None, "MAIL_PASSWORD": password or None}


def _host(environ: Mapping[str, str], name: str) -> str:
    """Return the name or the IP address of a machine; nothing for an empty setting."""
    host = environ.get(name, "").strip()
    with suppress(ValueError):
        return str(IPv6Address(host.removeprefix("[").removesuffix("]")))
    if host and not _is_host(host) or ":" in host:
        raise ConfigurationError(
            f"{name} must be the name or the IP address of a machine and nothing more, like "
            f"mail.example.org, not “{host}”. The port has a setting of its own, MAIL_PORT."
        )
    return host


def _domain(environ: Mapping[str, str], name: str) -> str:
    """Return the domain that mail can be addressed to, or nothing for an empty setting."""
    domain = environ.get(name, "").strip().lower().rstrip(".")
    label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if domain and (len(domain) > 253 or not re.fullmatch(rf"{label}(?:\.{label})+", domain)):
        raise ConfigurationError(
            f"{name} must be the domain of a mail address, like news.example.org, not “{domain}”."
        )
    return domain


def _web(*, is_production: bool) -> dict[str, Any]:
    return {
        "MAX_CONTENT_LENGTH": MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY,
        "SESSION_COOKIE_NAME": "desk",
        # Readers never get this cookie: it exists below the desk only.
        "SESSION_COOKIE_PATH": "/desk",
        "SESSION_COOKIE_SECURE": is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def _monitoring(environ: Mapping[str, str]) -> dict[str, Any]:
    token = environ.get("METRICS_TOKEN", "").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "METRICS_TOKEN may have ASCII letters, digits and signs only, and no blanks."
        )
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"METRICS_TOKEN must have at least {SHORTEST_TOKEN} random characters, or be left out: "
            "then /metrics answers on this machine only."
        )
    log_format = environ.get("LOG_FORMAT") or "text"
    if log_format not in ("text", "json"):
        raise ConfigurationError("LOG_FORMAT must be text or json.")
    return {"METRICS_TOKEN": token, "LOG_FORMAT": log_format}


def _fetching(environ: Mapping[str, str], public_url: str) -> dict[str, Any]:
    """Return how pages elsewhere are asked for; what may be asked is no setting."""
    if not _flag(environ, "FETCH", default=True):
        return {"FETCH_RULES": None}
    # Whoever finds us in a log learns whom to ask.
    asker = f"StayInformed (+{public_url})".encode("ascii", "backslashreplace").decode()
    return {"FETCH_RULES": Rules(user_agent=asker)}


def _secret_key(environ: Mapping[str, str], instance: Path, *, is_production: bool) -> str:
    key = environ.get("SECRET_KEY", "")
    if is_production and len(key) < SHORTEST_KEY:
        raise ConfigurationError(
            f"Set SECRET_KEY to at least {SHORTEST_KEY} random characters: PUBLIC_URL is https, "
            "so this is a production installation, and every link is signed with this key."
        )
    return key or _development_key(instance)


def _development_key(instance: Path) -> str:
    """Return the key kept in the instance folder, made at the first start."""
    path = instance / "development-key"
    if not path.exists():
        draft = instance / f".development-key-{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
        try:
            # Of two processes that start at once, one wins and both read its key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")


def _networks(environ: Mapping[str, str]) -> list[Any]:
    try:
        return [
            ip_network(part.strip())
            for part in environ.get("TRUSTED_PROXIES", "").split(",")
            if part.strip()
        ]
    except ValueError as exc:
        raise ConfigurationError(
            f"TRUSTED_PROXIES must be networks with commas between them, like 10.0.0.0/8: {exc}."
        ) from exc


def _number(
    environ: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = LAST_PORT
) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise ConfigurationError(f"{name} must be a number from {least} to {most}, not “{text}”.")
    return int(text)


def _flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("0", "false", "no", "off"):
        return False
    if text in ("1", "true", "yes", "on"):
        return True
    raise ConfigurationError(f"{name} must be true or false, not “{text}”.")
