import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.services.twins.running import REPOSITORY, TIMEOUT_SECONDS, Twins, start


def run_in_vain(port: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.twins"],
        cwd=REPOSITORY,
        env={"TWINS_PORT": port, "FERRY_VAR": str(folder)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def hang_some(twins: Twins, number: int) -> list[socket.socket]:
    twins.set_mode("td-rest", "hang")
    lines = [socket.create_connection(("127.0.0.1", twins.port)) for _ in range(number)]
    for line in lines:
        line.sendall(b"GET /td-rest/health HTTP/1.1\r\nHost: twins\r\n\r\n")
    twins.get("immd-rest/health")  # answered on the same loop, so the calls before it are with the twin
    return lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_promptly_although_calls_hang(tmp_path: Path, number: signal.Signals) -> None:
    twins = start(tmp_path)
    lines = hang_some(twins, 50)
    began = time.monotonic()
    twins.process.send_signal(number)
    _, complaints = twins.process.communicate(timeout=TIMEOUT_SECONDS)
    assert (twins.process.returncode, complaints) == (0, "")
    assert time.monotonic() - began < 3
    for line in lines:
        line.close()


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    twins = start(tmp_path)
    receipts = [f"FRY-{number}" for number in range(20)]
    first = [twins.submit(receipt, {}).json() for receipt in receipts]
    twins.process.kill()
    twins.process.communicate()
    again = start(tmp_path)
    try:
        assert [again.submit(receipt, {}).json() for receipt in receipts] == first
        assert again.effects("td-rest", receipts[-1]) == ["filed", "replayed"]
    finally:
        again.stop()


def test_a_taken_port_is_named_with_its_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_in_vain(port, tmp_path)
    assert (ended.returncode, ended.stderr) == (
        1,
        f"Port {port} is taken. Choose another one with TWINS_PORT.\n",
    )


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    ended = run_in_vain(port, tmp_path)
    assert (ended.returncode, ended.stderr) == (2, f"TWINS_PORT must be a port number, not '{port}'.\n")


def test_it_listens_on_loopback_only(twins: Twins) -> None:
    listening = f"{twins.port:04X} 00000000:0000 0A"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    assert [line.split()[1].split(":")[0] for line in lines if listening in line] == ["0100007F"]
