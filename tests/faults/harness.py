"""One fault run: calls come in, the fault strikes, all is well again, and the books are compared."""

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

SETTLED_SECONDS = 240.0  # longest wait for the last call
HONG_KONG = timedelta(hours=8)


@dataclass(frozen=True)
class Row:
    """What a run found. `undelivered` calls stand in the humans' list; the three after it must be zero."""

    fault: str
    calls: int
    delivered: int
    undelivered: int
    lost: int
    doubled: int
    unknown: int
    open: int  # neither final nor with a human: must be zero too
    recovered: int  # under way when the fault struck, or accepted while it lasted, and delivered
    longest_recovery_seconds: float  # from the end of the fault until the last of those was final
    details: str = ""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.unknown or self.open)

    def __str__(self) -> str:
        return (
            f"{self.fault:30}{self.calls:>7}{self.delivered:>11}{self.undelivered:>7}{self.lost:>6}{self.doubled:>9}"
            f"{self.unknown:>9}{self.recovered:>11}{self.longest_recovery_seconds:>10.1f} s"
        )


HEAD = (
    f"{'fault':30}{'calls':>7}{'delivered':>11}{'human':>7}{'lost':>6}{'doubled':>9}{'unknown':>9}"
    f"{'recovered':>11}{'longest':>12}"
)


def run(scene: Scene, fault: Fault, functions: Sequence[str], *, calls: int, seconds: float) -> Row:
    """Let the fault strike among so many calls; what became of them."""
    backends = backends_of(scene, functions)
    people = People(scene.stack, functions)
    load = Load(people, functions, calls, seconds=seconds)
    _behave(scene, backends, *fault.twins)
    began = datetime.now(UTC)
    load.start()
    load.has_receipts(calls // 8, seconds=15)
    struck = datetime.now(UTC)
    try:
        fault.strike(scene, seconds)
    finally:
        fault.heal(scene)
        _behave(scene, backends, "ok", 0)
    healed = datetime.now(UTC)
    receipts = load.receipts()
    _settle(scene, receipts)
    return _row(scene, fault.name, receipts, backends, began=began, struck=struck, healed=healed)


def backends_of(scene: Scene, functions: Sequence[str]) -> list[str]:
    found = scene.rows(
        "SELECT DISTINCT backend.code FROM registry_servicefunction function"
        " JOIN registry_functionversion version ON version.id = function.published_id"
        " JOIN registry_backend backend ON backend.id = version.backend_id WHERE function.code = ANY(%s)",
        [list(functions)],
    )
    return [code for (code,) in found]


def _behave(scene: Scene, backends: Sequence[str], mode: str, delay_ms: int) -> None:
    for backend in backends:
        scene.stack.set_mode(backend, mode, delay_ms)


OPEN = """
SELECT count(*) FROM gateway_servicecall WHERE receipt = ANY(%s) AND (
    status IN ('accepted', 'delivering', 'waiting') OR status = 'in_doubt' AND lookup_count < 40)
"""
TOLD = """
SELECT count(*),
       count(*) FILTER (WHERE status IN ('completed', 'rejected')),
       count(*) FILTER (WHERE status IN ('failed', 'in_doubt')),
       count(*) FILTER (WHERE accepted_at <= %(healed)s AND (finished_at IS NULL OR finished_at >= %(struck)s)
                        AND status IN ('completed', 'rejected')),
       max(finished_at) FILTER (WHERE accepted_at <= %(healed)s)
FROM gateway_servicecall WHERE receipt = ANY(%(receipts)s)
"""


def _settle(scene: Scene, receipts: Sequence[str]) -> None:
    """Wait until every receipt is final or needs a human, or the time is up."""
    until = time.monotonic() + SETTLED_SECONDS
    while scene.rows(OPEN, [receipts])[0][0] and time.monotonic() < until:
        time.sleep(0.25)


def _row(
    scene: Scene, name: str, receipts: list[str], backends: Sequence[str], *,
    began: datetime, struck: datetime, healed: datetime,
) -> Row:  # fmt: skip
    with scene.database() as connection:
        values = {"healed": healed, "struck": struck, "receipts": receipts}
        told = connection.execute(TOLD, values).fetchone()
    assert told is not None
    count, delivered, undelivered, recovered, last = told
    numbers, details = reconcile(scene, backends, began)
    is_open = scene.rows(OPEN, [receipts])[0][0]
    assert len(set(receipts)) == len(receipts) == count, "a receipt was given that is nobody's, or twice"
    longest = max((last - healed).total_seconds(), 0.0) if last else 0.0
    return Row(
        name, len(receipts), delivered, undelivered, numbers["lost"], numbers["doubled"], numbers["unknown"],
        is_open, recovered, longest, details,
    )  # fmt: skip


def reconcile(scene: Scene, backends: Sequence[str], began: datetime) -> tuple[dict[str, int], str]:
    """The three numbers of `manage.py reconcile` since that day, and the first receipts behind them."""
    day = (began + HONG_KONG).date().isoformat()
    named = [word for backend in backends for word in ("--backend", backend)]
    done = subprocess.run(
        [sys.executable, "manage.py", "reconcile", "--json", "--day", day, "--days", "2", *named],
        cwd=REPOSITORY, env=scene.stack.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    numbers = {name: sum(each[name]["count"] for each in found) for name in ("lost", "doubled", "unknown")}
    details = [
        f"{name} {each['backend']} {each[name]['findings'][:3]}"
        for each in found
        for name in numbers
        if each[name]["count"]
    ]
    return numbers, "; ".join(details)
