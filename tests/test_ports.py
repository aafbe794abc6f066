"""Ports that are held for servers which tests and benchmarks start."""

import socket

import pytest

from benchmarks.ports import HOST, reserve


def test_a_held_port_goes_to_nobody_who_does_not_ask_for_it() -> None:
    first = reserve(2)

    for port in (first, first + 1):
        with socket.socket() as plain, pytest.raises(OSError, match="in use"):
            plain.bind((HOST, port))
        with socket.create_server((HOST, port)), socket.create_connection((HOST, port)) as caller:
            assert caller.getpeername() == (HOST, port)


def test_no_port_is_given_twice() -> None:
    ports = [reserve() for _ in range(20)]

    assert len(set(ports)) == len(ports)
