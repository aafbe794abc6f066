"""What others do with the same work: python -m benchmarks.rivals NAME PORT THREADS COUNT.

The names are smtplib and flask-mail. Prints the seconds from the first connection to the last
reply. Nothing of the product is loaded: it changes how Flask-Mail writes.
"""

import html
import json
import smtplib
import sys
import threading
import time
from collections.abc import Iterator

import flask_mail
from flask import Flask
from itsdangerous import Signer

from benchmarks.stock import PUBLIC_URL, SECRET_KEY
from benchmarks.texts import PARAGRAPH

SENDER = "news@news.example.org"
BYTES = 20_000
TEXT_CHARACTERS, HTML_CHARACTERS = 2_700, 16_600
"""So that Flask-Mail's message has the size of ours; it leaves texts as they are."""

FIELDS = (
    "first",
    "last",
    "country",
    "city",
    "place",
    "role",
    "interest",
    "number",
    "year",
    "tongue",
)
LINKS = ("unsubscribe", "preferences")


def smtplib_on_threads(port: int, threads: int, count: int) -> None:
    """Send ready bytes with the standard library, each thread over a connection of its own."""
    data = _prebuilt()

    def work(share: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as connection:
            for number in range(share):
                connection.sendmail(SENDER, f"reader.{number}@example.org", data)

    shares = [count // threads + (index < count % threads) for index in range(threads)]
    workers = [threading.Thread(target=work, args=(share,)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def flask_mail_in_a_loop(port: int, _threads: int, count: int) -> None:
    """Send as Flask-Mail's documentation says for many: one connection, a message for each reader.

    With the ten values and eight links of ours; without a ledger, without anything.
    """
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_DEFAULT_SENDER=SENDER)
    mail = flask_mail.Mail(app)
    text, markup = _texts()
    with app.app_context(), mail.connect() as connection:
        for number, values in _values(count):
            escaped = {name: html.escape(value) for name, value in values.items()}
            message = flask_mail.Message(
                subject=f"{values['first']}: new guidance for {values['country']}",
                recipients=[f"reader.{number}@example.org"],
                body=text.format_map(values),
                html=markup.format_map(escaped),
                extra_headers={
                    "List-Unsubscribe": f"<{values['unsubscribe']}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
            )
            connection.send(message)


def _values(count: int) -> Iterator[tuple[int, dict[str, str]]]:
    signers = {link: Signer(SECRET_KEY, salt=link) for link in LINKS}
    for number in range(count):
        values = {field: f"{field} {number}" for field in FIELDS}
        for link, signer in signers.items():
            values[link] = f"{PUBLIC_URL}/{link}/{signer.sign(f'{number}-1').decode()}"
        yield number, values


def _texts() -> tuple[str, str]:
    greeting = "Dear {first} {last}, {role} at {place} in {city}, {country}: {interest}, {number}, "
    greeting += "{year}, {tongue}.\n"
    text = greeting + "{unsubscribe}\n{preferences}\n{preferences}\n"
    markup = (
        greeting + '<a href="{unsubscribe}">Unsubscribe</a>\n<a href="{preferences}">More</a>\n' * 2
    )
    return (
        text + _filler(TEXT_CHARACTERS - len(text)),
        markup + f"<p>{_filler(HTML_CHARACTERS - len(markup))}</p>",
    )


def _prebuilt() -> bytes:
    head = f"From: {SENDER}\r\nTo: reader@example.org\r\nSubject: News\r\n\r\n"
    body = "\r\n".join(_filler(76) for _ in range(BYTES // 78))
    return f"{head}{body}\r\n".encode("ascii")


def _filler(length: int) -> str:
    return (PARAGRAPH * (length // len(PARAGRAPH) + 1)).replace("\n", " ")[:length]


RIVALS = {"smtplib": smtplib_on_threads, "flask-mail": flask_mail_in_a_loop}

if __name__ == "__main__":
    rival = RIVALS[sys.argv[1]]
    began = time.monotonic()
    rival(*map(int, sys.argv[2:]))
    print(json.dumps({"seconds": time.monotonic() - began}), flush=True)
