"""Loopback ports that nobody listens on."""

import random
import socket

PRIVATE = range(20000, 32000)  # below those that Linux gives to outgoing connections


def free_port(in_a_row: int = 1) -> int:
    """A port that is free now, and so are the next ones of a row."""
    while True:
        first = random.choice(PRIVATE)
        if all(_is_free(first + offset) for offset in range(in_a_row)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
