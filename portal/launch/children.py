"""One process under the supervisor: how it is started, signalled and seen to die."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

LOG_MAX_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Account(NamedTuple):
    """A system account, by its numbers."""

    uid: int
    gid: int


@dataclass
class Child:
    """A command in a session of its own, that the kernel ends when the supervisor dies."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path | None = None  # None: it speaks to the terminal itself
    account: Account | None = None  # None: as the supervisor
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = (
        signal.SIGKILL
    )  # what it gets when the supervisor dies; SIGKILL if it has no children
    grace_seconds: float = 3.0  # from stop_signal to SIGKILL
    stops: int = 0  # the place in the order of stopping; the same number stops together
    before_start: Callable[[], None] | None = None
    after_stop: Callable[[], None] | None = None
    minds_its_own: bool = False  # it starts its own children again; we only say so
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)  # deaths in a row, each soon after the one before
    failed_at: float = field(default=0.0, init=False)
    due_at: float | None = field(default=None, init=False)  # when it is to be started again
    known_children: set[int] = field(default_factory=set, init=False)

    def start(self) -> None:
        """Start it. Only from a thread that lives as long as the child: the kernel watches the thread."""
        if self.before_start:
            self.before_start()
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(open_log(self.log)) if self.log else None
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
                preexec_fn=partial(end_with_parent, self.orphan_signal, os.getpid()),
            )
        self.started_at = time.monotonic()
        self.known_children = set()
        self.due_at = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def last_words(self) -> str:
        """How it ended: "signal 9" or "status 1"."""
        code = self.process.returncode if self.process else None
        return f"signal {-code}" if code is not None and code < 0 else f"status {code}"

    def count_failure(self, settled_seconds: float) -> None:
        """One more death; the first of a row if it ran well for so long."""
        now = time.monotonic()
        ran_well = now - max(self.started_at, self.failed_at) > settled_seconds
        self.failures, self.failed_at = 1 if ran_well else self.failures + 1, now

    def lost_children(self) -> int:
        """How many of its own children ended since we last looked (Linux; 0 elsewhere)."""
        if self.process is None:
            return 0
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            now = {int(pid) for pid in children.read_text(encoding="ascii").split()}
        except OSError:
            return 0
        lost = len(self.known_children - now)
        self.known_children = now
        return lost

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone; it knows how to end its own children."""
        if self.process is not None and self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL the process and whatever it left in its session."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def open_log(path: Path) -> BinaryIO:
    """The log, for appending; one that has grown too large is put aside first."""
    if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    path.touch(mode=0o600)
    return path.open("ab")


def end_with_parent(number: int, parent: int) -> None:
    """Ask the kernel to send the signal to this process when its parent dies (Linux; nothing elsewhere)."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
