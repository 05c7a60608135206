"""Batches over the real wire: what leaves, and what an answer file changes, whatever is wrong with it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from services.gateway import story, tasks
from services.gateway.batch_files import CsvFormat, Manifest, sha256_of
from services.gateway.connectors.registry import connectors
from services.gateway.delivery import delivery_of
from services.gateway.models import Batch, BatchRecord, ServiceCall
from tests.services.gateway import delivering
from tests.services.gateway.batching import Department

pytestmark = pytest.mark.django_db(transaction=True)


def test_calls_leave_together_and_each_is_answered(department: Department) -> None:
    department.collect(3)
    department.exchange()
    department.until_answered()
    department.exchange()
    assert department.statuses() == ["completed"] * 3
    assert department.filings() == [1, 1, 1]


# --- What comes back is not what it should be ------------------------------------------------------
@pytest.mark.parametrize("fault", ["half-written", "truncated"])
def test_half_an_answer_file_settles_nothing_and_the_whole_one_everything(department: Department, fault: str) -> None:
    department.answer(fault)
    department.collect(4)
    department.exchange()
    department.until(lambda: department.files("out") != [], "half of it is there")
    department.exchange()
    assert department.statuses() == ["waiting"] * 4
    assert "not complete: td-sftp-batch-000001-answers.csv" in department.batch().trouble
    department.answer("none")
    department.until(lambda: department.answer()["owed"] == [], "all of it is there")
    department.exchange()
    assert (department.statuses(), department.batch().trouble) == (["completed"] * 4, "")


def test_an_answer_file_that_comes_twice_with_every_line_twice_settles_each_call_once(department: Department) -> None:
    department.answer("duplicated")
    department.collect(3)
    department.exchange()
    department.until_answered(2)
    department.exchange()
    department.exchange()
    assert department.statuses() == ["completed"] * 3
    assert [call.attempts.filter(kind="answer").count() for call in department.calls] == [1, 1, 1]
    assert (department.filings(), department.batch().trouble) == ([1, 1, 1], "")


def test_answers_in_another_order_go_to_their_own_calls(department: Department) -> None:
    department.answer("reordered")
    department.calls = [department.make_call("sftp-batch", {"licence_number": mark}) for mark in ("AB1", "VOID-1")]
    for call in department.calls:
        delivering.deliver(call.pk)
    BatchRecord.objects.update(added_at=timezone.now() - timedelta(minutes=2))
    department.exchange()
    department.until_answered()
    department.exchange()
    assert department.statuses() == ["completed", "rejected"]


def test_a_call_whose_line_is_missing_goes_on_waiting_until_its_answer_comes(department: Department) -> None:
    department.answer("missing-line")
    department.collect(3)
    department.exchange()
    department.until_answered()
    department.exchange()
    assert department.statuses() == ["waiting", "completed", "completed"]
    assert department.batch().state == "sent"
    department.answer("none")
    department.until(lambda: department.answer()["owed"] == [], "the rest has come")
    department.exchange()
    assert (department.statuses(), department.batch().state) == (["completed"] * 3, "answered")


def test_a_batch_without_an_answer_is_reported_as_overdue(department: Department) -> None:
    department.answer("missing")
    department.collect(2)
    department.exchange()
    Batch.objects.update(sent_at=timezone.now() - timedelta(hours=49))
    department.exchange()
    assert department.batch().trouble == "overdue: 2 of 2 records have no answer"
    assert department.statuses() == ["waiting", "waiting"]


def put_answers(department: Department, name: str, rows: list[dict[str, str]]) -> None:
    """As the department would, but with what it would not say."""
    content = CsvFormat().write(rows)
    (department.folder / "out" / name).write_bytes(content)
    manifest = Manifest(name, 1, len(rows), sha256_of(content)).to_bytes()
    (department.folder / "out" / f"{name}.manifest.json").write_bytes(manifest)


def test_an_unknown_receipt_is_written_down_and_changes_nothing(department: Department) -> None:
    department.answer("missing")
    department.collect(1)
    department.exchange()
    put_answers(department, "strange.csv", [{"RECEIPT_NO": "FRY-NOBODY", "OUTCOME": "ACCEPTED", "CASE_NO": "TD-1"}])
    department.exchange()
    assert department.batch().trouble == "strange.csv record 1: no such receipt in a batch of ours"
    assert department.statuses() == ["waiting"]


def test_the_receipt_of_another_backend_is_unknown_here(department: Department) -> None:
    other = department.make_call("rest")
    department.collect(1)
    department.exchange()
    put_answers(department, "strange.csv", [{"RECEIPT_NO": other.receipt, "OUTCOME": "ACCEPTED", "CASE_NO": "TD-1"}])
    department.exchange()
    assert ServiceCall.objects.get(pk=other.pk).status == "accepted"
    assert "strange.csv record 1: no such receipt" in department.batch().trouble


def test_a_second_opinion_never_changes_a_settled_call(department: Department) -> None:
    [call] = department.collect(1)
    department.exchange()
    department.until_answered()
    department.exchange()
    before = ServiceCall.objects.get(pk=call.pk).answer
    put_answers(department, "other.csv", [{"RECEIPT_NO": call.receipt, "OUTCOME": "REFUSED", "REASON": "No."}])
    department.exchange()
    after = ServiceCall.objects.get(pk=call.pk)
    assert (after.status, after.answer) == ("completed", before)
    assert department.batch().trouble == "other.csv record 1: the call was settled otherwise before"


def test_a_line_that_no_rule_understands_keeps_its_call_waiting(department: Department) -> None:
    department.answer("missing")
    [call] = department.collect(1)
    department.exchange()
    put_answers(department, "odd.csv", [{"RECEIPT_NO": call.receipt, "OUTCOME": "PERHAPS"}])
    department.exchange()
    assert department.statuses() == ["waiting"]
    assert department.batch().trouble == "odd.csv record 1: no rule understands it"


def test_read_files_are_put_away(department: Department) -> None:
    department.collect(1)
    department.exchange()
    department.until_answered()
    department.exchange()
    assert department.files("out") == []
    assert len(department.files("done")) == 2


def test_a_read_file_that_cannot_be_put_away_is_not_read_again(department: Department) -> None:
    department.collect(1)
    department.exchange()
    department.until_answered()
    for name in department.files("out"):
        (department.folder / "done" / name).touch()  # so the name is taken
    department.exchange()
    department.exchange()
    assert [call.attempts.filter(kind="answer").count() for call in department.calls] == [1]


def test_a_file_whose_putting_away_was_cut_off_half_way_is_finished(department: Department) -> None:
    department.collect(1)
    department.exchange()
    department.until_answered()
    [manifest] = department.manifests()
    name = manifest.removesuffix(".manifest.json")
    kept = (department.folder / "out" / manifest).read_bytes()
    department.exchange()
    (department.folder / "done" / manifest).unlink()
    (department.folder / "out" / manifest).write_bytes(kept)
    department.exchange()
    assert (department.files("out"), department.batch().trouble) == ([], "")
    assert name in department.files("done")


# --- What the attempts show -----------------------------------------------------------------------
def test_every_call_shows_when_it_left_and_when_its_answer_came(department: Department) -> None:
    [call] = department.collect(1)
    department.exchange()
    department.until_answered()
    department.exchange()
    found = list(call.attempts.values_list("kind", "detail"))
    assert found == [
        ("send", "collected"),
        ("batch", "td-sftp-batch-000001.csv record 1"),
        ("answer", "td-sftp-batch-000001-answers.csv record 1"),
    ]
    assert call.attempts.get(kind="batch").sent_sha256 == department.batch().sha256


# --- When somebody looks --------------------------------------------------------------------------
@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Backends whose exchange the clockwork began; the broker that would carry it there is stood in for."""
    found: list[int] = []
    monkeypatch.setattr(tasks.exchange_batch, "delay", found.append)
    cache.clear()
    return found


def test_an_exchange_begins_when_a_batch_has_to_leave(department: Department, begun: list[int]) -> None:
    tasks.exchange_batches()
    assert begun == []
    department.collect(1)
    tasks.exchange_batches()
    assert begun == [department.backend.pk]


def test_answers_are_looked_for_as_often_as_the_backend_says(department: Department, begun: list[int]) -> None:
    department.answer("missing")
    department.collect(1)
    department.exchange()
    for _ in range(3):
        tasks.exchange_batches()
    assert begun == [department.backend.pk]


def test_nothing_leaves_while_the_counter_is_closed(department: Department) -> None:
    department.collect(1)
    now = timezone.now()
    department.backend.maintenances.create(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))
    department.exchange()
    assert not Batch.objects.exists()
    assert department.statuses() == ["waiting"]


def test_an_officers_try_stands_in_no_batch(department: Department) -> None:
    call = department.make_call("sftp-batch")
    sent = replace(delivery_of(call), receipt="TRY-0000")
    sent = replace(sent, context={**sent.context, "receipt": "TRY-0000"})
    outcome = connectors["sftp-batch"].send(sent)
    assert (outcome.kind, "TRY-0000" in outcome.exchange["sent"]) == ("answered", True)
    assert not BatchRecord.objects.exists()


# --- What people read -----------------------------------------------------------------------------
def test_the_person_reads_first_when_it_leaves_and_then_when_the_answer_comes(department: Department) -> None:
    [call] = department.collect(1)
    before = ServiceCall.objects.get(pk=call.pk)
    department.answer("missing")
    department.exchange()
    after = ServiceCall.objects.get(pk=call.pk)
    assert before.get_status_display() == "Waiting for the next batch"
    assert after.get_status_display() == "With the department"
    assert "leaves with the department's next batch on" in story.status_message(before)
    assert story.status_message(after).startswith("The department has your form. Its answer usually comes by")
    labels = [step.label for step in story.timeline(after)]
    assert labels[-2:] == ["Transport Department has your form", "The answer"]
