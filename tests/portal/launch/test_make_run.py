"""The whole of it as a newcomer starts it: one voyage, made once; each test looks at one part of it."""

import http.client
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portal.launch import state
from tests.portal.launch.conftest import Launcher, eventually, kill, newcomers_environment, state_folder
from tests.ports import free_port

START_SECONDS = 170  # the promise is 3 minutes, on a machine that does nothing else
FUNCTIONS = 1901


@dataclass
class Voyage:
    """What was seen: start, a worker killed, SIGTERM, a second start, the launcher killed."""

    port: int = field(default_factory=free_port)
    twins_port: int = field(default_factory=lambda: free_port(4))
    first_lines: list[str] = field(default_factory=list)
    second_lines: list[str] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)  # after each start
    twins: int = 0
    command_beside: str = ""
    secrets: list[str] = field(default_factory=list)  # after each start
    stop_seconds: float = 0.0
    stop_status: int = -1
    left_after_stop: list[int] = field(default_factory=list)
    left_after_kill: list[int] = field(default_factory=list)


def get(port: int, path: str) -> bytes:
    """The body of a page that answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == http.client.OK
        return answer.read()
    finally:
        connection.close()


def start(voyage: Voyage, var: Path) -> Launcher:
    """Start everything, and wait for the greeting."""
    variables = {"PORT": str(voyage.port), "TWINS_PORT": str(voyage.twins_port), "FERRY_VAR": str(var)}
    ferry = Launcher([sys.executable, "-m", "portal.launch"], newcomers_environment() | variables)
    assert ferry.said("Stop with Ctrl-C", START_SECONDS), "\n".join(ferry.lines)
    return ferry


def look(voyage: Voyage, var: Path) -> None:
    voyage.functions.append(json.loads(get(voyage.port, "/api/v1/functions/?page_size=1"))["count"])
    voyage.secrets.append((var / "secrets.env").read_text(encoding="utf-8"))


def command_beside(var: Path) -> str:
    """What a management command says that runs beside it as docs/operations.md tells: a shell reads its environment."""
    line = f"set -a; . {shlex.quote(str(var / 'environment'))}; set +a; {shlex.quote(sys.executable)} manage.py"
    command = ["sh", "-c", f"{line} migrate --check"]
    env = newcomers_environment()
    done = subprocess.run(command, cwd=state.ROOT, env=env, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else "up to date"


@pytest.fixture(scope="module")
def voyage() -> Iterator[Voyage]:
    seen = Voyage()
    with state_folder() as var:
        ferry = start(seen, var)
        look(seen, var)
        seen.twins = len(json.loads(get(seen.twins_port, "/_twins/"))["backends"])
        seen.command_beside = command_beside(var)
        kill(var, "-Q calls")
        ferry.said("worker stopped")
        begun = time.monotonic()
        ferry.send(signal.SIGTERM)
        seen.stop_status = ferry.end(60)
        seen.stop_seconds = time.monotonic() - begun
        seen.left_after_stop, seen.first_lines = state.leftovers(var), ferry.lines

        ferry = start(seen, var)
        look(seen, var)
        seen.second_lines = ferry.lines
        ferry.send(signal.SIGKILL)
        eventually(lambda: state.leftovers(var) == [])
        seen.left_after_kill = state.leftovers(var)
        yield seen


def test_it_prints_its_address(voyage: Voyage) -> None:
    assert f"Ferry is ready: http://127.0.0.1:{voyage.port}" in voyage.first_lines


@pytest.mark.parametrize("name", ["citizen", "officer", "approver", "ops"])
def test_it_prints_the_log_ins(voyage: Voyage, name: str) -> None:
    assert any(line.split()[:2] == [name, f"ferry-{name}"] for line in voyage.first_lines)


def test_it_shows_its_progress_with_times(voyage: Voyage) -> None:
    assert any(line.startswith("  Catalogue of services … ") and line.endswith(" s") for line in voyage.first_lines)


def test_it_loads_the_whole_catalogue(voyage: Voyage) -> None:
    assert voyage.functions[0] == FUNCTIONS


def test_it_opens_the_twins(voyage: Voyage) -> None:
    assert voyage.twins > 100


def test_it_says_that_a_killed_worker_is_started_again(voyage: Voyage) -> None:
    assert "worker stopped (signal 9); starting it again." in voyage.first_lines


def test_a_management_command_can_run_beside_it(voyage: Voyage) -> None:
    assert voyage.command_beside == "up to date"


def test_a_stop_leaves_nothing_behind(voyage: Voyage) -> None:
    assert voyage.stop_status == 0
    assert voyage.left_after_stop == []


def test_a_stop_takes_seconds(voyage: Voyage) -> None:
    assert voyage.stop_seconds < 18


def test_a_second_start_keeps_all_data(voyage: Voyage) -> None:
    assert voyage.functions[1] == FUNCTIONS
    assert voyage.secrets[0] == voyage.secrets[1]


def test_a_killed_launcher_leaves_nothing_behind(voyage: Voyage) -> None:
    assert voyage.left_after_kill == []
