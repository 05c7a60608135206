"""Batches over a real wire that breaks: a portal and a department that both may be cut off anywhere."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import asyncssh
import pytest
from django.db import connection
from django.utils import timezone

from services.gateway import batches, tasks
from services.gateway.batch_files import CsvFormat
from services.gateway.connectors.base import BatchConnector
from services.gateway.connectors.registry import connectors
from services.gateway.errors import ExchangeFailed
from services.gateway.models import Attempt, Batch, BatchRecord, Lane, ServiceCall
from services.registry.models import Backend
from tests.services.gateway.batching import Department

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_batch_whose_every_rename_goes_unconfirmed_is_filed_once(department: Department) -> None:
    department.collect(3)
    department.twins.set_mode(department.backend.code, "drop_after_accept")
    department.exchange()  # the data is there, and nobody said so
    assert department.files("in") == ["td-sftp-batch-000001.csv"]
    department.exchange()  # and so the manifest
    department.until(lambda: department.files("in") == [], "the department has taken it")
    assert department.batch().state == "sealed"
    department.twins.set_mode(department.backend.code, "ok")
    department.until_answered()
    department.exchange()
    assert (department.statuses(), department.filings()) == (["completed"] * 3, [1, 1, 1])
    assert len(department.files("archive")) == 2


def test_a_batch_that_left_without_our_knowing_is_known_by_its_answer(department: Department) -> None:
    department.collect(2)
    department.exchange()
    department.until_answered()
    Batch.objects.update(state="sealed", sent_at=None)
    for path in (department.folder / "archive").iterdir():  # a department that keeps none
        path.unlink()
    department.exchange()
    assert (department.statuses(), department.filings()) == (["completed"] * 2, [1, 1])
    assert department.batch().state == "answered"


@pytest.mark.parametrize("mode", ["down", "hang", "error", "garbage", "slow"])
def test_whatever_the_line_does_the_batch_arrives_once_when_it_is_well_again(department: Department, mode: str) -> None:
    Backend.objects.update(timeout_seconds=2, read_timeout_seconds=1)
    department.collect(2)
    department.twins.set_mode(department.backend.code, mode, 300 if mode == "slow" else 0)
    department.exchange()
    department.twins.set_mode(department.backend.code, "ok")
    department.until_settled()
    assert (department.statuses(), department.filings()) == (["completed"] * 2, [1, 1])


def test_answers_that_cannot_be_read_over_the_wire_lose_nothing(department: Department) -> None:
    department.collect(2)
    department.exchange()
    department.until_answered()
    department.twins.set_mode(department.backend.code, "garbage")
    department.exchange()
    assert department.statuses() == ["waiting"] * 2
    department.twins.set_mode(department.backend.code, "ok")
    department.exchange()
    assert department.statuses() == ["completed"] * 2


def test_the_pinned_host_key_is_the_only_one_that_is_believed(department: Department) -> None:
    department.collect(1)
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    Backend.objects.update(settings={**department.backend.settings, "host_key": other})
    department.exchange()
    assert department.files("in") == department.files("archive") == []
    lane = Lane.objects.get(backend=department.backend)
    assert (lane.probe_ok, lane.last_error) == (
        False,
        "the server shows another host key than the one that is pinned",
    )


def test_a_probe_says_what_is_wrong_with_the_host_key(department: Department) -> None:
    connector, backend = connectors["sftp-batch"], department.backend
    assert connector.probe(backend).is_up
    backend.settings["host_key"] = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    assert connector.probe(backend).detail == "the server shows another host key than the one that is pinned"


def test_a_wrong_password_is_said_so(department: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINS_SFTP_PASSWORD", "guessed")
    assert connectors["sftp-batch"].probe(department.backend).detail == "the server does not accept our log-in"


def test_two_exchanges_at_once_put_one_batch_there(department: Department) -> None:
    department.collect(5)

    def exchange(_: int) -> None:
        try:
            tasks.exchange_batch(department.backend.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(exchange, range(4)))
    department.until_settled()
    assert (department.statuses(), department.filings()) == (["completed"] * 5, [1] * 5)
    assert Batch.objects.count() == 1


def test_two_exchanges_without_the_lock_still_put_one_batch_there(department: Department) -> None:
    department.answer("missing")  # nobody writes down here what is learned
    department.collect(5)
    assert batches.seal(department.backend, timezone.now(), CsvFormat())

    def exchange(_: int) -> None:
        try:
            connector = connectors["sftp-batch"]
            assert isinstance(connector, BatchConnector)
            list(connector.exchange(department.backend, timezone.now()))
        except ExchangeFailed:  # whoever comes second finds nothing to rename
            return
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(exchange, range(4)))
    department.answer()
    department.until_settled()
    assert department.filings() == [1] * 5


def test_two_thousand_calls_leave_and_are_answered(department: Department) -> None:
    first = department.make_call("sftp-batch")
    copies = [
        ServiceCall(
            receipt=f"FRY-2000-{number:04}", function=first.function, version=first.version, backend=first.backend,
            caller="session:test", idempotency_key=str(number), payload=first.payload, sent_sha256="0" * 64,
            status="waiting",
        )
        for number in range(2000)
    ]  # fmt: skip
    department.calls = ServiceCall.objects.bulk_create(copies)
    earlier = timezone.now() - timedelta(minutes=2)
    BatchRecord.objects.bulk_create(
        BatchRecord(
            call=call, backend=first.backend, added_at=earlier,
            content={"RECEIPT_NO": call.receipt, "SERVICE_CODE": first.function.code, "NOTE": "一\n\"二\", 三"},
        )
        for call in copies
    )  # fmt: skip
    department.exchange()
    department.until_answered()
    department.exchange()
    assert set(department.statuses()) == {"completed"}
    assert department.batch().state == "answered"
    assert Attempt.objects.filter(kind="answer").count() == 2000


def exchanging(department: Department) -> "subprocess.Popen[bytes]":
    """An exchange in a process of its own, with our database."""
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])
    return subprocess.Popen(
        [sys.executable, "-c", EXCHANGE, str(department.backend.pk)],
        env={**os.environ, "DATABASE_URL": url._replace(path=f"/{name}").geturl()},
    )


EXCHANGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django
django.setup()
from services.gateway import tasks
tasks.exchange_batch(int(sys.argv[1]))
"""


@pytest.mark.parametrize("place", [".csv.part", ".manifest.json.part"])
def test_a_worker_killed_before_a_rename_leaves_nothing_undone_and_nothing_twice(
    department: Department, place: str
) -> None:
    department.answer(holds=place)
    department.collect(3)
    worker = exchanging(department)
    temporary = f".td-sftp-batch-000001.csv{place.removeprefix('.csv')}"
    department.until(lambda: temporary in department.files("in"), "the file is there under its temporary name")
    worker.kill()
    worker.wait()
    department.answer()
    department.until(lambda: can_be_alone(department), "the database has noticed")
    department.exchange()
    department.until_answered()
    department.exchange()
    assert (department.statuses(), department.filings()) == (["completed"] * 3, [1, 1, 1])
    assert department.files("in") == []


def can_be_alone(department: Department) -> bool:
    with batches.alone(department.backend) as is_alone:
        return is_alone


def test_a_worker_killed_before_it_could_write_down_that_the_batch_left_finds_it_out(department: Department) -> None:
    department.answer("missing")
    department.collect(3)
    department.exchange()
    Batch.objects.update(state="sealed", sent_at=None)  # as a crash after the last rename leaves it
    Attempt.objects.filter(kind="batch", call=department.calls[0]).delete()
    department.until(lambda: department.files("in") == [], "the department has taken it")
    department.exchange()
    assert (department.batch().state, department.filings()) == ("sent", [1, 1, 1])
    assert [call.attempts.filter(kind="batch").count() for call in department.calls] == [1, 1, 1]


def test_another_file_of_the_same_name_is_never_overwritten(department: Department) -> None:
    department.collect(1)
    (department.folder / "in" / "td-sftp-batch-000001.csv").write_bytes(b"somebody's")
    department.exchange()
    assert department.batch().trouble == "the folder in has another file of this name"
    assert (department.folder / "in" / "td-sftp-batch-000001.csv").read_bytes() == b"somebody's"
    assert department.statuses() == ["waiting"]


def test_what_kept_a_batch_from_leaving_is_forgotten_once_it_has_left(department: Department) -> None:
    department.collect(1)
    stray = department.folder / "in" / "td-sftp-batch-000001.csv"
    stray.write_bytes(b"somebody's")
    department.exchange()
    stray.unlink()
    department.exchange()
    assert (department.batch().state, department.batch().trouble) == ("sent", "")
