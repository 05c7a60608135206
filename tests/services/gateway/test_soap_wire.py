"""SOAP in every way that a department may speak it, over the real wire."""

import dataclasses
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.soap import SoapConnector
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


@pytest.fixture
def counter(twins: Twins) -> Iterator[tuple[str, list[Message]]]:
    """The address of a department that has the twin's WSDL and is always busy, and the headers that reached it."""
    heard: list[Message] = []

    class Counter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, twins.get("td-soap/service?wsdl").content)

        def do_POST(self) -> None:
            heard.append(self.headers)
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(503, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Counter) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", heard
        server.shutdown()


def test_the_trace_and_the_action_go_with_the_request(twins: Twins, counter: tuple[str, list[Message]]) -> None:
    address, heard = counter
    backend = backend_of(twins, settings={"endpoint": "anywhere"})
    backend.address = address
    SOAP.send(delivery_to(backend))
    assert (heard[0]["traceparent"], heard[0]["SOAPAction"]) == (TRACE, '"urn:ferry:twin:td-soap:Apply"')


def test_a_busy_department_says_when_to_come_again(twins: Twins, counter: tuple[str, list[Message]]) -> None:
    backend = backend_of(twins, settings={"endpoint": "anywhere"})
    backend.address = counter[0]
    outcome = SOAP.send(delivery_to(backend))
    assert (outcome.kind, outcome.retry_after_seconds) == (Outcome.BUSY, 7)
