"""Settings: what the environment may say, and what does not start."""

from pathlib import Path

import pytest

import config
from newsletter.errors import ConfigurationError
from newsletter.fetching.rules import Rules

KEY = "k" * config.SHORTEST_KEY


def settings(tmp_path: Path, **environ: str) -> dict[str, object]:
    return config.settings({"INSTANCE_PATH": str(tmp_path), **environ})


def test_an_empty_environment_is_a_development_installation(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert found["USES_MAILBOX"] is True
    assert (found["MAIL_SERVER"], found["MAIL_PORT"]) == ("127.0.0.1", 8001)
    assert found["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'newsletter.sqlite3'}"
    assert found["SQLITE_SYNCHRONOUS"] == "FULL"


def test_the_port_moves_the_pages_and_the_mailbox(tmp_path: Path) -> None:
    found = settings(tmp_path, PORT="8010")
    assert found["PUBLIC_URL"] == "http://127.0.0.1:8010"
    assert found["MAIL_PORT"] == 8011


def test_the_development_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = settings(tmp_path)["SECRET_KEY"]
    assert settings(tmp_path)["SECRET_KEY"] == first
    assert len(str(first)) >= config.SHORTEST_KEY
    assert (tmp_path / "development-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PUBLIC_URL": "https://news.example.org", "MAIL_SERVER": "mail"}, "Set SECRET_KEY"),
        (
            {"PUBLIC_URL": "https://x.org", "MAIL_SERVER": "mail", "SECRET_KEY": KEY[1:]},
            "Set SECRET_KEY to at least 32",
        ),
        ({"PUBLIC_URL": "https://news.example.org", "SECRET_KEY": KEY}, "Set MAIL_SERVER"),
        ({"PUBLIC_URL": "news.example.org"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "https://news.example.org/path"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "https://user:word@news.example.org"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "https://news.example.org#x"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "http://news.example.org:abc"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL must be"),
        ({"DATABASE_URL": "foo"}, "DATABASE_URL must be"),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must be"),
        ({"DATABASE_URL": "postgresql://x:y/z"}, "DATABASE_URL must be"),
        ({"DATABASE_URL": "postgresql://host:99999/db"}, "DATABASE_URL must be"),
        ({"DATABASE_URL": "postgresql://host:0/db"}, "DATABASE_URL must be"),
        ({"PUBLIC_URL": "http://exa mple.org"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "http://exam<ple>.org"}, "PUBLIC_URL must be"),
        ({"PUBLIC_URL": "http://[bad"}, "PUBLIC_URL must be"),
        ({"INSTANCE_PATH": "/proc/nope"}, "cannot be made"),
        ({"DATABASE_URL": "mysterious://host/db"}, "DATABASE_URL must be"),
        ({"PORT": "http"}, "PORT must be a number"),
        ({"PORT": "70000"}, "PORT must be a number"),
        ({"PORT": "65535"}, "PORT may be 65534 at most while MAIL_SERVER is not set"),
        ({"MAIL_USE_TLS": "maybe"}, "MAIL_USE_TLS must be true or false"),
        ({"FETCH": "sometimes"}, "FETCH must be true or false"),
        ({"MAIL_USE_TLS": "1", "MAIL_USE_SSL": "1"}, "not both"),
        ({"MAIL_SERVER": "mail", "MAIL_USERNAME": "us"}, "in the clear"),
        ({"MAIL_SERVER": "mail:587"}, "MAIL_SERVER must be the name .* not “mail:587”. The port"),
        ({"MAIL_SERVER": "smtp://mail.example.org"}, "MAIL_SERVER must be"),
        ({"MAIL_SERVER": "mail one"}, "MAIL_SERVER must be"),
        ({"MAIL_SERVER": "us@mail"}, "MAIL_SERVER must be"),
        ({"MAIL_SERVER": "[::1]:25"}, "MAIL_SERVER must be"),
        ({"MAIL_CONNECTIONS": "101"}, "MAIL_CONNECTIONS must be a number from 1 to 100"),
        ({"MAIL_CONNECTIONS": "0"}, "MAIL_CONNECTIONS must be a number from 1 to 100"),
        ({"MAIL_CONNECTIONS": "9" * 5000}, "MAIL_CONNECTIONS must be a number"),
        ({"MAIL_USERNAME": "us", "MAIL_USE_TLS": "1"}, "Set both MAIL_USERNAME and"),
        (
            {"MAIL_USERNAME": "us\r\nRSET", "MAIL_PASSWORD": "word", "MAIL_USE_TLS": "1"},
            "must be one line each",
        ),
        (
            {"MAIL_USERNAME": "us", "MAIL_PASSWORD": "word\0", "MAIL_USE_TLS": "1"},
            "must be one line each",
        ),
        ({"MAIL_PASSWORD": "word"}, "Set both MAIL_USERNAME and"),
        ({"METRICS_TOKEN": "a token with blanks in it"}, "METRICS_TOKEN may have"),
        ({"METRICS_TOKEN": "ein-schönes-geheimes-Wort"}, "METRICS_TOKEN may have"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES must be networks"),
        ({"DKIM_KEYS": "s2027:example.org:/nowhere/key.pem"}, "cannot be read: No such file"),
        ({"SQLITE_SYNCHRONOUS": "OFF"}, "must be FULL or NORMAL"),
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN must have at least 16"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be text or json"),
        ({"DELIVERY_ENGINE": "celery"}, "DELIVERY_ENGINE must be local"),
        ({"DELIVERY_ENGINE": "dramatiq"}, "set BROKER_URL"),
        ({"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": "redis://host"}, "set BROKER_URL"),
        ({"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": "amqp://h:x"}, "set BROKER_URL"),
        ({"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": "amqp://h x/"}, "set BROKER_URL"),
        ({"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": "amqp://h\nx/"}, "set BROKER_URL"),
        ({"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": "amqp://h/"}, "set DATABASE_URL"),
    ],
)
def test_what_cannot_run_is_refused_with_what_to_change(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        settings(tmp_path, **environ)


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        (" mail.example.org ", "mail.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("  ", "127.0.0.1"),
    ],
)
def test_a_relay_is_named_without_what_surrounds_it(
    tmp_path: Path, typed: str, server: str
) -> None:
    assert settings(tmp_path, MAIL_SERVER=typed)["MAIL_SERVER"] == server


def test_workers_on_other_machines_need_a_broker_and_postgresql(tmp_path: Path) -> None:
    assert settings(tmp_path)["DELIVERY_ENGINE"] == "local"
    found = settings(
        tmp_path,
        DELIVERY_ENGINE="dramatiq",
        BROKER_URL="amqps://us:word@broker/news",
        DATABASE_URL="postgresql://us@database/news",
    )
    assert (found["DELIVERY_ENGINE"], found["BROKER_URL"]) == (
        "dramatiq",
        "amqps://us:word@broker/news",
    )


@pytest.mark.parametrize(
    "url",
    ["http://[::1]:8000", "http://news_1.example.org", "http://exämple.org", "http://127.0.0.1"],
)
def test_pages_may_live_at_any_host(tmp_path: Path, url: str) -> None:
    assert settings(tmp_path, PUBLIC_URL=url)["PUBLIC_URL"] == url


def test_the_last_port_is_for_pages_where_a_relay_takes_the_mail(tmp_path: Path) -> None:
    assert settings(tmp_path, PORT="65535", MAIL_SERVER="relay")["PORT"] == config.LAST_PORT


def test_production_starts_with_a_key_and_a_relay(tmp_path: Path) -> None:
    found = settings(
        tmp_path, PUBLIC_URL="https://news.example.org/", SECRET_KEY=KEY, MAIL_SERVER="relay"
    )
    assert found["IS_PRODUCTION"] is True
    assert found["PUBLIC_URL"] == "https://news.example.org"
    assert found["USES_MAILBOX"] is False
    assert found["SESSION_COOKIE_SECURE"] is True


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_postgresql_address_uses_the_driver_that_is_installed(
    tmp_path: Path, scheme: str
) -> None:
    found = settings(tmp_path, DATABASE_URL=f"{scheme}://host/db")
    assert found["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://host/db"


def test_an_empty_setting_is_no_setting(tmp_path: Path) -> None:
    found = config.settings({"INSTANCE_PATH": "", "SECRET_KEY": KEY, "PUBLIC_URL": ""})
    assert found["INSTANCE_PATH"] == config.ROOT / "instance"
    assert found["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_suppressions_outlive_a_change_of_keys(tmp_path: Path) -> None:
    before = settings(tmp_path, SECRET_KEY="the first key")["SUPPRESSION_KEY"]
    after = settings(tmp_path, SECRET_KEY="second", SECRET_KEY_FALLBACKS="middle,the first key")
    assert after["SUPPRESSION_KEY"] == before


def test_pages_elsewhere_are_asked_by_rules_that_no_setting_loosens(tmp_path: Path) -> None:
    rules = settings(tmp_path, PUBLIC_URL="http://news.example.org")["FETCH_RULES"]
    assert rules == Rules(user_agent="StayInformed (+http://news.example.org)")


@pytest.mark.parametrize("off", ["off", "0", "false"])
def test_an_installation_may_ask_for_nothing(tmp_path: Path, off: str) -> None:
    assert settings(tmp_path, FETCH=off)["FETCH_RULES"] is None
