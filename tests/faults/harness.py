"""A fault run: calls come in, the fault strikes and is healed, every call is settled, and the books are compared."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults.faults import Fault
from tests.faults.load import Load, People
from tests.faults.scene import Scene
from tests.stack import REPOSITORY

SETTLED_SECONDS = 420.0  # longest wait for the last call
HONG_KONG = timedelta(hours=8)
THREE = ("lost", "doubled", "unknown")


@dataclass(frozen=True)
class Struck:
    """A fault that is over, and the calls that came in around it."""

    fault: str
    load: Load
    began: datetime
    struck: datetime
    healed: datetime


@dataclass(frozen=True)
class Row:
    """What became of the calls around a fault. `undelivered` ones stand in the humans' list."""

    fault: str
    calls: int
    delivered: int
    undelivered: int
    open: int  # neither final nor with a human: must be zero
    found: dict[str, int]  # lost, doubled, unknown: must be zero
    refusals: int  # answers 5xx that people met before they had their receipts
    recovered: int  # under way when the fault struck, or accepted while it lasted, and delivered
    longest_seconds: float  # from the end of the fault until the last of those was final
    details: str = ""

    @property
    def is_clean(self) -> bool:
        return self.open == 0 and not any(self.found.values())

    def __str__(self) -> str:
        numbers = (self.calls, self.delivered, self.undelivered, self.open, *self.found.values(), self.refusals)
        cells = "".join(f"{number:>11,}" for number in (*numbers, self.recovered))
        return f"{self.fault:30}{cells}{self.longest_seconds:>10.1f} s"


TITLES = ("calls", "delivered", "human", "open", *THREE, "5xx", "recovered", "longest")
HEAD = f"{'fault':30}" + "".join(f"{title:>11}" for title in TITLES)


def strike(
    scene: Scene, people: People, fault: Fault, functions: Sequence[str], *, calls: int, seconds: float
) -> Struck:
    """Let the fault strike among so many calls, and heal it."""
    backends = backends_of(scene, functions)
    load = Load(people, functions, calls, seconds=seconds)
    behave(scene, backends, *fault.twins)
    began = datetime.now(UTC)
    load.start()
    load.has_receipts(calls // 8, seconds=15)
    struck = datetime.now(UTC)
    try:
        fault.strike(scene, seconds)
    finally:
        fault.heal(scene)
        behave(scene, backends, "ok", 0)
    return Struck(fault.name, load, began, struck, datetime.now(UTC))


def conclude(scene: Scene, runs: Sequence[Struck]) -> list[Row]:
    """Wait until every call of these runs is final or with a human, and compare with the departments' ledgers."""
    receipts = [run.load.receipts() for run in runs]
    settle(scene, [receipt for each in receipts for receipt in each])
    functions = sorted({function for run in runs for function in run.load.functions})
    findings = reconcile(scene, backends_of(scene, functions), min(run.began for run in runs))
    return [_row(scene, run, each, findings) for run, each in zip(runs, receipts, strict=True)]


def backends_of(scene: Scene, functions: Sequence[str]) -> list[str]:
    """Codes of the backends behind functions."""
    found = scene.rows(
        "SELECT DISTINCT backend.code FROM registry_servicefunction function"
        " JOIN registry_functionversion version ON version.id = function.published_id"
        " JOIN registry_backend backend ON backend.id = version.backend_id WHERE function.code = ANY(%s)",
        [list(functions)],
    )
    return [code for (code,) in found]


def behave(scene: Scene, backends: Sequence[str], mode: str, delay_ms: int) -> None:
    """Let these departments behave so from now on."""
    for backend in backends:
        scene.stack.set_mode(backend, mode, delay_ms)


def settle(scene: Scene, receipts: Sequence[str]) -> None:
    """Wait until every receipt is final or needs a human, or the time is up."""
    until = time.monotonic() + SETTLED_SECONDS
    while _open(scene, receipts) and time.monotonic() < until:
        time.sleep(0.25)


def _open(scene: Scene, receipts: Sequence[str]) -> int:
    """How many still move by themselves. A call in doubt is a human's once no look-up is left."""
    return int(
        scene.rows(
            "SELECT count(*) FROM gateway_servicecall WHERE receipt = ANY(%s) AND (status IN ('accepted', 'delivering',"
            " 'waiting') OR status = 'in_doubt' AND lookup_count < 40)",
            [receipts],
        )[0][0]
    )


def _row(scene: Scene, run: Struck, receipts: list[str], findings: dict[str, list[str]]) -> Row:
    told = scene.rows(
        """
        SELECT count(*), count(*) FILTER (WHERE status IN ('completed', 'rejected')),
               count(*) FILTER (WHERE status IN ('failed', 'in_doubt')),
               count(*) FILTER (WHERE status IN ('completed', 'rejected') AND accepted_at <= %s AND finished_at >= %s),
               max(finished_at) FILTER (WHERE accepted_at <= %s)
        FROM gateway_servicecall WHERE receipt = ANY(%s)""",
        [run.healed, run.struck, run.healed, receipts],
    )
    count, delivered, undelivered, recovered, last = told[0]
    assert len(set(receipts)) == len(receipts) == count, "a receipt was given that is nobody's, or to two calls"
    now = datetime.now(UTC)
    last = min(last or now, now)  # by a clock that was stepped it may lie ahead
    ours = {name: sorted(set(found) & set(receipts)) for name, found in findings.items()}
    ours["unknown"] += [each for each in findings["unknown"] if each not in receipts and _is_nobodys(scene, each)]
    return Row(
        run.fault, len(receipts), delivered, undelivered, _open(scene, receipts),
        {name: len(found) for name, found in ours.items()}, len(run.load.refused), recovered,
        max((last - run.healed).total_seconds(), 0.0),
        "; ".join(f"{name}: {', '.join(found[:3])}" for name, found in ours.items() if found),
    )  # fmt: skip


def _is_nobodys(scene: Scene, receipt: str) -> bool:
    return not scene.rows("SELECT 1 FROM gateway_servicecall WHERE receipt = %s", [receipt])


def reconcile(scene: Scene, backends: Sequence[str], began: datetime) -> dict[str, list[str]]:
    """The receipts behind the three numbers of `manage.py reconcile`, since that moment's day."""
    day = (began + HONG_KONG).date().isoformat()
    named = [word for backend in backends for word in ("--backend", backend)]
    done = subprocess.run(
        [sys.executable, "manage.py", "reconcile", "--json", "--day", day, "--days", "2", *named],
        cwd=REPOSITORY, env=scene.stack.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(backends)
    receipts = {name: [one["receipt"] for each in found for one in each[name]["findings"]] for name in THREE}
    assert (done.returncode == 0) == (not any(receipts.values()))
    return receipts
