"""Opening a connection: what is trusted, what is refused, and the sentence for the operator."""

import base64
from collections.abc import Callable

import pytest

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.smtp import Connection, Kind
from tests.scripted_relay import Peer, ScriptedRelay

MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"
PASSWORD = {"username": "news", "password": "secret"}


def opened(script: Callable[[Peer], None], **changes: object) -> None:
    with ScriptedRelay(script) as relay, Connection(relay.settings(**changes)):
        pass


def starting_tls(certificate: str) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.greet("STARTTLS", "SIZE 1")
        peer.start_tls(certificate)
        peer.answer_ehlo("SIZE 10240000")
        peer.transact()
        peer.say("250 ok")

    return script


def test_a_verified_relay_is_spoken_to_encrypted_with_what_it_offers_then() -> None:
    with (
        ScriptedRelay(starting_tls("relay")) as relay,
        Connection(relay.settings(starttls=True)) as connection,
    ):
        # The size limit said in plaintext is forgotten (RFC 3207 section 4.2).
        assert connection.send("a@example.org", "b@example.org", MESSAGE).kind is Kind.SENT
    assert [line.split()[0].upper() for line in relay.heard[:3]] == ["EHLO", "STARTTLS", "EHLO"]


@pytest.mark.parametrize("certificate", ["unknown-authority", "other-name", "expired"])
def test_a_certificate_that_is_not_good_ends_it(certificate: str) -> None:
    with pytest.raises(SenderFault, match="certificate"):
        opened(starting_tls(certificate), starttls=True)


@pytest.mark.parametrize("certificate", ["unknown-authority", "other-name", "expired"])
def test_a_certificate_that_is_not_good_ends_it_also_with_tls_from_the_start(
    certificate: str,
) -> None:
    def script(peer: Peer) -> None:
        peer.encrypt(certificate)
        peer.greet()

    with pytest.raises(SenderFault, match="certificate"):
        opened(script, tls=True)


def test_the_authority_of_the_tests_is_trusted_only_when_named() -> None:
    with pytest.raises(SenderFault, match="certificate"):
        opened(starting_tls("relay"), starttls=True, authorities=None)


def test_tls_from_the_first_byte_works() -> None:
    def script(peer: Peer) -> None:
        peer.encrypt()
        peer.greet()
        peer.transact()
        peer.say("250 ok")

    with ScriptedRelay(script) as relay, Connection(relay.settings(tls=True)) as connection:
        assert connection.send("a@example.org", "b@example.org", MESSAGE).kind is Kind.SENT


def test_a_relay_without_starttls_is_refused_when_it_is_required() -> None:
    with ScriptedRelay(lambda peer: peer.greet("SIZE 1000")) as relay:
        with pytest.raises(SenderFault, match="STARTTLS"):
            Connection(relay.settings(starttls=True, **PASSWORD)).open()
        assert [line.split()[0].upper() for line in relay.heard] == ["EHLO"]


def test_starttls_that_is_refused_for_now_ends_it() -> None:
    def script(peer: Peer) -> None:
        peer.greet("STARTTLS")
        peer.hear()
        peer.say("454 4.7.0 TLS not available")

    with pytest.raises(SenderFault, match="454"):
        opened(script, starttls=True)


def test_words_injected_before_encryption_are_noticed() -> None:
    def script(peer: Peer) -> None:
        peer.greet("STARTTLS")
        peer.hear()
        peer.say(b"220 go on\r\n250-injected\r\n250 AUTH PLAIN\r\n")
        peer.encrypt()
        peer.answer_ehlo()

    with pytest.raises((SenderFault, ConnectionLost)):
        opened(script, starttls=True)


def test_a_relay_that_speaks_no_tls_is_a_fault_of_the_settings() -> None:
    with pytest.raises(SenderFault, match="encrypted"):
        opened(lambda peer: peer.greet(), tls=True)


def encrypted_offering(*offers: str) -> Callable[[Callable[[Peer], None]], Callable[[Peer], None]]:
    def wrap(rest: Callable[[Peer], None]) -> Callable[[Peer], None]:
        def script(peer: Peer) -> None:
            peer.encrypt()
            peer.greet(*offers)
            rest(peer)

        return script

    return wrap


def test_the_password_is_said_when_it_is_asked_for() -> None:
    @encrypted_offering("AUTH PLAIN")
    def script(peer: Peer) -> None:
        words = peer.hear().split()
        assert base64.b64decode(words[2]) == b"\0news\0secret"
        peer.say("235 2.7.0 welcome")

    opened(script, tls=True, **PASSWORD)


@pytest.mark.parametrize(
    "answer", ["535 5.7.8 bad password", "454 4.7.0 not now", "538 5.7.11 encrypt"]
)
def test_a_password_that_is_refused_is_a_fault_of_the_sender_said_once(answer: str) -> None:
    @encrypted_offering("AUTH PLAIN")
    def script(peer: Peer) -> None:
        peer.hear()
        peer.say(answer)
        peer.hear()

    with ScriptedRelay(script) as relay:
        with pytest.raises(SenderFault, match=f"password: {answer[:3]}") as caught:
            Connection(relay.settings(tls=True, **PASSWORD)).open()
        assert "secret" not in str(caught.value)
    assert sum(line.startswith("AUTH") for line in relay.heard) == 1


@pytest.mark.parametrize("offers", [[], ["AUTH GSSAPI"]])
def test_a_relay_without_a_way_to_identify_is_a_fault_of_the_sender(offers: list[str]) -> None:
    with pytest.raises(SenderFault, match="identify"):
        opened(encrypted_offering(*offers)(lambda peer: None), tls=True, **PASSWORD)


def test_a_password_is_never_said_in_the_clear() -> None:
    with ScriptedRelay(lambda peer: peer.greet("AUTH PLAIN LOGIN")) as relay:
        with pytest.raises(SenderFault, match="in the clear"):
            Connection(relay.settings(**PASSWORD)).open()
        assert [line.split()[0].upper() for line in relay.heard] == ["EHLO"]


def test_a_password_with_strange_letters_is_explained() -> None:
    with pytest.raises(SenderFault, match="ASCII"):
        opened(
            encrypted_offering("AUTH PLAIN")(lambda peer: None),
            tls=True,
            username="news",
            password="pässword",
        )


@pytest.mark.parametrize(
    ("greeting", "fault"),
    [
        ("421 4.3.2 busy", ConnectionLost),
        ("450 not now", ConnectionLost),
        ("554 5.7.1 you are on a list", SenderFault),
        ("nonsense", ConnectionLost),
    ],
)
def test_a_greeting_that_is_none_is_explained(greeting: str, fault: type[Exception]) -> None:
    with pytest.raises(fault) as caught:
        opened(lambda peer: peer.say(greeting))
    assert str(caught.value).endswith(".")


def test_helo_is_said_only_to_a_relay_that_does_not_know_ehlo() -> None:
    def old(peer: Peer) -> None:
        peer.say("220 relay.test")
        peer.hear()
        peer.say("502 what?")
        peer.hear()
        peer.say("250 hello")
        peer.transact()
        peer.say("250 ok")

    with ScriptedRelay(old) as relay, Connection(relay.settings()) as connection:
        assert connection.send("a@example.org", "b@example.org", MESSAGE).kind is Kind.SENT
    assert relay.heard[:3] == [
        "ehlo news.example.org",
        "helo news.example.org",
        "MAIL FROM:<a@example.org>",
    ]

    def busy(peer: Peer) -> None:
        peer.say("220 relay.test")
        peer.hear()
        peer.say("421 busy")
        peer.hear()

    with ScriptedRelay(busy) as relay, pytest.raises(ConnectionLost):
        Connection(relay.settings()).open()
    assert relay.heard == ["ehlo news.example.org"]


def test_a_relay_that_hangs_up_or_says_nothing_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost):
        opened(lambda peer: peer.close(rudely=True))
    with pytest.raises(ConnectionLost, match="in time"):
        opened(lambda peer: peer.hear() and None, reply_timeout=0.2)


def test_nobody_listening_is_a_lost_connection_that_names_the_place() -> None:
    with ScriptedRelay(lambda peer: None) as relay:
        settings = relay.settings()
    with pytest.raises(ConnectionLost, match=f"127.0.0.1 port {settings.port}"):
        Connection(settings).open()


@pytest.mark.parametrize("server", ["relay..example", "x" * 70 + ".example"])
def test_a_name_that_is_none_is_explained(server: str) -> None:
    with ScriptedRelay(lambda peer: None) as relay:
        settings = relay.settings(server=server)
    with pytest.raises((SenderFault, ConnectionLost)):
        Connection(settings).open()
