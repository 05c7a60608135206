"""Delivering calls: what the gateway adds to a call, and how many it carries, against Celery alone."""

import json
import statistics
import time
import uuid
from collections.abc import Callable
from itertools import cycle

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


def run(stack: Stack, citizen: Citizen) -> list[Line]:
    """Latency at low load, and throughput."""
    with bare.worker(stack.environment()):
        bare.app.conf.update(broker_url=stack.environment()["REDIS_URL"])
        _trip()
        return [*_latency(stack, citizen), _throughput(stack, citizen)]


def _trip() -> float:
    """An empty task, there and back, in milliseconds."""
    key, began = uuid.uuid4().hex, time.perf_counter()
    bare.echo.delay(key)
    assert bare.broker().brpop(key, timeout=30)
    return (time.perf_counter() - began) * 1000


def _latency(stack: Stack, citizen: Citizen) -> list[Line]:
    stack.set_mode("td-rest", "ok", DELAY_MS)
    receipt = citizen.call(REST)
    assert citizen.follow(receipt) == "completed"
    direct, answers = Direct(receipt), Answers()

    def published() -> float:
        """From the moment that the citizen has the receipt."""
        accepted = 0.0

        def begin() -> str:
            nonlocal accepted
            receipt = citizen.call(REST)
            accepted = time.perf_counter()
            return receipt

        assert answers.after(begin) == "completed"
        return (time.perf_counter() - accepted) * 1000

    acts: list[Callable[[], float]] = [lambda: _timed(direct.send), _trip, published]
    times = [[act() for act in acts] for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    direct_ms, trip_ms, published_ms = (statistics.median(column) for column in zip(*times, strict=True))
    stack.set_mode("td-rest", "ok")
    added = (published_ms - direct_ms) / trip_ms
    return [
        Line("call accepted to answer published, p50", f"{published_ms:.1f} ms",
             f"{direct_ms:.1f} ms direct, {trip_ms:.1f} ms an empty task", f"+{added:.1f} trips",
             f"<= +{TRIPS:.0f}", added <= TRIPS),
    ]  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _throughput(stack: Stack, citizen: Citizen) -> Line:
    from services.gateway.models import ServiceCall
    from services.registry.models import Backend, ServiceFunction

    Backend.objects.filter(connector="rest").update(max_concurrency=64)
    stack.set_mode("_all", "ok", LOADED_DELAY_MS)
    functions = (
        ServiceFunction.objects.public()
        .with_content()
        .filter(published__backend__connector="rest", published__assurance__in=["none", "basic"])
    )
    chosen = list({function.department_id: function for function in functions}.values())[:BACKENDS]
    requests = [_post(stack, citizen, function) for function, _ in zip(cycle(chosen), range(CALLS), strict=False)]
    time.sleep(6)  # until every worker knows the new bounds
    began, first = time.perf_counter(), ServiceCall.objects.count()
    load.send_all(stack.url, requests)
    sent = time.perf_counter() - began
    assert ServiceCall.objects.count() == first + CALLS
    while ServiceCall.objects.filter(status__in=["accepted", "delivering"]).exists():
        time.sleep(0.05)
    ours = CALLS / (time.perf_counter() - began)
    print(f"  posted in {sent:.1f} s, {ours:.0f} calls a second", flush=True)
    limit = _bare_throughput(stack)
    stack.set_mode("_all", "ok")
    return load_line(ours, limit)


def load_line(ours: float, limit: float) -> Line:
    share = ours / limit
    return Line("calls a second, department answering in 100 ms", f"{ours:,.0f} /s", f"{limit:,.0f} /s a bare task",
                f"{share:.0%}", ">= 50 %", share >= 0.5)  # fmt: skip


def _post(stack: Stack, citizen: Citizen, function: object) -> bytes:
    version = function.published  # type: ignore[attr-defined]
    form = version.form
    data = {name: sample(form["properties"][name]) for name in form.get("required", [])}
    url = f"{stack.url}/api/v1/functions/{function.code}/calls/"  # type: ignore[attr-defined]
    fields = {
        "Cookie": citizen.cookie,
        "X-CSRFToken": citizen.cookies["csrftoken"],
        "Idempotency-Key": uuid.uuid4().hex,
    }
    return load.post(url, json.dumps(data).encode(), fields)


def _bare_throughput(stack: Stack) -> float:
    key, url = uuid.uuid4().hex, f"{stack.twins}/td-rest/v1/td-personalised-mark"
    began = time.perf_counter()
    for _ in range(CALLS):
        receipt = uuid.uuid4().hex
        body = json.dumps({"receiptNo": receipt, "details": {"mark": "HARBOUR", "meaning": "The harbour"}})
        headers = {"Idempotency-Key": receipt, "Content-Type": "application/json"}
        bare.fetch.delay(key, url, body, headers)
    broker = bare.broker()
    while broker.llen(key) < CALLS:
        time.sleep(0.02)
    return CALLS / (time.perf_counter() - began)
