"""SOAP in every way that a department may speak it, over the real wire."""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread

import pytest

from services.gateway.connectors.base import Outcome, Probe
from services.gateway.connectors.soap import SoapConnector
from services.registry.models import Backend
from tests.services.gateway.soap import FACES, OPEN_FACES, TRACE, backend_of, delivery_to
from tests.services.twins.running import Twins

SOAP = SoapConnector()


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_call_is_filed_once_and_answered(twins: Twins, face: str) -> None:
    delivery = delivery_to(backend_of(twins, face))
    outcome = SOAP.send(delivery)
    assert (outcome.kind, outcome.detail) == (Outcome.ANSWERED, "answered")
    assert outcome.reading is not None
    assert outcome.reading.values["case_number"].startswith("TD-")
    assert twins.effects("td-soap", delivery.receipt) == ["filed"]


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_refusal_is_read_with_its_reason(twins: Twins, face: str) -> None:
    outcome = SOAP.send(delivery_to(backend_of(twins, face), licence_number="VOID-1"))
    assert outcome.reading is not None
    assert outcome.reading.outcome == "rejected"
    assert outcome.reading.values["reason"] == "We have no record that matches licenceNumber."


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_filed_receipt_is_found_and_another_is_not(twins: Twins, face: str) -> None:
    delivery = delivery_to(backend_of(twins, face))
    assert SOAP.lookup(delivery).kind == Outcome.UNKNOWN_RECEIPT
    SOAP.send(delivery)
    assert SOAP.lookup(delivery).kind == Outcome.ANSWERED


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_probe_tells_up_from_down(twins: Twins, face: str) -> None:
    backend = backend_of(twins, face)
    assert SOAP.probe(backend).is_up
    twins.set_mode("td-soap", "error")
    down = SOAP.probe(backend)
    assert (down.is_up, down.detail.removeprefix("fault soap:").removeprefix("fault ")) == (False, "Server")


@pytest.mark.parametrize(
    ("mode", "kind"), [("hang", "ambiguous"), ("down", "ambiguous"), ("error", "ambiguous"), ("garbage", "ambiguous"),
                       ("drop_after_accept", "ambiguous"), ("slow", "answered")]
)  # fmt: skip
@pytest.mark.parametrize("face", ["", "v12"])
def test_what_is_not_known_is_said_to_be_in_doubt(twins: Twins, face: str, mode: str, kind: str) -> None:
    backend = backend_of(twins, face, timeout_seconds=0.5)
    SOAP.probe(backend)  # so that the WSDL is at hand when the trouble begins
    twins.set_mode("td-soap", mode, delay_ms=100 if mode == "slow" else 0)
    assert SOAP.send(delivery_to(backend)).kind == kind


def test_a_department_that_nobody_reached_has_filed_nothing(twins: Twins) -> None:
    backend = backend_of(twins)
    SOAP.probe(backend)
    backend.settings["endpoint"] = "service"
    SOAP.probe(backend)
    backend.address = "http://127.0.0.1:9/"
    assert SOAP.send(delivery_to(backend)).kind == Outcome.UNREACHED


def test_the_port_without_a_choice_is_the_first_and_1_2_says_its_action(twins: Twins) -> None:
    first = backend_of(twins, "v12", settings={"port": "CounterPort"})
    chosen = backend_of(twins, "v12", settings={"service": "CounterService"})
    urls = [SOAP.send(delivery_to(each)).exchange["url"] for each in (first, chosen)]
    assert [url.removeprefix(twins.address("td-soap/")) for url in urls] == ["service", "v12/service"]


@pytest.mark.parametrize("wrong", [{"port": "Window"}, {"service": "Windows"}])
def test_a_port_or_service_that_is_not_there_is_named(twins: Twins, wrong: dict[str, str]) -> None:
    outcome = SOAP.send(delivery_to(backend_of(twins, settings=wrong)))
    assert outcome.kind == Outcome.UNREACHED
    assert next(iter(wrong.values())) in outcome.detail


def test_an_endpoint_in_the_settings_goes_before_the_one_in_the_wsdl(twins: Twins) -> None:
    backend = backend_of(twins, settings={"wsdl": "imported/service?wsdl", "endpoint": "service"})
    assert SOAP.send(delivery_to(backend)).exchange["url"] == twins.address("td-soap/service")


@pytest.mark.parametrize("face", FACES)
def test_what_does_not_fit_the_wsdl_is_never_sent(twins: Twins, face: str) -> None:
    delivery = delivery_to(backend_of(twins, face))
    misnamed = {**delivery.request_map["body"], "Receipt": "=receipt"}
    outcome = SOAP.send(dataclasses.replace(delivery, request_map={"operation": "Apply", "body": misnamed}))
    assert outcome.kind == Outcome.UNSENDABLE
    assert "Receipt" in outcome.detail
    assert delivery.receipt not in outcome.detail


@pytest.mark.parametrize(
    ("operation", "body"), [("Vanish", {}), ("Ping", {"Why": "so"}), ("FindByReceipt", {"No": "1"})]
)
def test_an_operation_or_argument_that_is_not_there_is_never_sent(
    twins: Twins, operation: str, body: dict[str, str]
) -> None:
    for face in OPEN_FACES:
        delivery = delivery_to(backend_of(twins, face))
        request = {"operation": operation, "body": body}
        assert SOAP.send(dataclasses.replace(delivery, request_map=request)).kind == Outcome.UNSENDABLE


class Counter(ThreadingHTTPServer):
    """A department that has the twin's WSDL and answers as told; remembers the headers that reached it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, wsdl: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Window)
        self.wsdl = wsdl
        self.heard: list[Message] = []
        self.answer: Callable[[], tuple[int, bytes]] = lambda: (503, b"")


class Window(BaseHTTPRequestHandler):
    server: Counter

    def do_GET(self) -> None:
        self._answer(200, self.server.wsdl)

    def do_POST(self) -> None:
        self.server.heard.append(self.headers)
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(*self.server.answer())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def counter(twins: Twins) -> Iterator[Counter]:
    with Counter(twins.get("td-soap/service?wsdl").content) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def at_counter(twins: Twins, counter: Counter) -> Backend:
    backend = backend_of(twins, settings={"endpoint": "anywhere"}, max_concurrency=20)
    backend.address = f"http://127.0.0.1:{counter.server_port}/"
    return backend


def test_the_trace_and_the_action_go_with_the_request(at_counter: Backend, counter: Counter) -> None:
    SOAP.send(delivery_to(at_counter))
    heard = counter.heard[0]
    assert (heard["traceparent"], heard["SOAPAction"]) == (TRACE, '"urn:ferry:twin:td-soap:Apply"')


def test_a_busy_department_says_when_to_come_again(at_counter: Backend) -> None:
    outcome = SOAP.send(delivery_to(at_counter))
    assert (outcome.kind, outcome.retry_after_seconds) == (Outcome.BUSY, 7)


ANSWER = """<?xml version="1.0" encoding="Big5"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><ApplyResponse xmlns="urn:ferry:twin:td-soap">
<Outcome>ACCEPTED</Outcome><ReceiptNo>R</ReceiptNo><CaseNo>運輸署-7</CaseNo></ApplyResponse></e:Body></e:Envelope>"""


def test_an_answer_in_big5_is_read(at_counter: Backend, counter: Counter) -> None:
    counter.answer = lambda: (200, ANSWER.encode("big5"))
    reading = SOAP.send(delivery_to(at_counter)).reading
    assert reading is not None
    assert reading.values["case_number"] == "運輸署-7"


def test_a_department_that_thinks_keeps_no_other_call_waiting(at_counter: Backend, counter: Counter) -> None:
    everybody_is_here = Barrier(20, timeout=10)

    def answer() -> tuple[int, bytes]:
        everybody_is_here.wait()  # raises, and so cuts the line, unless all twenty are on their way at once
        return 200, ANSWER.encode("big5")

    counter.answer = answer
    with ThreadPoolExecutor(20) as callers:
        kinds = list(callers.map(lambda _: SOAP.send(delivery_to(at_counter)).kind, range(20)))
    assert kinds == [Outcome.ANSWERED] * 20


def test_where_there_is_no_ping_the_wsdl_shows_that_it_is_up(at_counter: Backend, counter: Counter) -> None:
    counter.wsdl = counter.wsdl.replace(b'operation name="Ping"', b'operation name="Pong"')
    assert SOAP.probe(at_counter) == Probe(True, "HTTP 200 for the WSDL")
    at_counter.settings["probe_operation"] = "Ping"
    assert not SOAP.probe(at_counter).is_up
