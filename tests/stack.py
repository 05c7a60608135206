"""The whole portal as `make run` starts it, on free ports with a state folder of its own."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from services.twins.ports import COUNT as TWINS
from tests.ports import free_port

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 180
OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FERRY_DATA_KEYS",
    "FERRY_INDEX_KEYS",
    "FERRY_VAR",
    "PORT",
    "TWINS_PORT",
)


@dataclass
class Stack:
    """A running portal."""

    process: "subprocess.Popen[str]"
    url: str
    twins: str
    var: Path
    output: Path

    def set_mode(self, backend: str, mode: str, delay_ms: int = 0) -> None:
        """Make a department behave so; `_all` for every one."""
        document = {"mode": mode, "delay_ms": delay_ms}
        requests.post(f"{self.twins}/_twins/{backend}/mode", json=document, timeout=10).raise_for_status()

    def filed(self, backend: str, receipt: str) -> int:
        """How often the department filed this receipt."""
        ledger = requests.get(f"{self.twins}/_twins/{backend}/ledger", params={"receipt": receipt}, timeout=10).json()
        return sum(entry["effect"] == "filed" for entry in ledger["entries"])

    def pids(self, argument: str) -> list[int]:
        """Processes of this portal that were started with that argument."""
        mark, found = f"FERRY_VAR={self.var}".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (entry / "environ").read_bytes().split(b"\0")
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has gone meanwhile
                continue
            if is_ours and argument.encode() in arguments:
                found.append(int(entry.name))
        return found

    def signal(self, argument: str, number: signal.Signals) -> None:
        """Send a signal to the processes started with that argument."""
        for pid in self.pids(argument):
            os.kill(pid, number)

    def manage(self, *arguments: str) -> str:
        """What a management command beside the running portal prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY, env=self.environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def environment(self) -> dict[str, str]:
        """What a management command beside it needs: its database, broker and secrets."""
        words = shlex.split((self.var / "environment").read_text(encoding="utf-8"))
        return {**os.environ, **dict(word.split("=", 1) for word in words)}


@contextmanager
def running(var: Path, **variables: str) -> Iterator[Stack]:
    """Start everything, wait until it says so, and stop it with SIGTERM at the end."""
    port, twins_port = free_port(), free_port(TWINS)
    plain = {name: value for name, value in os.environ.items() if name not in OURS}
    env = {**plain, "PORT": str(port), "TWINS_PORT": str(twins_port), "FERRY_VAR": str(var), **variables}
    var.mkdir(parents=True, exist_ok=True)
    output = var / "start.txt"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.launch"], cwd=REPOSITORY, env=env, stdout=log, stderr=log, text=True
        )
    stack = Stack(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{twins_port}", var, output)
    try:
        _wait(stack)
        yield stack
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
        if (moved := var / "postgres").is_symlink():  # root's database could not live in a closed folder
            shutil.rmtree(moved.resolve().parent, ignore_errors=True)


def _wait(stack: Stack) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if stack.process.poll() is not None:
            raise RuntimeError(f"the portal stopped:\n{stack.output.read_text()}")
        if re.search(r"ferry-ops", stack.output.read_text()):  # the log-ins are printed last
            return
        time.sleep(0.2)
    raise TimeoutError(f"the portal did not start in {START_SECONDS} s:\n{stack.output.read_text()}")
