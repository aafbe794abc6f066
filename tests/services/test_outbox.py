"""What the outbox leaves to the database, on PostgreSQL: who may send, and who took over."""

from tests.mail.test_outbox import (  # noqa: F401  # pytest finds them by these names
    relay,
    test_a_deferred_mail_comes_again_with_the_same_bytes,
    test_a_sender_that_died_in_flight_is_followed_by_one_more_attempt,
    test_a_sender_that_was_stopped_for_a_while_neither_sends_nor_writes,
    test_nothing_waits_inside_a_transaction_while_the_relay_thinks,
    test_two_processes_send_each_mail_once,
)
