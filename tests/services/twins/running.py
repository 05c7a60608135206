"""The real twins process on a free loopback port, and what a test wants to ask of it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from services.twins.ports import COUNT, Ports
from tests.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[3]
TIMEOUT_SECONDS = 10


@dataclass
class Twins:
    process: subprocess.Popen[str]
    port: int
    folder: Path  # FERRY_VAR of the process

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    @property
    def records_address(self) -> str:
        return f"tcp://127.0.0.1:{Ports(self.port).records}/"

    def get(self, path: str, **params: str) -> requests.Response:
        return requests.get(self.address(path), params=params, timeout=TIMEOUT_SECONDS)

    def set_mode(self, backend: str, mode: str, delay_ms: int = 0) -> None:
        document = {"mode": mode, "delay_ms": delay_ms}
        address = self.address(f"_twins/{backend}/mode")
        requests.post(address, json=document, timeout=TIMEOUT_SECONDS).raise_for_status()

    def effects(self, backend: str, receipt: str) -> list[str]:
        """What the ledger says became of a receipt, oldest first."""
        entries = self.get(f"_twins/{backend}/ledger", receipt=receipt).json()["entries"]
        return [entry["effect"] for entry in entries]

    def empty(self, backend: str) -> None:
        """Tear every page out of the ledger."""
        requests.delete(self.address(f"_twins/{backend}/ledger"), timeout=TIMEOUT_SECONDS).raise_for_status()

    def submit(
        self,
        receipt: str,
        details: Mapping[str, object],
        *,
        code: str = "td-vehicle-licence-renew-by-friend",
        backend: str = "td-rest",
        timeout: float = TIMEOUT_SECONDS,
    ) -> requests.Response:
        """Post to a REST twin; unless told otherwise, for a function that it does not know."""
        document = {
            "receiptNo": receipt,
            "serviceCode": code,
            "submittedAt": "2026-03-03T14:30:00+08:00",
            "applicant": {},
            "details": details,
        }
        address = self.address(f"{backend}/v1/{code}")
        return requests.post(address, json=document, headers={"Idempotency-Key": receipt}, timeout=timeout)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=TIMEOUT_SECONDS)


def start(folder: Path, port: int | None = None) -> Twins:
    """Start the process with its state in a folder, and wait until it says that it is open."""
    port = port or free_port(COUNT)
    process = subprocess.Popen(
        [sys.executable, "-m", "services.twins"],
        cwd=REPOSITORY,
        env={**os.environ, "TWINS_PORT": str(port), "FERRY_VAR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if "open at" not in process.stdout.readline():
        raise AssertionError(process.communicate(timeout=TIMEOUT_SECONDS)[1])
    return Twins(process, port, folder)
