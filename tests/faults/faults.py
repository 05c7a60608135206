"""The faults: each strikes for some seconds while calls come in, and is healed whatever happens."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from tests.faults.scene import BEAT, CHORES, CLOCKS, WEB, WORKER, Scene

LEASE_SECONDS = 24.0  # longer than a claim lasts with the scene's time-outs
HOUR_SECONDS = 3600.0
Act = Callable[[Scene, float], None]


@dataclass(frozen=True)
class Fault:
    """What happens (`strike` returns when it is over), and how the departments behave meanwhile."""

    name: str
    strike: Act
    heal: Callable[[Scene], None]
    seconds: float  # in `make test`
    long_seconds: float  # in `make chaos`
    twins: tuple[str, int] = ("slow", 700)  # so that there always are calls in mid-air


FAULTS: dict[str, Fault] = {}


def fault(
    seconds: float, long_seconds: float, *, heal: Callable[[Scene], None] = lambda scene: None, mode: str = ""
) -> Callable[[Act], Act]:
    """Register the function as a fault of its name."""

    def register(strike: Act) -> Act:
        twins = (mode, 0) if mode else ("slow", 700)
        FAULTS[strike.__name__] = Fault(strike.__name__, strike, heal, seconds, long_seconds, twins)
        return strike

    return register


def wake(scene: Scene) -> None:
    """Nothing stays stopped, full, stepped or away."""
    for process in (WORKER, CHORES, BEAT, WEB):
        scene.send(process, signal.SIGCONT)
    for process in CLOCKS:
        scene.step_clock(process, 0)
    scene.start_second_worker()


def _again_and_again(seconds: float, pause: float, act: Callable[[], object]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        act()
        time.sleep(pause)


@fault(2, 20, heal=wake)
def kill_worker(scene: Scene, seconds: float) -> None:
    """kill -9 of one worker in mid-call, of two."""
    time.sleep(seconds / 2)
    scene.send(WORKER, signal.SIGKILL, most=1)
    time.sleep(seconds / 2)


@fault(3, 30, heal=wake)
def kill_all_workers(scene: Scene, seconds: float) -> None:
    """kill -9 of every worker, twice."""
    for _ in range(2):
        scene.send(WORKER, signal.SIGKILL)
        scene.send(CHORES, signal.SIGKILL)
        time.sleep(seconds / 2)


@fault(2, 20, heal=wake)
def broker_flushed(scene: Scene, seconds: float) -> None:
    """Every doorbell of that time is gone."""
    _again_and_again(seconds, 0.2, scene.broker.flushall)


def _broker_up(scene: Scene) -> None:
    os.kill(scene.launcher, signal.SIGCONT)


@fault(5, 30, heal=_broker_up)
def broker_down(scene: Scene, seconds: float) -> None:
    """Killed, and nobody starts it again for that long: connections are refused."""
    pid = scene.broker_pid
    os.kill(scene.launcher, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    time.sleep(seconds)


@fault(4, 30)
def broker_hung(scene: Scene, seconds: float) -> None:
    """Connections are taken and nothing is answered."""
    pid = scene.broker_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def _broker_roomy(scene: Scene) -> None:
    scene.broker.config_set("maxmemory", 0)


@fault(4, 30, heal=_broker_roomy)
def broker_full(scene: Scene, seconds: float) -> None:
    """Every write is refused: out of memory. What had been kept before has run out."""
    scene.broker.config_set("maxmemory", 1)
    scene.broker.flushall()
    time.sleep(seconds)


@fault(3, 20, heal=wake)
def database_restarted(scene: Scene, seconds: float) -> None:
    """Twice, the fast way: every connection is cut."""
    for _ in range(2):
        os.kill(scene.postmaster_pid, signal.SIGINT)
        time.sleep(seconds / 2)
        with scene.database():
            pass


HOLD: LiteralString = "LOCK TABLE gateway_attempt IN SHARE MODE"
CUT: LiteralString = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query ~ 'INSERT INTO .?gateway_attempt'
"""


@fault(4, 30)
def connection_cut_before_commit(scene: Scene, seconds: float) -> None:
    """The department has answered, the line of the attempt is being written, and the connection breaks."""
    cut = 0
    for _ in range(2):
        with scene.database() as holder, holder.transaction():
            holder.execute(HOLD)
            time.sleep(seconds / 2)
            cut += len(scene.rows(CUT))
    assert cut > 0, "no connection was in that place"


@fault(4, 30, heal=wake)
def web_killed_before_publishing(scene: Scene, seconds: float) -> None:
    """The broker hangs, so requests wait between their commit and the doorbell; there the web is killed."""
    broker = scene.broker_pid
    try:
        for _ in range(2):
            os.kill(broker, signal.SIGSTOP)
            time.sleep(seconds / 3)
            scene.send(WEB, signal.SIGKILL)
            os.kill(broker, signal.SIGCONT)
            time.sleep(seconds / 6)
    finally:
        os.kill(broker, signal.SIGCONT)


@fault(3, 20)
def clock_stepped(scene: Scene, seconds: float) -> None:
    """The chores' clock runs an hour ahead, then the worker's, then each an hour behind."""
    for hours in (1, -1):
        for process in (CHORES, WORKER):
            scene.step_clock(process, hours * HOUR_SECONDS)
            time.sleep(seconds / 4)
            scene.step_clock(process, 0)


SWEEP = """
import time
from services.gateway import tasks
until = time.monotonic() + {seconds}
while time.monotonic() < until:
    tasks.sweep()
    tasks.settle_in_doubt()
"""


@fault(4, 30, heal=wake)
def two_sweepers(scene: Scene, seconds: float) -> None:
    """Two more of them, without a pause, while a worker dies and leaves them work."""
    code = SWEEP.format(seconds=seconds + LEASE_SECONDS)
    for _ in range(2):
        scene.start(["manage.py", "shell", "-c", code])
    time.sleep(seconds / 2)
    scene.send(WORKER, signal.SIGKILL, most=1)
    time.sleep(seconds / 2)


@fault(LEASE_SECONDS, 2 * LEASE_SECONDS, heal=wake)
def worker_paused(scene: Scene, seconds: float) -> None:
    """Stopped past the lease of what it holds; then it wakes and finishes."""
    scene.send(WORKER, signal.SIGSTOP, most=1)
    time.sleep(seconds)


def _wait(scene: Scene, seconds: float) -> None:
    time.sleep(seconds)


for _mode in ("hang", "down", "error", "garbage", "drop_after_accept", "flapping"):
    FAULTS[f"twin_{_mode}"] = Fault(f"twin_{_mode}", _wait, lambda scene: None, 4, 30, (_mode, 0))


def of_departments() -> list[str]:
    """Those that strike single departments, and leave the portal alone."""
    return [name for name in FAULTS if name.startswith("twin_")]
