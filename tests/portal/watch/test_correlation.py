"""One id from the browser's request, through Celery, to what reached the department."""

import re
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import OperationalError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from portal.celery import app
from services import traces
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.portal.web.doing.conftest import citizen, function, send, signed_in  # noqa: F401  # fixtures
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{SPAN}-01"


def told(twins: Twins, call: ServiceCall) -> list[str]:
    """What the department was told of the trace, oldest first."""
    entries = twins.get(f"_twins/{call.backend.code}/ledger", receipt=call.receipt).json()["entries"]
    return [entry["traceparent"] for entry in entries]


@pytest.mark.parametrize(
    "header",
    [
        "", "rubbish", GIVEN.upper(), f" {GIVEN}", f"{GIVEN}\n", f"{GIVEN}-more", f"ff{GIVEN[2:]}",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE[1:]}-{SPAN}-01", f"01{GIVEN[2:]}more",
    ],
)  # fmt: skip
def test_a_header_that_is_not_in_order_is_ignored(header: str) -> None:
    assert traces.parse(header) is None


def test_a_later_version_is_read_as_far_as_we_know_it() -> None:
    found = traces.parse(f"cc-{TRACE}-{SPAN}-03-what-comes-later")
    assert found is not None
    assert traces.header_of(found) == GIVEN


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = traces.parse(text)
    assert found is None or found.is_valid


def test_an_answer_names_the_trace_that_the_browser_gave(client: Client) -> None:
    answer = client.get("/health/live", headers={"traceparent": GIVEN})
    assert answer.headers["X-Request-Id"] == TRACE
    own = traces.parse(answer.headers["traceresponse"])
    assert own is not None
    assert (f"{own.trace_id:032x}", f"{own.span_id:016x}" != SPAN) == (TRACE, True)


def test_requests_without_a_trace_each_begin_their_own(client: Client) -> None:
    ids = {client.get("/health/live").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_an_error_page_shows_the_number_under_which_the_log_knows_it(client: Client, db: None) -> None:
    page = client.get("/en/no-such-page/", headers={"traceparent": GIVEN})
    assert f">{TRACE}<" in page.content.decode()


def test_a_broken_page_shows_it_without_the_database(client: Client, settings: Any, monkeypatch: Any) -> None:
    client.raise_request_exception = False

    def fails(*_: object) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", fails)
    page = client.get("/en/departments/", headers={"traceparent": GIVEN})
    assert (page.status_code, f">{TRACE}<" in page.content.decode()) == (503, True)


def test_nothing_is_left_behind_for_the_next_request(client: Client) -> None:
    client.get("/health/live", headers={"traceparent": GIVEN})
    assert traces.current() is None


def test_a_form_that_is_sent_keeps_the_trace_of_its_request(signed_in: Client, function: ServiceFunction) -> None:  # noqa: F811
    signed_in.defaults["HTTP_TRACEPARENT"] = GIVEN
    call = send(signed_in, function)
    assert call.traceparent.startswith(f"00-{TRACE}-")
    assert call.traceparent != GIVEN


def test_a_call_through_the_api_keeps_it_too(client: Client, db: None, make_call: MakeCall) -> None:
    path = f"/api/v1/functions/{make_call().function.code}/calls/"
    headers = {"traceparent": GIVEN, "Idempotency-Key": "one"}
    answer = client.post(path, {"licence_number": "AB1", "note": "x"}, "application/json", headers=headers)
    assert answer.status_code == 202
    assert ServiceCall.objects.get(receipt=answer.json()["receipt"]).traceparent.startswith(f"00-{TRACE}-")


@pytest.mark.django_db(transaction=True)
def test_each_attempt_tells_the_department_the_trace_with_an_id_of_its_own(make_call: MakeCall, twins: Twins) -> None:
    call = make_call(traceparent=GIVEN)
    twins.set_mode("td-rest", "drop_after_accept")
    delivering.deliver(call.pk)
    twins.set_mode("td-rest", "ok")
    ServiceCall.objects.update(due_at=call.accepted_at)
    delivering.deliver(call.pk)
    first, second = told(twins, call)
    assert first.startswith(f"00-{TRACE}-")
    assert second.startswith(f"00-{TRACE}-")
    assert len({GIVEN, first, second}) == 3


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_carries_the_browsers_id_to_the_department(
    client: Client, make_call: MakeCall, twins: Twins
) -> None:
    path = f"/api/v1/functions/{make_call(status='waiting').function.code}/calls/"
    headers = {"traceparent": GIVEN, "Idempotency-Key": "one"}
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=2, queues=["calls"]):
        answer = client.post(path, {"licence_number": "AB1", "note": "x"}, "application/json", headers=headers)
        call = ServiceCall.objects.get(receipt=answer.json()["receipt"])
        events: Any = client.get(f"/api/v1/calls/{call.receipt}/events")
        assert list(events.streaming_content)  # the stream ends when the call does
    (header,) = told(twins, call)
    assert header.startswith(f"00-{TRACE}-")


def test_a_look_up_belongs_to_the_trace_of_the_call(make_call: MakeCall, twins: Twins, transactional_db: None) -> None:
    from services.gateway import recovery

    call = make_call(traceparent=GIVEN, status="in_doubt")
    recovery.settle_in_doubt(call.pk)
    assert call.attempts.get().kind == "lookup"
    assert traces.current() is None
