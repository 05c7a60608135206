"""Keeps processes running: starts them, notices a death, starts again, and stops them all in order."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType

from portal.launch import state
from portal.launch.children import Child, end_with_parent
from portal.launch.console import CannotStart, say

BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 10.0
SETTLED_SECONDS = 20.0  # a child that lived so long failed for a new reason
HOPELESS_FAILURES = 4  # deaths in a row before we stop waiting for a child to become ready
TICK_SECONDS = 0.1


class Interrupted(Exception):
    """The person asked us to stop (Ctrl-C or SIGTERM)."""


class Supervisor:
    """The children of one state folder. All methods belong to the main thread: see Child.start."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.children: list[Child] = []
        self.requests_to_stop = 0
        self.make_minds_ctrl_c = False

    def listen_to_signals(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal ask to stop; so does the death of the `make` above us."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        self.make_minds_ctrl_c = _make_catches_ctrl_c()
        if _status_of_make():
            end_with_parent(signal.SIGTERM, os.getppid())

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.requests_to_stop += 1

    def start(self, child: Child) -> None:
        """Start a child and keep it running from now on."""
        self.children.append(child)
        child.start()

    def run_to_end(self, child: Child) -> None:
        """Run a child that is to end by itself; raises CannotStart if it fails."""
        child.start()
        try:
            while child.is_alive:
                self._tick()
        finally:
            child.kill_group()
        if child.process is not None and child.process.returncode != 0:
            raise CannotStart(f"Ferry cannot start: the step above failed ({child.last_words}).")

    def wait_until(self, is_ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
        """Keep everything running until the child is ready; raises CannotStart, with its last log lines."""
        deadline = time.monotonic() + seconds
        while not (child.is_alive and is_ready()):
            if child.failures >= HOPELESS_FAILURES or time.monotonic() > deadline:
                raise CannotStart(f"{child.name} does not start. Its last words ({child.log}):\n{child.tail()}")
            self._tick()

    def keep_running(self) -> None:
        """Keep everything running until Interrupted."""
        while True:
            self._tick()

    def _tick(self) -> None:
        if self.requests_to_stop or (self.make_minds_ctrl_c and not _make_catches_ctrl_c()):
            raise Interrupted
        for child in self.children:
            if child.due_at is None and not child.is_alive:
                self._note_death(child)
            if child.due_at is not None and time.monotonic() >= child.due_at:
                self._start_again(child)
            if child.minds_its_own and child.lost_children() and child.is_alive:
                self._note_lost_child(child)
        time.sleep(TICK_SECONDS)

    def _note_death(self, child: Child) -> None:
        child.kill_group()
        child.count_failure(SETTLED_SECONDS)
        doublings = min(child.failures, HOPELESS_FAILURES + 1) - 1
        child.due_at = time.monotonic() + min(BACKOFF_FIRST_SECONDS * 2**doublings, BACKOFF_CAP_SECONDS)
        say(f"{child.name} stopped ({child.last_words}); starting it again.{_hint(child)}")

    def _note_lost_child(self, child: Child) -> None:
        child.count_failure(SETTLED_SECONDS)
        if child.failures <= HOPELESS_FAILURES:  # then its log has said it often enough
            say(f"a process of {child.name} stopped; it is started again.{_hint(child)}")

    def _start_again(self, child: Child) -> None:
        try:
            child.start()
        except (OSError, CannotStart) as error:
            child.due_at = time.monotonic() + BACKOFF_CAP_SECONDS
            say(f"{child.name} cannot be started: {error}")

    def stop(self) -> None:
        """End every child in its order, each within its grace; a further request to stop ends the grace."""
        by_order = sorted(self.children, key=lambda child: child.stops)
        for _, together in groupby(by_order, key=lambda child: child.stops):
            self._stop_together(list(together))
        self.children.clear()
        state.end_leftovers(self.var, polite_seconds=0)

    def _stop_together(self, children: list[Child]) -> None:
        patience = self.requests_to_stop
        for child in children:
            child.send(child.stop_signal)
        begun = time.monotonic()
        while waiting := [child for child in children if child.is_alive]:
            waited = time.monotonic() - begun
            if all(waited > child.grace_seconds for child in waiting) or self._is_hurried(patience, waited):
                break
            time.sleep(0.02)
        for child in children:
            child.kill_group()
            if child.after_stop:
                child.after_stop()

    def _is_hurried(self, patience: int, waited: float) -> bool:
        return self.requests_to_stop > max(patience, 1) and waited > 0.3


def _hint(child: Child) -> str:
    return f" Its log: {child.log}" if child.failures >= HOPELESS_FAILURES else ""


def _status_of_make() -> dict[str, str]:
    """What the kernel says of the `make` that started us; empty if none did (Linux; empty elsewhere)."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{os.getppid()}/status").read_text(encoding="utf-8", errors="replace")
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if lines.get("Name") in {"make", "gmake"}:
            return lines
    return {}


def _make_catches_ctrl_c() -> bool:
    """Whether the `make` above us, if any, catches the signal of Ctrl-C.

    If it once did and does no longer, it got a signal that did not reach us (one sent to it alone): GNU make then
    waits for us without telling us, and this is all that shows. In the background of a script it never does.
    """
    return bool(int(_status_of_make().get("SigCgt", "0"), 16) & (1 << (signal.SIGINT - 1)))
