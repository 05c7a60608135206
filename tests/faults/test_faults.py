"""Every fault, small: after it nothing is lost, nothing filed twice, and each receipt is final or with a human.

The faults strike one after another while calls of those before are still being recovered, which saves the waiting for
leases and is the harder test. `make chaos` lets each strike alone, among thousands of calls.
"""

import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import harness, isolation
from tests.faults.faults import FAULTS, of_departments, wake
from tests.faults.harness import Row, Struck
from tests.faults.load import Load, People
from tests.faults.mix import MIX, apart, beside, everything
from tests.faults.scene import BEAT, CHORES, WORKER, Scene, scene

CALLS, CALLS_OF_DEPARTMENTS = 40, 12
TWINS = "services.twins"
SOAP = MIX["soap"][-1]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture(scope="module")
def people(portal: Scene) -> People:
    return People(portal.stack, {*isolation.functions(), *everything()})


def test_a_receipt_is_given_at_once_with_every_worker_and_backend_stopped(portal: Scene, people: People) -> None:
    """Number 2 of what no other portal has: receipt first."""
    for process in (WORKER, CHORES, BEAT, TWINS):
        portal.send(process, signal.SIGSTOP)
    begun = time.monotonic()
    answer = people.post(SOAP, uuid.uuid4().hex)
    took = time.monotonic() - begun
    wake(portal)
    portal.send(TWINS, signal.SIGCONT)
    assert (answer.status_code, answer.json()["status"], len(answer.json()["sent_sha256"])) == (202, "accepted", 64)
    assert took < 10, "an answer that waits for a stopped process never comes"
    harness.settle(portal, [answer.json()["receipt"]])
    assert filings(portal, answer.json()["receipt"]) == 1


def test_fifty_equal_requests_at_once_are_one_call(portal: Scene, people: People) -> None:
    """Row 36 of the comparison: the same submission twice files once."""
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: people.post(SOAP, "the-same-key"), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    (receipt,) = {answer.json()["receipt"] for answer in answers}
    harness.settle(portal, [receipt])
    assert filings(portal, receipt) == 1


def filings(portal: Scene, receipt: str) -> int:
    (backend,) = harness.backends_of(portal, [SOAP])
    return portal.stack.filed(backend, receipt)


@pytest.fixture(scope="module")
def runs(portal: Scene, people: People) -> list[Struck]:
    """Every fault, over. Each fault of a department has departments of its own, so they strike at once."""
    departments = of_departments()

    def strike(name: str, functions: list[str], calls: int) -> Struck:
        return harness.strike(portal, people, FAULTS[name], functions, calls=calls, seconds=FAULTS[name].seconds)

    with ThreadPoolExecutor() as pool:
        at_once = [
            pool.submit(strike, name, apart(place), CALLS_OF_DEPARTMENTS) for place, name in enumerate(departments)
        ]
        others = beside(len(departments))
        one_by_one = [strike(name, others, CALLS) for name in FAULTS if name not in departments]
        return [*one_by_one, *(each.result() for each in at_once)]


def test_every_fault_strikes_in_the_middle_of_calls(runs: list[Struck]) -> None:
    assert sorted(run.fault for run in runs) == sorted(FAULTS)
    assert all(run.began < run.struck < run.healed for run in runs)


@pytest.fixture(scope="module")
def rows(portal: Scene, runs: list[Struck]) -> dict[str, Row]:
    """What became of the calls around each."""
    found = harness.conclude(portal, runs)
    print(harness.HEAD, *found, sep="\n")
    return {row.fault: row for row in found}


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_or_filed_twice(rows: dict[str, Row], name: str) -> None:
    row = rows[name]
    assert row.is_clean, f"{harness.HEAD}\n{row}\n{row.details}"
    assert row.calls == row.delivered + row.undelivered > 0


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("broker_")])
def test_without_a_broker_everybody_gets_a_receipt_at_the_first_try(rows: dict[str, Row], name: str) -> None:
    assert rows[name].refusals == 0


def test_healthy_departments_are_served_while_others_hang(portal: Scene, people: People) -> None:
    """Row 41 of the comparison: a department that hangs cannot starve the rest. `make chaos` measures it."""
    functions = isolation.functions()
    ill, healthy = functions[:5], functions[5:]
    harness.behave(portal, harness.backends_of(portal, ill), "hang", 0)
    load = Load(people, functions, 4 * len(functions), seconds=2)
    load.start()
    receipts = load.receipts()
    left = isolation.settle(portal, receipts, healthy, seconds=30)
    harness.behave(portal, harness.backends_of(portal, ill), "ok", 0)
    assert left == 0


def test_a_process_that_dies_is_started_again_and_that_is_said(portal: Scene) -> None:
    said = portal.stack.output.read_text().count("beat stopped")
    portal.send(BEAT, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if portal.pids(BEAT) and portal.stack.output.read_text().count("beat stopped") > said:
            return
        time.sleep(0.2)
    raise AssertionError("it was not started again, or nobody said so")
