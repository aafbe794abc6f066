"""What all doors share: headers, who asks, error pages."""

from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient

from newsletter import web

PATHS = ["/library/", "/nowhere", "/library/nothing", "/healthz", "/static/site.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_strict_policy(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("192.0.2.1", "", [], "192.0.2.1"),
        # Nobody is trusted: the header is a forgery.
        ("192.0.2.1", "198.51.100.7", [], "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        # The reader wrote the left part himself.
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "2001:db8::7", ["10.0.0.0/8"], "2001:db8::7"),
        ("10.0.0.1", "nonsense", ["10.0.0.0/8"], ""),
        ("10.0.0.1", "", ["10.0.0.0/8"], "10.0.0.1"),
    ],
)
def test_forwarding_headers_of_trusted_proxies_alone_are_believed(
    app: Flask, peer: str, forwarded: str, trusted: list[str], found: str
) -> None:
    app.config["TRUSTED_PROXIES"] = [ip_network(network) for network in trusted]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with app.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": peer}):
        assert web.client_ip() == found


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::77", "2001:db8:1::/48"),
        ("", "unknown"),
    ],
)
def test_limits_see_networks(app: Flask, ip: str, network: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": ip}):
        assert web.client_network() == network


def test_a_page_that_is_not_there_says_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/nowhere/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("path", ["/library", "/archive", "/archive?page=2", "/desk"])
def test_a_missing_slash_leads_to_this_site_whatever_host_was_named(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["Location"] == path.partition("?")[0] + "/" + "".join(
        path.partition("?")[1:]
    )


def test_a_body_that_is_too_large_is_refused_calmly(client: FlaskClient) -> None:
    answer = client.post("/subscribe", data={"address": "a" * 10_000_000})
    assert answer.status_code == 413
    assert "too large" in answer.text


@pytest.mark.parametrize("path", ["/library/a%00b", "/library/?q=%00"])
def test_a_null_character_is_a_bad_request(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 400


def test_the_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.get("/subscribe")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
