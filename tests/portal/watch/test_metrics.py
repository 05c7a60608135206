"""Row 79 of the comparison: figures by function, form step and backend, that hold for all processes together."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone

from services import figures
from services.forms import figures as form_figures
from services.gateway import figures as call_figures
from services.gateway import flows, gauges, tasks
from services.gateway.connectors.base import News, Outcome
from services.gateway.mapping import Reading
from services.gateway.models import Batch, BatchRecord, Lane
from services.registry.models import Backend
from tests.portal.watch.conftest import Scrape
from tests.portal.web.doing.conftest import citizen, fill_in, function, send, signed_in  # noqa: F401  # fixtures
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

IN_ANOTHER_PROCESS = """
import django
django.setup()
from services.gateway import figures
from tests.services.gateway import delivering
figures.observe_attempt("td-rest", "send", "answered", 0.2)
"""


@pytest.mark.django_db(transaction=True)
def test_a_delivered_call_is_counted_with_its_department_and_its_time(make_call: MakeCall, scrape: Scrape) -> None:
    delivering.deliver(make_call().pk)
    assert scrape("ferry_attempts_total") == {("td-rest", "td", "send", "answered"): 1}
    assert scrape("ferry_attempt_seconds_count") == {("td-rest", "td"): 1}
    assert scrape("ferry_calls_total") == {("td-rest", "td", "completed"): 1}
    assert scrape("ferry_call_seconds_count") == {("td-rest", "td"): 1}


@pytest.mark.django_db(transaction=True)
def test_an_exchange_that_went_wrong_is_counted_by_how(make_call: MakeCall, twins: Twins, scrape: Scrape) -> None:
    twins.set_mode("td-rest", "error")
    delivering.deliver(make_call().pk)
    assert scrape("ferry_attempts_total") == {("td-rest", "td", "send", "ambiguous"): 1}
    assert scrape("ferry_calls_total") == {}


def test_what_another_process_counted_is_in_the_same_figures(db: None, scrape: Scrape) -> None:
    call_figures.observe_attempt("td-rest", "send", "answered", 0.2)
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], env={**_environ(), **environment}, check=True)
    assert scrape("ferry_attempts_total") == {("td-rest", "", "send", "answered"): 2}


def _environ() -> dict[str, str]:
    import os

    from django.conf import settings

    return {**os.environ, "REDIS_URL": settings.REDIS_URL}


def test_buckets_count_upwards_and_the_sum_is_in_seconds(db: None, scrape: Scrape) -> None:
    for seconds in (0.02, 0.3, 400):
        call_figures.observe_attempt("td-rest", "send", "answered", seconds)
    buckets = scrape("ferry_attempt_seconds_bucket")
    assert [buckets["td-rest", "", bound] for bound in ("0.025", "0.25", "0.5", "300.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert scrape("ferry_attempt_seconds_sum") == {("td-rest", ""): pytest.approx(400.32)}


def test_a_broker_that_is_away_for_a_while_loses_nothing(db: None, scrape: Scrape, settings: Any) -> None:
    settings.REDIS_URL, address = "redis://127.0.0.1:9/0", settings.REDIS_URL
    figures._redis.cache_clear()
    call_figures.observe_attempt("td-rest", "send", "answered", 0.2)
    with pytest.raises(redis.RedisError):
        figures.flush()
    settings.REDIS_URL = address
    figures._redis.cache_clear()
    assert scrape("ferry_attempts_total") == {("td-rest", "", "send", "answered"): 1}


def test_whose_a_backend_is_and_what_it_speaks_stands_beside_its_figures(
    db: None, backend: Callable[..., Backend], scrape: Scrape
) -> None:
    backend("soap")
    assert scrape("ferry_backend_info") == {("td-soap", "soap", "td"): 1}


def test_a_batch_handed_over_twice_counts_once(counted: "redis.Redis") -> None:
    for _ in range(2):
        counted.eval(figures.ADD, 2, figures.HASH, "figures:one-batch", 60, "ferry_x", 3)
    assert figures.read() == {("ferry_x",): 3}


def test_a_form_is_followed_from_step_to_step(signed_in: Client, function: Any, scrape: Scrape) -> None:  # noqa: F811
    fill_in(signed_in, function, mark="")
    send(signed_in, function)
    steps = scrape("ferry_form_steps_total")
    assert steps == {
        (function.code, "shown"): 2,
        **{(function.code, step): 1 for step in ("mistake", "review", "sent")},
    }
    assert scrape("ferry_form_mistakes_total") == {("vehicle_mark",): 1}


def test_a_request_is_counted_by_its_view_never_by_its_address(client: Client, db: None, scrape: Scrape) -> None:
    client.get("/en/functions/nothing-of-this-name/")
    client.get("/health/live")
    counted = scrape("ferry_http_requests_total")
    assert counted["4xx", "web:function"] == 1
    assert scrape("ferry_http_request_seconds_count")["web:function",] == 1


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_shown_by_backend(make_call: MakeCall, scrape: Scrape) -> None:
    now = timezone.now()
    make_call(accepted_at=now - timedelta(minutes=7))
    make_call(trouble="closed", due_at=now + timedelta(hours=3))
    make_call(status="in_doubt")
    make_call(status="waiting")
    backend = ("td-rest",)
    assert scrape("ferry_queue_length") == {backend: 1}
    assert scrape("ferry_queue_dated") == {backend: 1}
    assert scrape("ferry_in_doubt") == {backend: 1}
    assert scrape("ferry_waiting") == {backend: 1}
    assert 420 <= scrape("ferry_queue_age_seconds")[backend] < 480


@pytest.mark.parametrize(("minutes", "state"), [(1, 2), (-1, 1)])
def test_an_open_breaker_is_2_and_one_that_tries_again_is_1(
    db: None, backend: Callable[..., Backend], scrape: Scrape, minutes: int, state: int
) -> None:
    Lane.objects.create(backend=backend(), failures=9, open_until=timezone.now() + timedelta(minutes=minutes))
    assert scrape("ferry_breaker_state") == {("td-rest",): state}


@pytest.mark.django_db(transaction=True)
def test_a_batch_whose_answer_is_late_is_overdue(make_call: MakeCall, scrape: Scrape) -> None:
    call = make_call(status="waiting", due_at=timezone.now() - timedelta(minutes=1))
    batch = Batch.objects.create(backend=call.backend, number=1, file_name="one.txt", record_count=1, sha256="0" * 64)
    BatchRecord.objects.create(call=call, backend=call.backend, batch=batch, line=1, content={})
    assert scrape("ferry_batches_overdue") == {("td-rest",): 1}


def test_what_waits_is_found_without_reading_what_is_done(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in gauges.QUERIES:
            cursor.execute(f"EXPLAIN {query}", {"now": timezone.now()})
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on gateway_servicecall" not in plan
            assert any(name in plan for name in ("call_queue", "call_due", "call_awaited", "call_in_flight"))


def test_a_scrape_asks_the_database_as_often_for_many_calls_as_for_none(
    client: Client, db: None, make_call: MakeCall, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_call(status="waiting")
    with django_assert_max_num_queries(8):
        client.get("/metrics")


def test_without_the_broker_counters_are_missing_rather_than_zero(client: Client, db: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    figures._redis.cache_clear()
    text = client.get("/metrics").content.decode()
    figures._redis.cache_clear()
    assert 'ferry_part_up{part="broker"} 0.0' in text
    assert "ferry_attempts" not in text


def test_a_label_cannot_break_out_of_its_field(counted: "redis.Redis") -> None:
    form_figures.observe_step("a" + figures.SEPARATOR + "b" * 200, "shown")
    figures.flush()
    assert list(figures.read()) == [("ferry_form_steps", "a" + "b" * 78, "shown")]


@pytest.mark.parametrize(("token", "status"), [("", 401), ("Bearer wrong", 401), ("Bearer right", 200)])
def test_with_a_token_set_only_its_bearer_reads_the_figures(
    client: Client, db: None, settings: Any, token: str, status: int
) -> None:
    settings.METRICS_TOKEN = "right"
    assert client.get("/metrics", headers={"Authorization": token}).status_code == status


@pytest.mark.django_db(transaction=True)
def test_an_end_that_no_delivery_of_ours_brought_is_counted_once(make_call: MakeCall, scrape: Scrape) -> None:
    call = make_call(status="waiting")
    tasks._write_down(
        call.backend, News(call.receipt, Outcome(Outcome.ANSWERED, Reading("completed", 0, {})), "answer")
    )
    assert scrape("ferry_calls_total") == {("td-rest", "td", "completed"): 1}
    assert scrape("ferry_attempts_total") == {("td-rest", "td", "answer", "answered"): 1}
    assert scrape("ferry_attempt_seconds_count") == {}


@pytest.mark.django_db(transaction=True)
def test_a_call_taken_back_is_counted_as_such(make_call: MakeCall, scrape: Scrape) -> None:
    call = make_call()
    flows.withdraw(call, callers=[call.caller])
    assert scrape("ferry_calls_total") == {("td-rest", "td", "withdrawn"): 1}
