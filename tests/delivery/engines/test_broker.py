"""The clock's way to the broker: how long it waits, and whom it believes."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from newsletter.delivery.engines.broker import BrokerAway, Postbox, rabbitmq

HEADER = b"AMQP\x00\x00\x09\x01"


class Listener:
    """A TLS server that takes what a client says first, and hangs up."""

    def __init__(self, host: str) -> None:
        self.authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(host).configure_cert(self._context)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(timeout=10)
        self._socket.close()

    def _listen(self) -> None:
        connection, _ = self._socket.accept()
        with (
            suppress(OSError),
            connection,
            self._context.wrap_socket(connection, server_side=True) as secured,
        ):
            self.heard = secured.recv(100)


@pytest.fixture
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    listener = Listener(request.param)
    yield listener
    listener.close()


def call(listener: Listener) -> None:
    postbox = Postbox(rabbitmq(f"amqps://us:word@localhost:{listener.port}/news"))
    with pytest.raises(BrokerAway):
        postbox.count()
    listener.close()


@pytest.mark.parametrize("listener", ["localhost"], indirect=True)
def test_a_broker_whose_certificate_nobody_vouches_for_hears_nothing(listener: Listener) -> None:
    call(listener)
    assert listener.heard == b""


@pytest.mark.parametrize("listener", ["localhost", "elsewhere.example.org"], indirect=True)
def test_a_broker_of_the_right_name_with_a_good_certificate_is_spoken_to(
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    listener.authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    call(listener)
    is_right = request.node.callspec.params["listener"] == "localhost"
    assert listener.heard == (HEADER if is_right else b"")


def test_a_broker_that_is_not_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(BrokerAway):
        Postbox(rabbitmq(f"amqp://127.0.0.1:{port}/")).post(1)


def test_the_address_may_say_how_long_to_wait() -> None:
    broker = rabbitmq("amqp://us:pass%2Fword@127.0.0.1/%2Fnews?heartbeat=7")
    assert broker.parameters.heartbeat == 7
    assert broker.parameters.blocked_connection_timeout == 30
    assert broker.parameters.virtual_host == "/news"
    assert broker.parameters.credentials.password == "pass/word"
    assert broker.confirm_delivery
    assert broker.middleware == []
