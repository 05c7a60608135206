"""Frames over TCP: a length of four bytes, big-endian, then so many bytes. Calls share a few kept-alive connections.

Every frame carries a sequence number, so answers may come in any order. A connection has one thread that reads; whoever
asks waits for its own number. An answer to a number that nobody waits for is dropped.
"""

import itertools
import os
import secrets
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from services.gateway.connectors.base import may_leave
from services.gateway.connectors.http import Ambiguous, Unreached

PREFIX = struct.Struct(">I")
MOST_DUE = 10_000  # numbers that are kept out of use because their answers may still come
HUNG_UP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR  # the first is Linux's alone
SHORTEST_WAIT = 0.001  # seconds: a time-out of 0 would mean "do not block" to a socket


@dataclass(frozen=True)
class Line:
    """How to reach one system, and how to read what it says."""

    host: str
    port: int
    connect_seconds: float
    most_connections: int
    idle_seconds: float  # a connection that nobody used for so long is closed
    trusted_seconds: float  # one that was silent for so long is asked for a sign of life before it gets a request
    longest_frame: int  # bytes, of an answer
    last_number: int  # numbers run from 1 to here
    number_of: Callable[[bytes], int | None]  # a frame's sequence number; None if it has no readable header
    sign_of_life: Callable[[int], bytes]  # a frame that asks for nothing but an answer


class _Waiter:
    """Someone who waits for the answer to one number."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.frame: bytes | None = None
        self.trouble = ""


class _Broken(Exception):
    """The connection is of no more use; the message says why."""


class _Numbers:
    """Sequence numbers of one system, the same for all its connections: none is used for two calls at once.

    Nor is one used again while the answer to its first call may still come, on whichever connection.
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self._counter = itertools.count(secrets.randbelow(last))
        self._taken: set[int] = set()
        self._due: dict[int, None] = {}  # oldest first
        self._lock = threading.Lock()

    def take(self) -> int:
        """Raises Unreached if all are in use."""
        with self._lock:
            if len(self._taken) + len(self._due) >= self._last:
                raise Unreached("no sequence number is free")
            while (number := next(self._counter) % self._last + 1) in self._taken or number in self._due:
                pass
            self._taken.add(number)
            return number

    def give_back(self, number: int, *, is_answer_due: bool) -> None:
        with self._lock:
            self._taken.discard(number)
            if is_answer_due:
                self._due[number] = None
                if len(self._due) > min(MOST_DUE, self._last // 2):
                    del self._due[next(iter(self._due))]

    def heard(self, number: int) -> None:
        """Its answer came, be it late."""
        with self._lock:
            self._due.pop(number, None)


class Connection:
    """One TCP connection, its reading thread, and those who wait for an answer on it."""

    def __init__(self, line: Line, numbers: _Numbers, until: float) -> None:
        """Raises Unreached."""
        self.line = line
        self.load = 0  # calls that have taken it; the pool's
        self.is_open = True
        self.is_doubted = False  # an answer stayed away
        self.heard_at = time.monotonic()
        self._numbers = numbers
        self._waiting: dict[int, _Waiter] = {}
        self._state = threading.Lock()
        self._sending = threading.RLock()
        try:
            seconds = max(min(line.connect_seconds, until - time.monotonic()), SHORTEST_WAIT)
            self._out = socket.create_connection((line.host, line.port), timeout=seconds)
            self._out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._out.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            # A second handle of the same connection: each has a time-out of its own.
            self._in = self._out.dup()
        except OSError as error:
            raise Unreached(f"no connection: {type(error).__name__}") from error
        self._in.settimeout(line.idle_seconds)
        threading.Thread(target=self._read, name=f"frames {line.host}:{line.port}", daemon=True).start()

    def ask(self, build: Callable[[int], bytes], *, until: float, silence_seconds: float) -> bytes:
        """Send one frame and wait for its answer. Raises Unreached or Ambiguous, nothing else.

        `until` is a time of time.monotonic(); `silence_seconds` how long nothing at all may be heard meanwhile.
        """
        number, waiter = self._expect()
        try:
            self._send(build(number), until)
        except Exception:
            self._forget(number)
            raise
        sent_at = time.monotonic()
        while not waiter.done.is_set():
            limit = min(until, max(sent_at, self.heard_at) + silence_seconds)
            if (rest := limit - time.monotonic()) <= 0:
                break
            waiter.done.wait(rest)
        self._forget(number, is_answer_due=waiter.frame is None)
        if waiter.frame is None:
            raise Ambiguous(waiter.trouble or "no answer in time")
        return waiter.frame

    def is_alive(self, until: float) -> bool:
        """Whether it may be trusted with a request; asks for a sign of life if it was silent for long."""
        if not self.is_open or self._is_hung_up():
            return False
        if not self.is_doubted and time.monotonic() - self.heard_at <= self.line.trusted_seconds:
            return True
        try:
            until = min(until, time.monotonic() + self.line.connect_seconds)
            self.ask(self.line.sign_of_life, until=until, silence_seconds=self.line.connect_seconds)
        except (Unreached, Ambiguous):
            return False
        self.is_doubted = False
        return True

    def _is_hung_up(self) -> bool:
        """The other side has closed it, though the reader may not have noticed yet."""
        poll = select.poll()
        try:
            poll.register(self._out, HUNG_UP)
            return bool(poll.poll(0))
        except (OSError, ValueError):  # closed by us, meanwhile
            return True

    def close(self, trouble: str = "closed") -> None:
        """Give it up; whoever waits on it learns why."""
        with self._state:
            self.is_open = False
            waiting, self._waiting = self._waiting, {}
        for waiter in waiting.values():
            waiter.trouble = trouble
            waiter.done.set()
        with suppress(OSError):
            self._out.shutdown(socket.SHUT_RDWR)  # wakes the reader, and whoever is sending
        with self._sending:  # a number of a closed socket may soon be another socket's
            self._out.close()

    def _expect(self) -> tuple[int, _Waiter]:
        number, waiter = self._numbers.take(), _Waiter()
        with self._state:
            if self.is_open:
                self._waiting[number] = waiter
                return number, waiter
        self._numbers.give_back(number, is_answer_due=False)
        raise Unreached("the connection was lost")

    def _forget(self, number: int, *, is_answer_due: bool = False) -> None:
        with self._state:
            self._waiting.pop(number, None)
            self.is_doubted = self.is_doubted or is_answer_due
        self._numbers.give_back(number, is_answer_due=is_answer_due)

    def _send(self, frame: bytes, until: float) -> None:
        """Hand a whole frame to the system below. Raises Unreached: what it took of it cannot be read as a frame."""
        rest = memoryview(PREFIX.pack(len(frame)) + frame)
        if not self._sending.acquire(timeout=max(until - time.monotonic(), SHORTEST_WAIT)):
            raise Unreached("the connection is congested")
        try:
            if not may_leave():
                raise Unreached("its time to leave was over")
            while rest:
                if (seconds := until - time.monotonic()) <= 0:
                    raise TimeoutError
                self._out.settimeout(seconds)
                rest = rest[self._out.send(rest) :]
        except OSError as error:
            self.close("a frame was broken off")
            raise Unreached(f"not sent: {type(error).__name__}") from error
        finally:
            self._sending.release()

    def _read(self) -> None:
        try:
            while True:
                self._hand_over(self._frame())
        except (OSError, _Broken) as error:
            said = str(error) if isinstance(error, _Broken) else type(error).__name__
            self.close(f"connection lost: {said}")
        finally:
            self._in.close()

    def _frame(self) -> bytes:
        (length,) = PREFIX.unpack(self._bytes(PREFIX.size, may_wait=True))
        if length > self.line.longest_frame:
            raise _Broken("the answer is larger than allowed")
        return self._bytes(length)

    def _bytes(self, size: int, *, may_wait: bool = False) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._in.recv(min(size - len(parts), 65536))
            except TimeoutError:
                if may_wait and not parts and not self._ends_idle():
                    continue  # those who wait have time-outs of their own
                raise _Broken("silence") from None
            if not part:
                raise _Broken("closed by the other side")
            self.heard_at = time.monotonic()
            parts += part
        return bytes(parts)

    def _ends_idle(self) -> bool:
        """Close to new calls if there are none; at once, so that none slips in and is lost."""
        with self._state:
            self.is_open = self.is_open and bool(self._waiting)
            return not self.is_open

    def _hand_over(self, frame: bytes) -> None:
        number = self.line.number_of(frame)
        if number is None:
            raise _Broken("the answer has no header")
        self._numbers.heard(number)
        with self._state:
            waiter = self._waiting.pop(number, None)
        if waiter is not None:  # a stale or invented number is nobody's
            waiter.frame = frame
            waiter.done.set()


class Pool:
    """The connections to one system, never more than line.most_connections."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._numbers = _Numbers(line.last_number)
        self._connections: list[Connection] = []
        self._opening = 0
        self._changed = threading.Condition()

    def ask(self, build: Callable[[int], bytes], *, until: float, silence_seconds: float) -> bytes:
        """Send a frame and return its answer. Raises Unreached or Ambiguous.

        A frame that a kept connection did not take goes once more, over another one.
        """
        with self._taken(until) as connection, suppress(Unreached):
            return connection.ask(build, until=until, silence_seconds=silence_seconds)
        with self._taken(until) as connection:
            return connection.ask(build, until=until, silence_seconds=silence_seconds)

    def close(self) -> None:
        """Take in no more calls; connections close when their calls have ended."""
        with self._changed:
            for connection in list(self._connections):
                self._retire(connection)

    @contextmanager
    def _taken(self, until: float) -> Iterator[Connection]:
        connection = self._take(until)
        try:
            yield connection
        finally:
            with self._changed:
                connection.load -= 1
                if not connection.is_open:
                    self._retire(connection)
                elif connection not in self._connections and not connection.load:
                    connection.close()
                self._changed.notify_all()

    def _take(self, until: float) -> Connection:
        """One that can be trusted: kept, or new. Raises Unreached."""
        while True:
            connection = self._choose(until)
            if connection == "new":
                return self._open(until)
            if connection.is_alive(until):
                return connection
            with self._changed:
                connection.load -= 1
                self._retire(connection)

    def _choose(self, until: float) -> Connection | Literal["new"]:
        """The one with the fewest calls, or leave to open one more."""
        with self._changed:
            while True:
                for closed in [each for each in self._connections if not each.is_open]:
                    self._retire(closed)
                best = min(self._connections, key=lambda each: each.load, default=None)
                is_full = len(self._connections) + self._opening >= self.line.most_connections
                if best is not None and (is_full or not best.load):
                    best.load += 1
                    return best
                if not is_full:
                    self._opening += 1
                    return "new"
                if not self._changed.wait(max(until - time.monotonic(), 0)):
                    raise Unreached("no connection in time")

    def _open(self, until: float) -> Connection:
        made = None
        try:
            made = Connection(self.line, self._numbers, until)
            made.load = 1
            return made
        finally:
            with self._changed:
                self._opening -= 1
                if made is not None:
                    self._connections.append(made)
                self._changed.notify_all()

    def _retire(self, connection: Connection) -> None:
        """Give it no more calls. Those under way on it may still be answered."""
        if connection in self._connections:
            self._connections.remove(connection)
        if not connection.load:
            connection.close()
        self._changed.notify_all()


class Pools:
    """A pool for each backend of this process, made anew when the backend is described otherwise."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # threads and connections belong to the parent

    def _forget(self) -> None:
        self._pools: dict[str, tuple[object, Pool]] = {}
        self._lock = threading.Lock()

    def of(self, backend: str, description: object, line: Callable[[], Line]) -> Pool:
        """The backend's pool; `line` says how to reach it if its `description` is new."""
        with self._lock:
            known = self._pools.get(backend)
            if known is not None and known[0] == description:
                return known[1]
            pool = Pool(line())
            self._pools[backend] = (description, pool)
        if known is not None:
            known[1].close()
        return pool
