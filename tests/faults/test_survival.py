"""Real processes are stopped, killed and emptied in mid-call: nothing is lost, nothing is filed twice."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.faults.citizen import Citizen
from tests.stack import Stack, running

REST, SOAP = "hkpost-track", "immd-hkid-replace-lost"
BACKENDS = {REST: "hkpost-rest", SOAP: "immd-soap"}
WORKER, CHORES, BEAT, TWINS = "calls", "chores", "beat", "services.twins"
IMPATIENT = "from services.registry.models import Backend; Backend.objects.update(timeout_seconds=3)"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A portal whose time-outs are short, so that its leases are."""
    with running(tmp_path_factory.mktemp("portal"), API_CALL_RATE="100000/min", API_READ_RATE="100000/min") as stack:
        stack.manage("shell", "-c", IMPATIENT)
        yield stack


@pytest.fixture
def citizen(portal: Stack) -> Iterator[Citizen]:
    """Signed in; every department is well again, and every process awake, after the test."""
    yield Citizen(portal)
    for process in (WORKER, CHORES, BEAT, TWINS):
        portal.signal(process, signal.SIGCONT)
    portal.set_mode("_all", "ok")


def filed(portal: Stack, receipts: dict[str, str]) -> dict[str, int]:
    """How often each receipt was filed; `receipts` gives the function of each."""
    return {receipt: portal.filed(BACKENDS[code], receipt) for receipt, code in receipts.items()}


def make_calls(citizen: Citizen, each: int) -> dict[str, str]:
    return {citizen.call(code): code for _ in range(each) for code in (REST, SOAP)}


def test_a_receipt_is_given_at_once_with_every_worker_and_backend_stopped(portal: Stack, citizen: Citizen) -> None:
    """Number 2 of what no other portal has: receipt first."""
    data = citizen.form_data(SOAP)
    for process in (WORKER, CHORES, BEAT, TWINS):
        portal.signal(process, signal.SIGSTOP)
    begun = time.monotonic()
    answer = citizen.post(SOAP, data)
    took = time.monotonic() - begun
    assert (answer.status_code, answer.json()["status"], len(answer.json()["sent_sha256"])) == (202, "accepted", 64)
    assert took < 10, "an answer that waits for a stopped process never comes"
    for process in (WORKER, CHORES, BEAT, TWINS):
        portal.signal(process, signal.SIGCONT)
    receipt = answer.json()["receipt"]
    assert citizen.wait([receipt], seconds=60) == {receipt: "completed"}
    assert portal.filed(BACKENDS[SOAP], receipt) == 1


def test_a_killed_worker_loses_and_doubles_nothing(portal: Stack, citizen: Citizen) -> None:
    portal.set_mode("_all", "slow", 1500)
    receipts = make_calls(citizen, 4)
    time.sleep(0.5)
    portal.signal(WORKER, signal.SIGKILL)
    portal.set_mode("_all", "ok")
    assert set(citizen.wait(list(receipts), seconds=120).values()) == {"completed"}
    assert set(filed(portal, receipts).values()) == {1}


def test_a_flushed_broker_loses_nothing(portal: Stack, citizen: Citizen) -> None:
    portal.signal(WORKER, signal.SIGSTOP)
    receipts = make_calls(citizen, 4)
    redis.Redis.from_url(portal.environment()["REDIS_URL"]).flushall()
    portal.signal(WORKER, signal.SIGCONT)
    assert set(citizen.wait(list(receipts), seconds=60).values()) == {"completed"}
    assert set(filed(portal, receipts).values()) == {1}


def test_answers_lost_on_the_way_are_found_again(portal: Stack, citizen: Citizen) -> None:
    portal.set_mode("_all", "drop_after_accept")
    receipts = make_calls(citizen, 3)
    time.sleep(2)
    portal.set_mode("_all", "ok")
    assert set(citizen.wait(list(receipts), seconds=120).values()) == {"completed"}
    assert set(filed(portal, receipts).values()) == {1}


def test_one_departments_trouble_is_its_own(portal: Stack, citizen: Citizen) -> None:
    """Row 41 of the comparison: a department that hangs cannot starve the rest."""
    data = citizen.form_data(SOAP)
    portal.set_mode(BACKENDS[SOAP], "hang")
    for _ in range(40):
        citizen.post(SOAP, data)
    receipt = citizen.call(REST)
    assert citizen.wait([receipt], seconds=8) == {receipt: "completed"}


def test_fifty_equal_requests_at_once_are_one_call(portal: Stack, citizen: Citizen) -> None:
    """Row 36 of the comparison: the same submission twice files once."""
    data = citizen.form_data(SOAP)
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: citizen.post(SOAP, data, "the-same-key"), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    receipt = {answer.json()["receipt"] for answer in answers}
    assert len(receipt) == 1
    citizen.wait(list(receipt), seconds=60)
    assert portal.filed(BACKENDS[SOAP], receipt.pop()) == 1


def test_a_process_that_dies_is_started_again_and_that_is_said(portal: Stack, citizen: Citizen) -> None:
    portal.signal(BEAT, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not (portal.pids(BEAT) and "beat" in portal.output.read_text()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert portal.pids(BEAT)
    assert "beat" in portal.output.read_text()
