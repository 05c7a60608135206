"""Spans of a call on its way, in memory and through real processes to a real collector."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import redis
import requests
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NoOpTracerProvider

from services import figures, traces
from services.gateway import doorbell, recovery
from services.gateway.models import ServiceCall
from tests.portal.watch.test_correlation import GIVEN, TRACE
from tests.ports import free_port
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import REPOSITORY, Twins

Spans = Callable[[], dict[str, ReadableSpan]]


@pytest.fixture
def spans() -> Iterator[Spans]:
    """Recording is on; gives what was recorded, by name."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces.record_with(provider)
    yield lambda: {span.name: span for span in kept.get_finished_spans()}
    traces.record_with(NoOpTracerProvider())
    provider.shutdown()


@pytest.mark.django_db(transaction=True)
def test_a_delivery_is_recorded_step_by_step_below_the_request(make_call: MakeCall, twins: Twins, spans: Spans) -> None:
    call = make_call(traceparent=GIVEN)
    delivering.deliver(call.pk)
    found = spans()
    assert found.keys() == {"deliver", "exchange", "finish"}
    deliver, exchange = found["deliver"], found["exchange"]
    assert deliver.parent == traces.parse(GIVEN)
    assert dict(exchange.attributes or {}) == {
        "ferry.function": call.function.code, "ferry.backend": "td-rest", "ferry.connector": "rest",
        "ferry.outcome": "answered",
    }  # fmt: skip
    entries = twins.get("_twins/td-rest/ledger", receipt=call.receipt).json()["entries"]
    own = exchange.get_span_context()
    assert own is not None
    assert entries[0]["traceparent"] == traces.header_of(own)


@pytest.mark.django_db(transaction=True)
def test_a_look_up_is_recorded_with_what_it_found(make_call: MakeCall, twins: Twins, spans: Spans) -> None:
    recovery.settle_in_doubt(make_call(traceparent=GIVEN, status="in_doubt").pk)
    assert (spans()["look-up"].attributes or {})["ferry.outcome"] == "unknown_receipt"


def test_a_request_is_recorded_by_its_view_and_so_is_the_submission(
    client: Client, db: None, make_call: MakeCall, spans: Spans
) -> None:
    code = make_call().function.code
    body = {"licence_number": "SECRET-77", "note": "x"}
    headers = {"Idempotency-Key": "one", "traceparent": GIVEN}
    client.post(f"/api/v1/functions/{code}/calls/", body, "application/json", headers=headers)
    found = spans()
    request, submit = found["POST api:call-create"], found["submit"]
    assert submit.parent == request.get_span_context()
    assert (submit.attributes or {})["ferry.function"] == code
    assert ServiceCall.objects.get(idempotency_key="one").traceparent.startswith(f"00-{TRACE}-")
    assert "SECRET-77" not in "".join(span.to_json() for span in found.values())


def test_of_an_exception_only_its_type_is_recorded(spans: Spans) -> None:
    with pytest.raises(KeyError), traces.span("step", parent=traces.parse(GIVEN)):
        raise KeyError("CHAN Tai Man")
    span = spans()["step"]
    assert (span.attributes or {})["error.type"] == "KeyError"
    assert "CHAN" not in span.to_json()


# --- Through real processes -------------------------------------------------------------------------
class Collector(ThreadingHTTPServer):
    """An OTLP collector over HTTP that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[tuple[str, str, str]] = []  # service, name of the span, its trace


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        message = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for of_service in message.resource_spans:
            service = {each.key: each.value.string_value for each in of_service.resource.attributes}["service.name"]
            for scope in of_service.scope_spans:
                self.server.received.extend((service, span.name, span.trace_id.hex()) for span in scope.spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def process(collector: Collector, log: Path, *command: str) -> Iterator[None]:
    """A process of the portal on the test's database, told to send its spans to the collector; ended by SIGTERM."""
    database = connection.settings_dict
    place = urlencode({"host": database["HOST"], "port": database["PORT"]})
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{quote(database['USER'])}:{quote(database['PASSWORD'])}@/{database['NAME']}?{place}",
        "REDIS_URL": configured.REDIS_URL,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
    }  # fmt: skip
    with log.open("w") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=REPOSITORY, env=environment, stdout=output, stderr=output
        )
        yield
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=30) is not None


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_stopped_hands_over_its_last_spans(
    make_call: MakeCall, twins: Twins, collector: Collector, tmp_path: Path
) -> None:
    call = make_call(traceparent=GIVEN)
    command = ["celery", "-A", "portal", "worker", "-Q", "calls", "-P", "threads", "-c", "2"]
    with process(collector, tmp_path / "log", *command):
        doorbell.ring(call.pk)
        until(lambda: ServiceCall.objects.filter(pk=call.pk, status="completed"))
    names = {name for service, name, trace in collector.received if (service, trace) == ("ferry-worker", TRACE)}
    assert names == {"deliver", "exchange", "finish"}


@pytest.mark.django_db(transaction=True)
def test_a_web_server_that_is_stopped_hands_over_its_last_spans_and_figures(
    collector: Collector, tmp_path: Path, counted: "redis.Redis"
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/health/live"

    def answers() -> bool:
        try:
            return requests.get(url, headers={"traceparent": GIVEN}, timeout=5).ok
        except requests.ConnectionError:
            return False

    command = ["granian", "--interface", "wsgi", "--port", str(port), "--workers", "1", "portal.wsgi:application"]
    with process(collector, tmp_path / "log", *command):
        until(answers)
    assert ("ferry-web", "GET portal.health.live", TRACE) in collector.received
    assert figures.read()["ferry_http_requests", "portal.health.live", "2xx"] == 1
