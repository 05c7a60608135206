"""A running portal as the faults see it: its processes, broker, database and clocks, each within reach."""

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import redis

from tests.stack import REPOSITORY, Stack, running

WORKER, CHORES, BEAT, WEB = "calls", "chores", "beat", "granian"
CLOCKS = (WORKER, CHORES, BEAT)
FOLDER = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 2  # of every backend, so that leases are short; a file may take five times as long
IMPATIENT = (
    "from services.registry.models import Backend;"
    f" Backend.objects.update(timeout_seconds={TIMEOUT_SECONDS});"
    f" Backend.objects.filter(connector='sftp-batch').update(timeout_seconds={5 * TIMEOUT_SECONDS})"
)


class Scene:
    """One portal for many faults, with a second worker beside the one that `make run` starts."""

    def __init__(self, stack: Stack, clocks: Path) -> None:
        self.stack = stack
        self._clocks = clocks
        self._second: subprocess.Popen[bytes] | None = None
        self._addresses = stack.environment()
        self.start_second_worker()

    @property
    def broker(self) -> "redis.Redis":
        """A connection of our own; waits for a broker that is being started again."""
        broker = redis.Redis.from_url(self._addresses["REDIS_URL"], socket_timeout=5)
        for _ in range(150):
            with suppress(redis.RedisError):
                broker.ping()
                return broker
            time.sleep(0.2)
        raise TimeoutError("the broker does not come back")

    @contextmanager
    def database(self) -> Iterator["psycopg.Connection[Any]"]:
        """A connection of our own; waits for a database that is being restarted."""
        for _ in range(100):
            with suppress(psycopg.OperationalError):
                connection = psycopg.connect(self._addresses["DATABASE_URL"], autocommit=True)
                break
            time.sleep(0.2)
        else:
            raise TimeoutError("the database does not come back")
        with connection:
            yield connection

    def rows(self, query: LiteralString, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.database() as connection:
            return connection.execute(query, values).fetchall()

    def send(self, process: str, number: signal.Signals, *, most: int = 99) -> list[int]:
        """Signal the processes of that kind, or some of them; returns which."""
        pids = self.pids(process)[:most]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids

    def pids(self, process: str) -> list[int]:
        """Of the web server only those that answer requests."""
        found = self.stack.pids(process)
        if process != WEB:
            return sorted(found)
        return [pid for pid in found if _parent(pid) in found]

    @property
    def launcher(self) -> int:
        return self.stack.process.pid

    @property
    def broker_pid(self) -> int:
        return int(self.broker.info("server")["process_id"])

    @property
    def postmaster_pid(self) -> int:
        path = self.stack.var / "postgres" / "data" / "postmaster.pid"
        return int(path.read_text(encoding="utf-8").splitlines()[0])

    def step_clock(self, process: str, seconds: float) -> None:
        """Move the wall clock of every process of that kind."""
        with (self._clocks / process).open("r+b") as file:
            file.write(struct.pack("d", seconds))

    def start_second_worker(self) -> None:
        """Unless it runs."""
        if self._second is not None and self._second.poll() is None:
            return
        words = ["-Q", WORKER, "-P", "threads", "-c", "32", "-n", "second@ferry", "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.stack.var / "log" / "second-worker.log").open("ab") as log:
            self._second = self.start(["-m", "celery", "-A", "portal", "worker", *words, *quiet], log)

    def start(self, arguments: Sequence[str], log: Any = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        """A Python process of this portal beside those of `make run`."""
        env = {**self._addresses, "FERRY_VAR": str(self.stack.var), **clock_variables(self._clocks)}
        return subprocess.Popen([sys.executable, *arguments], cwd=REPOSITORY, env=env, stdout=log, stderr=log)

    def close(self) -> None:
        if self._second is not None:
            self._second.kill()
            self._second.wait()


def _parent(pid: int) -> int:
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    return 0


def clock_variables(clocks: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(FOLDER / "clock"), "FERRY_TEST_CLOCK": str(clocks)}


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A portal with short time-outs, and clocks that can be stepped."""
    clocks = folder / "clocks"
    clocks.mkdir(parents=True)
    for name in CLOCKS:
        (clocks / name).write_bytes(struct.pack("d", 0.0))
    rates = {"API_CALL_RATE": "1000000/min", "API_READ_RATE": "1000000/min"}
    with running(folder / "portal", **rates, **clock_variables(clocks)) as stack:
        stack.manage("shell", "-c", IMPATIENT)
        made = Scene(stack, clocks)
        try:
            yield made
        finally:
            made.close()
