"""Counters and histograms that hold for all processes on all machines: see docs/decisions/0013.

A figure is counted in memory, which costs about a microsecond. Every two seconds a thread of the process adds what
was counted to one Redis hash, and a scrape reads that hash: its cost depends on how many series there are, never on
how many calls there were.
"""

import atexit
import contextlib
import os
import threading
import uuid
from bisect import bisect_left
from collections import Counter as Bag
from collections.abc import Mapping, Sequence
from functools import lru_cache
from multiprocessing import util

import redis
from django.conf import settings

FLUSH_EVERY_SECONDS = 2.0
HASH = "figures"
SEPARATOR = "\x1f"  # between a figure's name and its labels, in a field of the hash
LONGEST_LABEL = 80  # characters
BATCH_REMEMBERED_SECONDS = 600
# A batch whose answer got lost is sent again under its own name, and then counts nothing.
ADD = """
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[1]) then
  for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
"""

Key = tuple[str, ...]
known: dict[str, "Counter | Histogram"] = {}


class Counter:
    """How often something happened. `labels` must have few values each; the text says how many series that makes."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.name, self.text, self.labels = name, text, tuple(labels)
        known[name] = self

    def count(self, *values: str) -> None:
        """One more, of these labels in their order."""
        assert len(values) == len(self.labels)
        _tally.add({(self.name, *values): 1})


class Histogram:
    """How long something took, in seconds."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self.name, self.text, self.labels, self.bounds = name, text, tuple(labels), tuple(bounds)
        known[name] = self

    def observe(self, seconds: float, *values: str) -> None:
        """One more, of these labels in their order. The sum is kept in whole microseconds."""
        assert len(values) == len(self.labels)
        place = bisect_left(self.bounds, seconds)
        of_them = (self.name, *values)
        _tally.add({(*of_them, str(place)): 1, (*of_them, "sum"): max(0, round(seconds * 1e6))})


class Tally:
    """What this process has counted and not handed over yet."""

    def __init__(self) -> None:
        self._counted: Bag[Key] = Bag()
        self._pending: tuple[str, Mapping[Key, int]] | None = None  # a batch on its way, and its name
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, amounts: Mapping[Key, int]) -> None:
        with self._lock:
            self._counted.update(amounts)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Hand over what was counted. Raises redis.RedisError; then nothing is lost, and the next flush tries again."""
        with self._flushing:
            if self._pending is None:
                with self._lock:
                    counted, self._counted = self._counted, Bag()
                if not counted:
                    return
                self._pending = (f"{HASH}:{uuid.uuid4().hex}", counted)
            name, amounts = self._pending
            pairs = [part for key, amount in amounts.items() for part in (_field(key), amount)]
            _redis().eval(ADD, 2, HASH, name, BATCH_REMEMBERED_SECONDS, *pairs)
            self._pending = None

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(FLUSH_EVERY_SECONDS)
            with contextlib.suppress(redis.RedisError):
                self.flush()


@lru_cache(maxsize=1)
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1)


def _field(key: Key) -> str:
    return SEPARATOR.join(part[:LONGEST_LABEL].replace(SEPARATOR, "") for part in key)


def flush() -> None:
    """Hand over what this process has counted. Raises redis.RedisError."""
    _tally.flush()


def read() -> dict[Key, int]:
    """Everything counted by anybody and handed over: name and labels to the number. Raises redis.RedisError."""
    found: dict[bytes, bytes] = _redis().hgetall(HASH)  # type: ignore[assignment]
    return {tuple(field.decode().split(SEPARATOR)): int(amount) for field, amount in found.items()}


def _start_anew() -> None:
    """In a forked child: the parent hands over its own, and its thread is not here."""
    global _tally
    _tally = Tally()


@atexit.register
def _last_flush() -> None:
    with contextlib.suppress(redis.RedisError):
        _tally.flush()


_tally = Tally()
os.register_at_fork(after_in_child=_start_anew)
util.Finalize(None, _last_flush, exitpriority=10)  # a process of the web server ends without atexit
