"""Healthy departments beside hanging ones: how long their calls take, against how long they take when all are well."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults import harness
from tests.faults.load import Load, People
from tests.faults.mix import MIX
from tests.faults.scene import Scene

HANGING_SECONDS = 30  # a hanging department is waited for so long
MORE = ("hkstp-science-park-tenancy-pay", "wfsfaa-loan-repay", "try-bills-pay")
CALLS, SECONDS, ROUNDS = 300, 20.0, 3  # far from what the machine can do: else it is the machine that is measured
PATIENT = (
    "from services.registry.models import Backend;"
    " Backend.objects.exclude(connector='sftp-batch').update(timeout_seconds={seconds})"
)


@dataclass(frozen=True)
class Case:
    """Some departments hang; the healthy ones may take so many times as long as without."""

    title: str
    hanging: int
    healthy: int
    limit: float


CASES = (Case("1 hanging beside 20", 1, 20, 1.5), Case("5 of 20 hanging", 5, 15, 2.0))


def functions() -> list[str]:
    """One function for each of 21 departments' systems."""
    return [*MORE, *MIX["rest"], *MIX["soap"]]


def run(scene: Scene) -> bool:
    """Print both figures of every case; whether all limits are kept. Rounds with and without take turns."""
    people = People(scene.stack, functions())
    scene.close()  # the second worker: one has to do, as `make run` starts it
    scene.stack.manage("shell", "-c", PATIENT.format(seconds=HANGING_SECONDS))
    print(f"Healthy departments, {CALLS} calls in {SECONDS:.0f} s, median of {ROUNDS} rounds:", flush=True)
    kept = []
    measure(scene, people, CASES[0], hang=False)  # to warm up
    for case in CASES:
        rounds = [
            (measure(scene, people, case, hang=False), measure(scene, people, case, hang=True)) for _ in range(ROUNDS)
        ]
        alone, beside = (statistics.median(column) for column in zip(*rounds, strict=True))
        kept.append(beside <= case.limit * alone)
        print(
            f"  {case.title:22} p99 {alone * 1000:6.0f} ms without, {beside * 1000:6.0f} ms with:"
            f" {beside / alone:.2f} times, limit {case.limit}",
            flush=True,
        )
    return all(kept)


def measure(scene: Scene, people: People, case: Case, *, hang: bool) -> float:
    """The p99, in seconds from acceptance to answer, of the healthy departments of one round."""
    chosen = functions()[: case.hanging + case.healthy]
    ill, healthy = chosen[: case.hanging], chosen[case.hanging :]
    behind = harness.backends_of(scene, ill)
    harness.behave(scene, behind, "hang" if hang else "ok", 0)
    load = Load(people, chosen, CALLS, seconds=SECONDS, at_once=0)
    load.start()
    receipts = load.receipts()
    settle(scene, receipts, healthy)
    harness.behave(scene, behind, "ok", 0)
    harness.settle(scene, receipts)  # what hung is delivered before the next round begins
    took = scene.rows(
        "SELECT extract(epoch FROM finished_at - accepted_at)::float FROM gateway_servicecall call"
        " JOIN registry_servicefunction function ON function.id = call.function_id"
        " WHERE receipt = ANY(%s) AND function.code = ANY(%s) AND finished_at IS NOT NULL",
        [receipts, healthy],
    )
    return float(statistics.quantiles([seconds for (seconds,) in took], n=100)[98])


def settle(scene: Scene, receipts: Sequence[str], functions: Sequence[str], *, seconds: float = 120) -> int:
    """Wait for the calls to these functions alone; how many are not final when the time is up."""
    until = time.monotonic() + seconds
    while True:
        left: int = scene.rows(
            "SELECT count(*) FROM gateway_servicecall call"
            " JOIN registry_servicefunction function ON function.id = call.function_id"
            " WHERE receipt = ANY(%s) AND function.code = ANY(%s) AND finished_at IS NULL",
            [receipts, functions],
        )[0][0]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.25)
