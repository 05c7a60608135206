"""Connections that are shared and kept: answers out of order, late, invented, too large, or none at all."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from services.gateway.connectors.frames import Line, Pool
from services.gateway.connectors.http import Ambiguous, Unreached

Send = Callable[[bytes], None]
Manner = Callable[[bytes, Send, socket.socket], None]


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def eventually(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Mainframe:
    """A TCP server whose `manner` is called with each frame: a number of four digits, and words."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.manner: Manner = lambda frame, send, wire: send(framed(frame))
        self.connections: list[socket.socket] = []
        self.frames: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                wire = self.listener.accept()[0]
            except OSError:
                return
            self.connections.append(wire)
            threading.Thread(target=self._read, args=[wire], daemon=True).start()

    def _read(self, wire: socket.socket) -> None:
        stream = wire.makefile("rb")
        try:
            while len(prefix := stream.read(4)) == 4:
                frame = stream.read(struct.unpack(">I", prefix)[0])
                self.frames.append(frame)
                self.manner(frame, wire.sendall, wire)
        except OSError:
            return

    def close(self) -> None:
        self.listener.close()
        for wire in self.connections:
            wire.close()


@pytest.fixture
def mainframe() -> Iterator[Mainframe]:
    made = Mainframe()
    yield made
    made.close()


def number_of(frame: bytes) -> int | None:
    return int(frame[:4]) if frame[:4].isdigit() else None


@pytest.fixture
def line(mainframe: Mainframe) -> Line:
    host, port = mainframe.listener.getsockname()
    return Line(
        host, port, connect_seconds=1, most_connections=2, idle_seconds=30, trusted_seconds=30, longest_frame=1000,
        last_number=9999, number_of=number_of, sign_of_life=lambda number: b"%04d PING" % number,
    )  # fmt: skip


def ask(pool: Pool, words: str, seconds: float = 5) -> str:
    answer = pool.ask(
        lambda number: b"%04d %s" % (number, words.encode()), until=time.monotonic() + seconds, silence_seconds=seconds
    )
    return answer[5:].decode()


def test_one_connection_is_kept_for_call_after_call(mainframe: Mainframe, line: Line) -> None:
    pool = Pool(line)
    assert [ask(pool, word) for word in ("one", "two", "three")] == ["one", "two", "three"]
    assert len(mainframe.connections) == 1


def test_many_calls_share_no_more_connections_than_allowed(mainframe: Mainframe, line: Line) -> None:
    pool = Pool(line)
    with ThreadPoolExecutor(50) as callers:
        words = [f"word {number}" for number in range(200)]
        assert list(callers.map(lambda word: ask(pool, word), words)) == words
    assert len(mainframe.connections) <= 2


def test_answers_in_another_order_find_their_calls(mainframe: Mainframe, line: Line) -> None:
    held: list[bytes] = []

    def answer_backwards(frame: bytes, send: Send, wire: socket.socket) -> None:
        held.append(frame)
        if len(held) == 3:
            for each in reversed(held):
                send(framed(each))

    mainframe.manner = answer_backwards
    pool = Pool(replace(line, most_connections=1))
    with ThreadPoolExecutor(3) as callers:
        assert list(callers.map(lambda word: ask(pool, word), "abc")) == ["a", "b", "c"]


def test_a_number_that_nobody_asked_with_is_dropped(mainframe: Mainframe, line: Line) -> None:
    def invent(frame: bytes, send: Send, wire: socket.socket) -> None:
        send(framed(b"%04d another's" % (int(frame[:4]) % 9999 + 1)) + framed(frame))

    mainframe.manner = invent
    assert ask(Pool(line), "mine") == "mine"


def test_an_answer_that_comes_too_late_is_given_to_nobody(mainframe: Mainframe, line: Line) -> None:
    late: list[bytes] = []

    def answer_one_late(frame: bytes, send: Send, wire: socket.socket) -> None:
        if frame.endswith(b"slow"):
            late.append(frame)
        else:
            send(b"".join(framed(each) for each in [*late, frame]))
            late.clear()

    mainframe.manner = answer_one_late
    pool = Pool(replace(line, most_connections=1, last_number=3))  # so few numbers that they come round at once
    with pytest.raises(Ambiguous, match="no answer in time"):
        ask(pool, "slow", seconds=0.1)
    assert [ask(pool, f"quick {number}") for number in range(6)] == [f"quick {number}" for number in range(6)]


def test_a_connection_lost_after_the_frame_was_sent_is_ambiguous(mainframe: Mainframe, line: Line) -> None:
    mainframe.manner = lambda frame, send, wire: wire.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Ambiguous, match="connection lost"):
        ask(Pool(line), "gone")
    assert len(mainframe.frames) == 1


def test_a_call_that_shared_a_lost_connection_is_ambiguous_too(mainframe: Mainframe, line: Line) -> None:
    def cut_at_the_second(frame: bytes, send: Send, wire: socket.socket) -> None:
        if len(mainframe.frames) == 2:
            wire.shutdown(socket.SHUT_RDWR)

    mainframe.manner = cut_at_the_second
    pool = Pool(replace(line, most_connections=1))
    with ThreadPoolExecutor(2) as callers:
        asked = [callers.submit(ask, pool, word) for word in ("one", "two")]
    assert [type(each.exception()) for each in asked] == [Ambiguous, Ambiguous]


def test_nobody_listening_is_unreached(mainframe: Mainframe, line: Line) -> None:
    mainframe.listener.close()
    with pytest.raises(Unreached):
        ask(Pool(replace(line, port=1)), "hello")


def test_a_connection_that_was_closed_while_idle_is_not_trusted(mainframe: Mainframe, line: Line) -> None:
    pool = Pool(line)
    ask(pool, "one")
    mainframe.connections[0].shutdown(socket.SHUT_RDWR)
    assert ask(pool, "two") == "two"
    assert mainframe.frames[-1].endswith(b"two")
    assert len(mainframe.connections) == 2


def test_a_silent_connection_is_asked_for_a_sign_of_life_before_it_gets_a_request(
    mainframe: Mainframe, line: Line
) -> None:
    pool = Pool(replace(line, trusted_seconds=0))
    assert [ask(pool, word) for word in ("one", "two")] == ["one", "two"]
    assert [frame[5:] for frame in mainframe.frames] == [b"one", b"PING", b"two"]
    assert len(mainframe.connections) == 1


def test_a_half_dead_connection_gets_no_request(mainframe: Mainframe, line: Line) -> None:
    pool = Pool(replace(line, trusted_seconds=0, connect_seconds=0.2))
    ask(pool, "one")
    first = mainframe.connections[0]
    mainframe.manner = lambda frame, send, wire: send(framed(frame)) if wire is not first else None
    assert ask(pool, "two") == "two"
    assert [frame[5:] for frame in mainframe.frames] == [b"one", b"PING", b"two"]
    assert len(mainframe.connections) == 2


def test_a_frame_over_the_bound_is_refused_unread(mainframe: Mainframe, line: Line) -> None:
    mainframe.manner = lambda frame, send, wire: send(struct.pack(">I", 2**31))
    with pytest.raises(Ambiguous, match="larger than allowed"):
        ask(Pool(line), "hello")


def test_an_answer_without_a_header_is_no_answer(mainframe: Mainframe, line: Line) -> None:
    mainframe.manner = lambda frame, send, wire: send(framed(b"SIGN ON"))
    with pytest.raises(Ambiguous, match="no header"):
        ask(Pool(line), "hello")


def test_a_dripping_answer_ends_with_the_whole_time_out(mainframe: Mainframe, line: Line) -> None:
    def drip(frame: bytes, send: Send, wire: socket.socket) -> None:
        for byte in framed(frame + b"x" * 900):
            send(bytes([byte]))
            time.sleep(0.05)

    mainframe.manner = drip
    with pytest.raises(Ambiguous, match="no answer in time"):
        ask(Pool(line), "hello", seconds=0.5)


def test_an_idle_connection_is_closed_in_the_end(mainframe: Mainframe, line: Line) -> None:
    pool = Pool(replace(line, idle_seconds=0.1))
    ask(pool, "one")
    mainframe.connections[0].settimeout(5)
    assert mainframe.connections[0].recv(1, socket.MSG_PEEK) == b""
    assert ask(pool, "two") == "two"


def test_a_frame_that_could_not_leave_whole_is_unreached(mainframe: Mainframe, line: Line) -> None:
    block = threading.Event()

    def read_no_further(frame: bytes, send: Send, wire: socket.socket) -> None:
        block.wait(10)

    mainframe.manner = read_no_further
    pool = Pool(replace(line, most_connections=1))
    with ThreadPoolExecutor(1) as callers:
        first = callers.submit(ask, pool, "first", 5)
        eventually(lambda: bool(mainframe.frames))
        with pytest.raises(Unreached):
            ask(pool, "x" * 64_000_000, seconds=0.5)
        assert isinstance(first.exception(), Ambiguous)
    block.set()
