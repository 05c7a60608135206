"""Delivering calls: what the gateway adds to a call, how many it carries and holds, against Celery alone."""

import json
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg

from tests.bench import bare, load
from tests.bench.calls import Answers, Direct
from tests.bench.citizen import REST, Citizen
from tests.bench.table import Line
from tests.faults.citizen import sample
from tests.stack import Stack

ROUNDS, WARM_UP = 100, 10
TRIPS = 4.0  # round trips of an empty task that the gateway may add
DELAY_MS = 20  # of the department, at low load
LOADED_DELAY_MS = 100
CALLS = 2000
BACKENDS = 12
SLOW_CALLS, SLOW_SECONDS, MOST_MIB = 520, 10, 400


def run(stack: Stack, citizen: Citizen) -> list[Line]:
    """Latency at low load, throughput, and how many slow calls one process holds."""
    functions = prepare(stack)
    bare.app.conf.update(broker_url=stack.environment()["REDIS_URL"])
    with bare.worker(stack.environment()):
        trip()
        latency = _latency(stack, citizen)
        limit, ours = bare_throughput(stack), throughput(stack, posts(stack, citizen, functions, CALLS))
    share = ours / limit
    return [
        latency,
        Line("calls a second, department answering in 100 ms", f"{ours:,.0f} /s", f"{limit:,.0f} /s a bare task",
             f"{share:.0%}", ">= 50 %", share >= 0.5),
        _held(stack, posts(stack, citizen, functions, SLOW_CALLS)),
    ]  # fmt: skip


def prepare(stack: Stack) -> "list[tuple[str, dict[str, Any]]]":
    """Some functions over REST, one for each of several departments, whose lanes are wide; code and form of each."""
    script = (
        "import json; from services.registry.models import Backend, ServiceFunction; "
        "Backend.objects.filter(connector='rest').update(max_concurrency=64); "
        "found = ServiceFunction.objects.public().with_content().filter(published__backend__connector='rest',"
        " published__assurance__in=['none', 'basic'], filing_periods=None); "
        f"chosen = list({{each.department_id: each for each in found}}.values())[:{BACKENDS}]; "
        "print('FORMS' + json.dumps([(each.code, each.published.form) for each in chosen]))"
    )
    written = stack.manage("shell", "-c", script)
    forms: list[tuple[str, dict[str, Any]]] = json.loads(written.partition("FORMS")[2])
    time.sleep(6)  # until every worker knows of the wider lanes
    return forms


def posts(
    stack: Stack, citizen: Citizen, functions: "Sequence[tuple[str, dict[str, Any]]]", number: int
) -> list[bytes]:
    """Requests to call these functions in turn."""
    requests = []
    for code, form in islice(cycle(functions), number):
        data = {name: sample(form["properties"][name]) for name in form.get("required", [])}
        fields = {
            "Cookie": citizen.cookie,
            "X-CSRFToken": citizen.cookies["csrftoken"],
            "Idempotency-Key": uuid.uuid4().hex,
        }
        url = f"{stack.url}/api/v1/functions/{code}/calls/"
        requests.append(load.post(url, json.dumps(data).encode(), fields))
    return requests


def trip() -> float:
    """An empty task, there and back, in milliseconds."""
    key, began = uuid.uuid4().hex, time.perf_counter()
    bare.echo.delay(key)
    assert bare.broker().brpop(key, timeout=30)
    return (time.perf_counter() - began) * 1000


def _latency(stack: Stack, citizen: Citizen) -> Line:
    """Direct requests, empty tasks and calls take turns, one at a time."""
    stack.set_mode("td-rest", "ok", DELAY_MS)
    receipt = citizen.call(REST)
    assert citizen.follow(receipt) == "completed"
    direct, answers = Direct(receipt), Answers(stack)
    acts: list[Callable[[], float]] = [
        lambda: _timed(direct.send), trip, lambda: answers.wait_after(lambda: citizen.call(REST))
    ]  # fmt: skip
    times = [[act() for act in acts] for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    direct_ms, trip_ms, published_ms = (statistics.median(column) for column in zip(*times, strict=True))
    stack.set_mode("td-rest", "ok")
    added = (published_ms - direct_ms) / trip_ms
    return Line(
        "call accepted to answer published, p50", f"{published_ms:.1f} ms",
        f"{direct_ms:.1f} ms direct, {trip_ms:.1f} ms an empty task", f"+{added:.1f} trips", f"<= +{TRIPS:.0f}",
        added <= TRIPS,
    )  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def throughput(stack: Stack, requests: Sequence[bytes]) -> float:
    """Calls a second, from the first that is posted to the last that is answered."""
    stack.set_mode("_all", "ok", LOADED_DELAY_MS)
    began = time.perf_counter()
    load.send_all(stack.url, requests)
    sent = time.perf_counter() - began
    _wait_for_all(stack)
    took = time.perf_counter() - began
    stack.set_mode("_all", "ok")
    print(f"  {len(requests)} calls posted in {sent:.1f} s, answered in {took:.1f} s", flush=True)
    return len(requests) / took


def bare_throughput(stack: Stack, calls: int = CALLS) -> float:
    """The same HTTP call by a task that does nothing else, published by one process as fast as it can."""
    stack.set_mode("_all", "ok", LOADED_DELAY_MS)
    key, url = uuid.uuid4().hex, f"{stack.twins}/td-rest/v1/{REST}"
    began = time.perf_counter()
    for _ in range(calls):
        receipt = uuid.uuid4().hex
        body = json.dumps({"receiptNo": receipt, "details": {"mark": "HARBOUR", "meaning": "The harbour"}})
        bare.fetch.delay(key, url, body, {"Idempotency-Key": receipt, "Content-Type": "application/json"})
    broker = bare.broker()
    while broker.llen(key) < calls:
        time.sleep(0.02)
    return calls / (time.perf_counter() - began)


def _held(stack: Stack, requests: Sequence[bytes]) -> Line:
    """Calls under way at once in the one worker process, and its resident memory then."""
    stack.set_mode("_all", "slow", SLOW_SECONDS * 1000)
    (worker,) = stack.pids("calls")
    most, mib = 0, 0.0
    load.send_all(stack.url, requests)
    deadline = time.monotonic() + SLOW_SECONDS
    while time.monotonic() < deadline:
        most = max(most, _count(stack, "delivering"))
        mib = max(mib, _resident_mib(worker))
        time.sleep(0.5)
    stack.set_mode("_all", "ok")
    _wait_for_all(stack)
    is_met = most >= 500 and mib < MOST_MIB
    return Line(
        f"slow calls ({SLOW_SECONDS} s) held by one worker process", f"{most} in {mib:.0f} MiB", "",
        "", f">= 500, < {MOST_MIB} MiB", is_met,
    )  # fmt: skip


def _wait_for_all(stack: Stack) -> None:
    """Until no call waits or is under way any more. Raises AssertionError after a minute."""
    deadline = time.monotonic() + 60
    while left := _count(stack, "accepted", "delivering"):
        assert time.monotonic() < deadline, f"{left} calls were not answered"
        time.sleep(0.05)


def _count(stack: Stack, *statuses: str) -> int:
    """Calls that stand so, asked of the portal's own database."""
    with psycopg.connect(stack.environment()["DATABASE_URL"]) as connection:
        query = "SELECT count(*) FROM gateway_servicecall WHERE status = ANY(%s)"
        row = connection.execute(query, [list(statuses)]).fetchone()
    return int(row[0]) if row else 0


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
