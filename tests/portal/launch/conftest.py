"""Launchers as subprocesses, each with a state folder of its own that root's PostgreSQL account can reach too."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from portal.launch import state
from portal.launch.children import end_with_parent

ROOT = state.ROOT
NOT_INHERITED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FERRY_DATA_KEYS",
    "FERRY_INDEX_KEYS",
    "FERRY_VAR",
    "MAKELEVEL",
    "MAKEFLAGS",
)


def eventually(claim: Callable[[], object], seconds: float = 15.0) -> bool:
    """Whether the claim comes true in time."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _as_in_a_terminal(parent: int) -> None:
    """Ctrl-C counts, though the background of a script, where tests may run, has all its children ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(signal.SIGTERM, parent)


class Launcher:
    """A running launcher, and the lines it has said so far."""

    def __init__(self, command: list[str], env: dict[str, str], user: int | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            preexec_fn=partial(_as_in_a_terminal, os.getpid()),
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def said(self, words: str, seconds: float = 20.0) -> bool:
        """Whether it says a line with these words in time, before it ends."""
        eventually(lambda: self._has_said(words) or not self._reader.is_alive(), seconds)
        return self._has_said(words)

    def _has_said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def value(self, name: str) -> str:
        """The rest of the line that begins with `name=`."""
        return next(line.removeprefix(f"{name}=") for line in self.lines if line.startswith(f"{name}="))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 20.0) -> int:
        """Wait for its end; returns its exit status."""
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status


def pid_of(var: Path, words: str) -> int | None:
    """The process of that state folder whose command line holds these words."""
    for pid in state.leftovers(var):
        with contextlib.suppress(OSError):
            if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                return pid
    return None


def kill(var: Path, words: str) -> int:
    """SIGKILL that process; returns its number."""
    pid = pid_of(var, words)
    assert pid, f"no process {words!r} of {var}"
    os.kill(pid, signal.SIGKILL)
    return pid


def newcomers_environment() -> dict[str, str]:
    """None of this test run's servers and keys."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


@contextlib.contextmanager
def state_folder() -> Iterator[Path]:
    """An empty state folder, directly under the folder for temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="ferry-launch-"))
    try:
        yield folder
    finally:
        state.end_leftovers(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def var() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


@pytest.fixture
def launch() -> Iterator[Callable[..., Launcher]]:
    """Start a crew (or another command); whatever is left of it is killed after the test."""
    started: list[Launcher] = []

    def start(*arguments: str, command: list[str] | None = None, **variables: str) -> Launcher:
        crew = [sys.executable, "-m", "tests.portal.launch.crew", *arguments]
        started.append(Launcher(command or crew, newcomers_environment() | variables))
        return started[-1]

    yield start
    for launcher in started:
        if launcher.process.poll() is None:
            launcher.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                launcher.end()
            launcher.process.kill()
