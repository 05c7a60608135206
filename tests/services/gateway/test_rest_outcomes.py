"""What each way to fail says about the call: put off, thrown away unread, or in doubt."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from services.gateway.connectors.base import Delivery, Outcome
from services.gateway.connectors.soap import SoapConnector
from services.registry import defaults
from tests.ports import free_port
from tests.services.gateway.rest_department import Department
from tests.services.twins.running import Twins

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def td(twins: Twins) -> Iterator[Department]:
    department = Department(twins)
    yield department
    department.ask_for("open")


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """A server that says this to one request, whatever it is."""

    def serve(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line:
            line.recv(65536)
            line.sendall(raw)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=serve, args=[listening])
        server.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.join()


def reply(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Some Reason", "Content-Length: 2", "Content-Type: text/plain", *headers, "", "no"]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Outcome.AMBIGUOUS),
        (400, Outcome.AMBIGUOUS),
        (401, Outcome.UNREACHED),
        (403, Outcome.UNREACHED),
        (404, Outcome.AMBIGUOUS),
        (405, Outcome.UNSENDABLE),
        (409, Outcome.AMBIGUOUS),
        (413, Outcome.UNSENDABLE),
        (415, Outcome.UNSENDABLE),
        (422, Outcome.AMBIGUOUS),
        (429, Outcome.BUSY),
        (500, Outcome.AMBIGUOUS),
        (502, Outcome.AMBIGUOUS),
        (503, Outcome.BUSY),
    ],
)
def test_a_status_that_no_rule_knows_says_whether_anything_was_filed(td: Department, status: int, kind: str) -> None:
    with answering(reply(status, "Location: http://127.0.0.1:9/")) as td.address:
        assert td.send(note="x")[0].kind == kind


def wait_of(td: Department, retry_after: str) -> float | None:
    with answering(reply(503, f"Retry-After: {retry_after}")) as td.address:
        return td.send(note="x")[0].retry_after_seconds


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("7", 7), ("soon", None), ("Tue, 03 Mar 2020 14:30:00 GMT", None)],
    ids=["seconds", "words", "past"],
)  # fmt: skip
def test_how_long_a_busy_department_wants_us_to_wait_is_read(
    td: Department, retry_after: str, seconds: float | None
) -> None:
    assert wait_of(td, retry_after) == seconds


def test_so_is_the_moment_at_which_it_wants_us_back(td: Department) -> None:
    seconds = wait_of(td, format_datetime(timezone.now() + timedelta(minutes=10), usegmt=False))
    assert seconds is not None
    assert 300 <= seconds <= 600


def test_an_upload_that_is_too_large_for_the_department_is_not_sent_again(td: Department) -> None:
    outcome, receipt = td.send(note="x" * (33 * 1024 * 1024))
    assert (outcome.kind, outcome.detail) == (Outcome.UNSENDABLE, "HTTP 413")
    assert td.twins.effects("td-rest", receipt) == []


def test_a_request_that_is_too_large_for_us_never_leaves(td: Department) -> None:
    outcome, _ = td.send(note="x" * (65 * 1024 * 1024))
    assert (outcome.kind, outcome.detail) == (Outcome.UNSENDABLE, "/body: it is larger than 64 MiB")


def test_a_silence_ends_with_the_read_time_out_although_the_whole_one_is_long(td: Department) -> None:
    td.values = {"read_timeout_seconds": 0.2, "timeout_seconds": 60}
    td.twins.set_mode("td-rest", "hang")
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.AMBIGUOUS, "ReadTimeoutError")


def test_a_department_that_takes_nothing_in_does_not_hold_the_sender(td: Department) -> None:
    td.values = {"read_timeout_seconds": 0.3, "timeout_seconds": 60}
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        td.address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        assert td.send(note="x" * (20 * 1024 * 1024))[0].kind == Outcome.AMBIGUOUS


def test_a_line_that_never_stood_is_unreached(td: Department) -> None:
    td.address = f"http://127.0.0.1:{free_port()}/"
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "NewConnectionError")


def test_a_greeting_in_tls_that_is_never_answered_is_unreached(td: Department) -> None:
    td.values = {"connect_timeout_seconds": 0.2}
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        td.address = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "TimeoutError")


def test_both_ways_are_fingerprinted_as_they_were_on_the_wire(td: Department) -> None:
    outcome, receipt = td.send(note="駁回")
    (entry,) = td.twins.get("_twins/td-rest/ledger", receipt=receipt).json()["entries"]
    assert outcome.exchange["sent_sha256"] == entry["sha256"]
    assert len(outcome.exchange["received_sha256"]) == 64


def soap(td: Department, **values: Any) -> Delivery:
    """A call to td-soap, whose backend is described as td's."""
    department = Department(td.twins, code="td-soap", values=values)
    backend = department.backend
    backend.connector, backend.settings = "soap", {"wsdl": "service?wsdl", **td.settings}
    receipt = f"FRY-{uuid4().hex[:12].upper()}"
    form = {"properties": {"note": {"type": "string"}}, "required": ["note"]}
    context = {"form": {"note": "x"}, "files": {}, "receipt": receipt, "function": "td-note"}
    context["submitted_at"] = "2026-03-03T14:30:00+08:00"
    request_map = defaults.request_map("soap", "td-note", "apply", form)
    return Delivery(backend, receipt, "td-note", request_map, defaults.answer_map("soap", "apply"), context, TRACE)


def test_soap_shows_the_same_credential_and_the_trace(td: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TD_SECRET", "twin-secret")
    twin = Department(td.twins, code="td-soap")
    twin.ask_for("basic")
    td.settings = {"auth": {"scheme": "basic", "username": "ferry"}}
    outcome = SoapConnector().send(soap(td, credentials="TD_SECRET"))
    twin.ask_for("open")
    assert outcome.kind == Outcome.ANSWERED
    assert twin.last_request()["headers"]["traceparent"] == TRACE


@pytest.mark.parametrize(
    ("secret", "kind"), [("", Outcome.UNSENDABLE), ("another", Outcome.UNREACHED)], ids=["no secret", "a wrong one"]
)
def test_soap_without_the_right_credential_files_nothing(
    td: Department, monkeypatch: pytest.MonkeyPatch, secret: str, kind: str
) -> None:
    monkeypatch.setenv("TD_SECRET", secret)
    twin = Department(td.twins, code="td-soap")
    twin.ask_for("basic")
    td.settings = {"auth": {"scheme": "basic", "username": "ferry"}}
    delivery = soap(td, credentials="TD_SECRET")
    outcome = SoapConnector().send(delivery)
    twin.ask_for("open")
    assert (outcome.kind, td.twins.effects("td-soap", delivery.receipt)) == (kind, [])
