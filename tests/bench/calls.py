"""A call through the portal against the same request made directly to the department.

Timed as the citizen has it: from sending the form to reading on the call's event stream that it is answered.
Beside it, until the answer is published (on the channel `call:<id>`), with nobody following.
"""

import statistics
import time
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

import redis

from tests.bench.citizen import FINAL, REST, SOAP, Citizen
from tests.bench.table import Line
from tests.stack import Stack

ROUNDS = 80
WARM_UP = 8
DELAY_MS = 20  # of the department
AIM = 6.0  # times the direct request
BACKENDS = {REST: "td-rest", SOAP: "td-soap"}


def run(stack: Stack, citizen: Citizen) -> list[Line]:
    """Two lines for each protocol. Direct and proxied requests take turns, one at a time."""
    return [line for function, backend in BACKENDS.items() for line in _lines(stack, citizen, function, backend)]


def _lines(stack: Stack, citizen: Citizen, function: str, backend: str) -> list[Line]:
    stack.set_mode(backend, "ok", DELAY_MS)
    receipt = citizen.call(function)
    assert citizen.follow(receipt) == "completed"
    direct, answers = Direct(receipt), Answers(stack)
    acts: list[Callable[[], object]] = [
        direct.send,
        lambda: citizen.follow(citizen.call(function)),
        lambda: answers.after(lambda: citizen.call(function)),
    ]
    times = [[_milliseconds(act) for act in acts] for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    direct_ms, seen_ms, published_ms = (statistics.median(column) for column in zip(*times, strict=True))
    stack.set_mode(backend, "ok")
    limit, protocol = f"{direct_ms:.1f} ms direct", backend.removeprefix("td-").upper()
    ratio = seen_ms / direct_ms
    return [
        Line(f"call over {protocol}, p50, seen by the citizen", f"{seen_ms:.1f} ms", limit, f"{ratio:.2f}",
             f"<= {AIM:.0f}", ratio <= AIM),
        Line(f"call over {protocol}, p50, answer published", f"{published_ms:.1f} ms", limit,
             f"{published_ms / direct_ms:.2f}"),
    ]  # fmt: skip


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


class Direct:
    """The request that the gateway made for a call, made again under fresh receipts on a kept-alive connection."""

    def __init__(self, receipt: str) -> None:
        from services.gateway.connectors.registry import connectors
        from services.gateway.delivery import delivery_of
        from services.gateway.models import ServiceCall

        call = ServiceCall.objects.select_related("backend", "version", "function").get(receipt=receipt)
        outcome = connectors[call.backend.connector].send(delivery_of(call))
        exchange = outcome.exchange
        place = urlsplit(exchange["url"])
        self._receipt, self._path, self._body = receipt, place.path, exchange["sent"]
        self._type = "application/json" if call.backend.connector == "rest" else "text/xml; charset=utf-8"
        self._connection = HTTPConnection(place.hostname or "", place.port, timeout=30)

    def send(self) -> None:
        from services.gateway import receipts

        receipt = receipts.new()
        headers = {"Content-Type": self._type, "Idempotency-Key": receipt}
        body = self._body.replace(self._receipt, receipt).encode()
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content.decode()


class Answers:
    """Listens to every call's channel."""

    def __init__(self, stack: Stack) -> None:
        broker = redis.Redis.from_url(stack.environment()["REDIS_URL"])
        self._channel = broker.pubsub(ignore_subscribe_messages=True)
        self._channel.psubscribe("call:*")
        self._channel.get_message(timeout=5)  # that we listen now

    def wait_after(self, begin: Callable[[], str]) -> float:
        """Milliseconds from the moment that the receipt is there to that of the published answer."""
        accepted = 0.0

        def begun() -> str:
            nonlocal accepted
            receipt = begin()
            accepted = time.perf_counter()
            return receipt

        assert self.after(begun) == "completed"
        return (time.perf_counter() - accepted) * 1000

    def after(self, begin: Callable[[], str]) -> str:
        """Begin the only call under way and wait for its final status."""
        while self._channel.get_message():
            pass  # of calls that somebody else waited for
        receipt = begin()
        while True:
            message = self._channel.get_message(timeout=30)
            assert message is not None, f"no answer to {receipt}"
            status: str = message["data"].decode()
            if status in FINAL:
                return status
