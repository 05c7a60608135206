"""A load generator: kept-alive connections in one thread, each with one request under way."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

CONNECTIONS = 16
HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip", "Accept-Language": "en"}  # as browsers send
STALLED_SECONDS = 20


@dataclass(frozen=True)
class Rate:
    """`answered` counts the warming up too; `share`: how much of one core the generator itself took."""

    per_second: float
    answered: int
    share: float


@dataclass
class _Line:
    """One connection, and what has come so far of the answer that it waits for."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    whole: int = 0  # bytes of the whole answer; 0 until its head is there


def get(url: str, cookies: dict[str, str] | None = None) -> bytes:
    """A GET request, ready to be sent."""
    parts = urlsplit(url)
    fields = {"Host": parts.netloc, **HEADERS}
    if cookies:
        fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii")


def post(url: str, body: bytes, fields: dict[str, str]) -> bytes:
    """A POST request with a JSON body, ready to be sent."""
    parts = urlsplit(url)
    every = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(body)), **fields}
    head = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def send_all(address: str, requests: Sequence[bytes]) -> None:
    """Each request once, as fast as the connections take them. Raises AssertionError at any answer but 200 and 202."""
    waiting = iter(requests)
    with _connections(address) as chooser:
        busy = 0
        for key in chooser.get_map().values():
            if request := next(waiting, b""):
                key.data.socket.sendall(request)
                busy += 1
        while busy:
            ready = chooser.select(STALLED_SECONDS)
            assert ready, f"no answer within {STALLED_SECONDS} s"
            for key, _ in ready:
                if _is_answered(key.data):
                    if request := next(waiting, b""):
                        key.data.socket.sendall(request)
                    else:
                        busy -= 1


@contextmanager
def _connections(address: str) -> Iterator[selectors.BaseSelector]:
    parts, chooser = urlsplit(address), selectors.DefaultSelector()
    try:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            chooser.register(connection, selectors.EVENT_READ, _Line(connection))
        yield chooser
    finally:
        for key in list(chooser.get_map().values()):
            key.data.socket.close()
        chooser.close()


def rate(address: str, requests: Sequence[bytes], *, seconds: float, warm_up: float = 0.5) -> Rate:
    """Answers a second to these requests in turn. Raises AssertionError at any answer but 200."""
    turns = cycle(requests)
    with _connections(address) as chooser:
        for key in chooser.get_map().values():
            key.data.socket.sendall(next(turns))
        warmed = _run(chooser, turns, warm_up)
        began, cpu = time.perf_counter(), time.process_time()
        answered = _run(chooser, turns, seconds)
        took = time.perf_counter() - began
        return Rate(answered / took, warmed + answered, (time.process_time() - cpu) / took)


def _run(chooser: selectors.BaseSelector, turns: "cycle[bytes]", seconds: float) -> int:
    answered, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        ready = chooser.select(STALLED_SECONDS)
        assert ready, f"no answer within {STALLED_SECONDS} s"
        for key, _ in ready:
            if _is_answered(key.data):
                answered += 1
                key.data.socket.sendall(next(turns))
    return answered


def _is_answered(line: _Line) -> bool:
    """Read what is there; whether the answer is whole."""
    part = line.socket.recv(262144)
    assert part, "the server closed a kept-alive connection"
    line.received += part
    if not line.whole:
        end = line.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        line.whole = end + 4 + _length(bytes(line.received[:end]))
    if len(line.received) < line.whole:
        return False
    line.received.clear()
    line.whole = 0
    return True


def _length(head: bytes) -> int:
    assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 202 ")), head.decode("latin-1")
    for each in head.lower().split(b"\r\n"):
        if each.startswith(b"content-length:"):
            return int(each[15:])
    raise AssertionError(f"no Content-Length: {head.decode('latin-1')}")
