"""Batches in the database: when they leave, who is in them, and who decides in a race."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from services.gateway import batches, story
from services.gateway.batch_files import CsvFormat, sha256_of
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.registry import connectors
from services.gateway.delivery import delivery_of
from services.gateway.models import Batch, BatchRecord, ServiceCall
from services.registry.models import Backend
from services.registry.windows import HONG_KONG
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall

pytestmark = pytest.mark.django_db(transaction=True)
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
LATER = timedelta(minutes=5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HONG_KONG)


def scheduled(**schedule: Any) -> Backend:
    return Backend(code="td-sftp-batch", settings=schedule, service_window=schedule.pop("window", None))


@pytest.fixture
def collected(make_call: MakeCall) -> Callable[..., ServiceCall]:
    """Makes a call that is in the next batch."""

    def make(**values: Any) -> ServiceCall:
        call = make_call("sftp-batch", **values)
        delivering.deliver(call.pk)
        return ServiceCall.objects.select_related("backend", "version", "function").get(pk=call.pk)

    return make


# --- When -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-03-03 12:00", "2026-03-03 09:00", "2026-03-03 18:00"),
        ("2026-03-03 18:00", "2026-03-03 18:00", "2026-03-04 09:00"),
        ("2026-03-07 12:00", "2026-03-06 18:00", "2026-03-09 09:00"),  # a Saturday
    ],
)
def test_batches_leave_on_schedule_in_hong_kong_time(now: str, last: str, following: str) -> None:
    backend = scheduled(departures=["18:00", "09:00"], days=WORKDAYS)
    backend.pk = 0
    assert batches.last_departure(backend, at(now)) == at(last)
    assert batches.next_departure(backend, at(now)) == at(following)


def test_batches_leave_every_so_many_minutes() -> None:
    backend = scheduled(every_minutes=15)
    backend.pk = 0
    assert batches.last_departure(backend, at("2026-03-03 12:07")) == at("2026-03-03 12:00")
    assert batches.next_departure(backend, at("2026-03-03 23:50")) == at("2026-03-04 00:00")


def test_no_batch_leaves_on_a_general_holiday_where_the_schedule_says_so() -> None:
    backend = scheduled(departures=["09:00"], general_holidays="closed")
    backend.pk = 0
    assert batches.next_departure(backend, at("2026-12-24 10:00")) == at("2026-12-27 09:00")


def test_a_departure_while_the_counter_is_closed_waits_until_it_opens() -> None:
    backend = scheduled(departures=["06:00"], window={"tue": [["09:00", "17:00"]]})
    backend.pk = 0
    assert batches.next_departure(backend, at("2026-03-03 05:00")) == at("2026-03-03 09:00")


# --- Who is in it ---------------------------------------------------------------------------------
def test_a_collected_call_waits_and_says_when_it_leaves(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    assert (call.status, call.trouble, call.answer) == ("waiting", "batch", None)
    assert call.due_at == batches.next_departure(call.backend, call.batch_record.added_at)
    assert "Until then you can take it back" in story.status_message(call)


def test_a_call_that_is_sent_twice_stands_in_the_batch_once(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    again = connectors["sftp-batch"].send(delivery_of(call))
    assert (again.kind, again.trouble) == (Outcome.ANSWERED, "batch")
    assert BatchRecord.objects.count() == 1


def test_a_call_found_not_to_have_arrived_leaves_with_another_batch(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    first = batches.seal(call.backend, timezone.now() + LATER, CsvFormat())
    assert first is not None
    Batch.objects.filter(pk=first.pk).update(state=Batch.State.SENT, sent_at=timezone.now())
    ServiceCall.objects.filter(pk=call.pk).update(status="accepted", due_at=timezone.now())
    delivering.deliver(call.pk)
    second = batches.seal(call.backend, timezone.now() + LATER, CsvFormat())
    assert second is not None
    assert (second.number, second.record_count) == (first.number + 1, 1)


def test_a_record_added_after_the_departure_waits_for_the_next(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    assert batches.seal(call.backend, call.batch_record.added_at - timedelta(seconds=1), CsvFormat()) is None
    assert batches.seal(call.backend, call.batch_record.added_at, CsvFormat())


def test_only_a_call_that_is_known_to_wait_is_sealed(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    ServiceCall.objects.filter(pk=call.pk).update(status="accepted")
    assert batches.seal(call.backend, timezone.now() + LATER, CsvFormat()) is None


def test_the_file_is_made_again_from_its_rows_byte_for_byte(collected: Callable[..., ServiceCall]) -> None:
    collected(form={"licence_number": "AB1", "note": "一\n二"})
    call = collected(form={"licence_number": "AB2"})
    batch = batches.seal(call.backend, timezone.now() + LATER, CsvFormat())
    assert batch is not None
    content = batches.content_of(Batch.objects.get(pk=batch.pk), CsvFormat())
    assert content is not None
    assert sha256_of(content) == batch.sha256
    assert content.count(b"\r\n") == 3


def test_a_layout_that_was_changed_after_the_sealing_is_noticed(collected: Callable[..., ServiceCall]) -> None:
    call = collected()
    batch = batches.seal(call.backend, timezone.now() + LATER, CsvFormat())
    assert batch is not None
    assert batches.content_of(batch, CsvFormat(columns=("RECEIPT_NO",))) is None


def test_batches_are_numbered_by_backend(collected: Callable[..., ServiceCall]) -> None:
    numbers = []
    for _ in range(2):
        batch = batches.seal(collected().backend, timezone.now() + LATER, CsvFormat())
        assert batch is not None
        numbers.append((batch.number, batch.file_name))
    assert numbers == [(1, "td-sftp-batch-000001.csv"), (2, "td-sftp-batch-000002.csv")]


# --- Taking back ----------------------------------------------------------------------------------
def test_a_call_can_be_taken_back_until_its_batch_is_sealed(collected: Callable[..., ServiceCall]) -> None:
    first, second = collected(), collected()
    assert batches.take_back(first.receipt)
    batch = batches.seal(first.backend, timezone.now() + LATER, CsvFormat())
    assert batch is not None
    assert batch.record_count == 1
    assert not batches.take_back(second.receipt)


def test_what_was_never_in_a_batch_cannot_be_taken_out(make_call: MakeCall) -> None:
    assert not batches.take_back(make_call("sftp-batch").receipt)


def test_of_taking_back_and_sealing_at_once_one_wins(collected: Callable[..., ServiceCall]) -> None:
    calls = [collected() for _ in range(12)]
    backend = calls[0].backend

    def take_back(call: ServiceCall) -> bool:
        try:
            return batches.take_back(call.receipt)
        finally:
            connection.close()

    def seal() -> None:
        try:
            batches.seal(backend, timezone.now() + LATER, CsvFormat())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        taken = [workers.submit(take_back, call) for call in calls[:6]]
        sealing = workers.submit(seal)
        taken += [workers.submit(take_back, call) for call in calls[6:]]
        sealing.result()
    for call, answer in zip(calls, taken, strict=True):
        assert answer.result() is not BatchRecord.objects.filter(call=call, batch__isnull=False).exists()


# --- Asking ---------------------------------------------------------------------------------------
def test_a_look_up_knows_whether_a_call_is_in_a_batch(
    collected: Callable[..., ServiceCall], make_call: MakeCall
) -> None:
    connector, never = connectors["sftp-batch"], make_call("sftp-batch")
    assert connector.lookup(delivery_of(collected())).kind == Outcome.ANSWERED
    assert connector.lookup(delivery_of(never)).kind == Outcome.UNKNOWN_RECEIPT


def test_a_form_with_letters_that_the_file_cannot_hold_is_refused_by_field(make_call: MakeCall) -> None:
    call = make_call("sftp-batch", {"licence_number": "AB1", "note": "𨋢"})
    call.backend.settings["encoding"] = "big5"
    assert [set(misfit.names) for misfit in connectors["sftp-batch"].misfits(delivery_of(call))] == [{"note"}]


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"every_minutes": 5, "departures": ["09:00"]}, "/departures"),
        ({}, "/departures"),
        ({"every_minutes": 5, "host_key": "ssh-ed25519 nonsense"}, "/host_key"),
        ({"every_minutes": 5, "format": "fixed-width"}, "/layout"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    backend: Callable[..., Backend], settings: dict[str, Any], place: str
) -> None:
    made = backend("sftp-batch")
    made.settings = {"host_key": made.settings["host_key"], **settings}
    with pytest.raises(ValueError, match=f"^{place}"):
        connectors["sftp-batch"].check_backend(made)


@pytest.mark.parametrize(
    "request_map",
    [{}, {"record": {}}, {"record": {"A": "=form.a"}}, {"record": {"A": "=receipt", "B": {"c": 1}}}, {"body": {}}, []],
)
def test_a_mapping_that_makes_no_record_is_refused(request_map: Any) -> None:
    with pytest.raises(ValueError, match=r"^/"):
        connectors["sftp-batch"].check_request(request_map)
