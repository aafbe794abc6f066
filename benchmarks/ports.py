"""Ports of loopback for servers that are told where to listen."""

import socket

HOST = "127.0.0.1"


def reserve(count: int = 1) -> int:
    """Return a port that is held for a server for a minute; of several in a row, the first.

    A port that is merely free now may be anybody's in a second: whoever connects somewhere gets one
    from the same range. Over one that a connection fades out on (TIME_WAIT, RFC 9293 section 3.6.1)
    the system passes, but a server that sets SO_REUSEADDR, as each of ours does, may have it.
    """
    while True:
        port = _hold(0)
        try:
            for one in range(port + 1, port + count):
                _hold(one)
        except OSError:
            continue
        return port


def _hold(port: int) -> int:
    with socket.create_server((HOST, port)) as door:
        with socket.create_connection(door.getsockname()) as caller:
            # The connection fades out where it is closed first.
            door.accept()[0].close()
            caller.recv(1)
        return int(door.getsockname()[1])
