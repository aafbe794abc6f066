"""Opening a connection to the relay: greeting, encryption, identification.

Whatever goes wrong becomes a sentence for the operator: SenderFault for what
a person has to mend, ConnectionLost for what passes.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

from flask import current_app

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.message import addr_spec
from newsletter.mail.replies import hide_addresses
from newsletter.mail.wire import TlsWire, Wire


@dataclass(frozen=True)
class RelaySettings:
    """Where the relay is and how it is spoken to; times are in seconds (RFC 5321 4.5.3.2).

    `starttls` and `tls` exclude each other; either means that the certificate
    is verified, by the machine's authorities or those of `authorities`.
    """

    server: str
    port: int
    local_hostname: str
    username: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    authorities: Path | None = None
    connect_timeout: float = 60
    reply_timeout: float = 300
    write_timeout: float = 180
    # Shorter would make a mail uncertain that the relay is still about to take (RFC 1047).
    final_timeout: float = 600

    @property
    def place(self) -> str:
        """Where the relay is, in the words of every sentence about it."""
        return f"{self.server} port {self.port}"


def relay_settings() -> RelaySettings:
    """Return the settings of this installation's relay."""
    config = current_app.config
    return RelaySettings(
        server=config["MAIL_SERVER"],
        port=config["MAIL_PORT"],
        local_hostname=_ehlo_name(config["PUBLIC_HOST"]),
        username=config["MAIL_USERNAME"] or "",
        password=config["MAIL_PASSWORD"] or "",
        starttls=config["MAIL_USE_TLS"],
        tls=config["MAIL_USE_SSL"],
    )


def _ehlo_name(host: str) -> str:
    """Return the name to say EHLO with; an IP address becomes a literal (RFC 5321 4.1.3)."""
    try:
        ip = ip_address(host)
    except ValueError:
        return addr_spec(f"postmaster@{host}").rpartition("@")[2]
    return f"[{ip}]" if ip.version == 4 else f"[IPv6:{ip}]"


def connect(settings: RelaySettings) -> Wire:
    """Return a wire that is ready for mail; raise SenderFault or ConnectionLost."""
    with _explained(settings):
        return _connected(settings)


def _connected(settings: RelaySettings) -> Wire:
    context = _context(settings.authorities) if settings.tls or settings.starttls else None
    wire_type, more = (TlsWire, {"context": context}) if settings.tls else (Wire, {})
    wire = wire_type(
        settings.server,
        settings.port,
        local_hostname=settings.local_hostname,
        timeout=settings.connect_timeout,
        reply_timeout=settings.reply_timeout,
        **more,
    )
    try:
        _greet(wire)
        if settings.starttls and context is not None:
            wire.allow(settings.connect_timeout)
            _start_tls(wire, context)
        if settings.username:
            _identify(wire, settings)
    except BaseException:
        wire.close()
        raise
    return wire


@lru_cache(maxsize=4)
def _context(authorities: Path | None) -> ssl.SSLContext:
    """Return what verifies the relay; reading the machine's authorities takes 50 milliseconds."""
    return ssl.create_default_context(cafile=authorities)


def _greet(wire: Wire) -> None:
    """Say EHLO, or HELO to a relay that does not know EHLO (STANDARDS S01)."""
    code, words = wire.ehlo()
    if code // 100 == 5:
        code, words = wire.helo()
    if code // 100 != 2:
        raise smtplib.SMTPConnectError(code, words)


def _start_tls(wire: Wire, context: ssl.SSLContext) -> None:
    if not wire.has_extn("starttls"):
        raise SenderFault(
            "The relay offers no STARTTLS, and mail must not leave unencrypted. "
            "Look at MAIL_PORT and MAIL_USE_TLS; somebody between may also hide it."
        )
    wire.starttls(context=context)
    if wire.forget_plaintext():
        raise SenderFault("Somebody put words between the relay's STARTTLS and its encryption.")
    _greet(wire)


def _identify(wire: Wire, settings: RelaySettings) -> None:
    if not (settings.tls or settings.starttls):
        raise SenderFault(
            "The password for the relay would cross the network in the clear: "
            "set MAIL_USE_TLS or MAIL_USE_SSL."
        )
    try:
        wire.login(settings.username, settings.password)
    except UnicodeEncodeError as exc:
        raise SenderFault("MAIL_USERNAME and MAIL_PASSWORD may have ASCII letters only.") from exc


@contextmanager
def _explained(settings: RelaySettings) -> Iterator[None]:
    """Turn whatever goes wrong while connecting into a sentence for the operator."""
    place = settings.place
    try:
        yield
    except smtplib.SMTPAuthenticationError as exc:
        _raise_by_code(exc, f"The relay {place} does not accept our user name and password")
    except smtplib.SMTPResponseException as exc:
        _raise_by_code(exc, f"The relay {place} does not want to talk to us")
    except smtplib.SMTPNotSupportedError as exc:
        raise SenderFault(f"The relay {place} has no way to identify oneself (AUTH).") from exc
    except ssl.SSLCertVerificationError as exc:
        reason = exc.verify_message.rstrip(".")
        raise SenderFault(
            f"The certificate of the relay {place} is not good: {reason}. Nothing was sent."
        ) from exc
    except ssl.SSLEOFError as exc:
        raise ConnectionLost(f"The relay {place} ended the connection.") from exc
    except ssl.SSLError as exc:
        raise SenderFault(
            f"No encrypted connection to the relay {place}: {exc.reason or 'TLS failed'}."
        ) from exc
    except UnicodeError as exc:
        raise SenderFault(f"MAIL_SERVER cannot be the name of a relay: {settings.server}.") from exc
    except ValueError as exc:
        raise SenderFault(
            f"The relay {place} said something while we identified ourselves that makes no sense."
        ) from exc
    except smtplib.SMTPServerDisconnected as exc:
        raise ConnectionLost(f"The relay {place} ended the connection.") from exc
    except smtplib.SMTPException as exc:
        raise SenderFault(
            f"The relay {place} has no way to identify oneself that we know."
        ) from exc
    except OSError as exc:
        reason = (exc.strerror or "no answer").lower()
        raise ConnectionLost(f"The relay {place} cannot be reached: {reason}.") from exc


def _raise_by_code(exc: smtplib.SMTPResponseException, sentence: str) -> NoReturn:
    """Raise what a reply while connecting means: 4xx passes, but not for a password or TLS."""
    words = exc.smtp_error
    said = hide_addresses(words.decode("utf-8", "replace") if isinstance(words, bytes) else words)
    text = f"{sentence}: {exc.smtp_code} {said}".rstrip(". ") + "."
    passes = exc.smtp_code == 421 or (
        isinstance(exc, smtplib.SMTPConnectError) and exc.smtp_code // 100 == 4
    )
    raise (ConnectionLost if passes else SenderFault)(text) from exc
