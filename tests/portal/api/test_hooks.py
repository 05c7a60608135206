"""A department speaks by itself: signed, once, and only about its own calls."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from services.gateway import delivery, story, webhook_signature
from services.gateway.connectors.base import Outcome
from services.gateway.models import Attempt, HookEvent, ServiceCall
from services.registry.models import Backend, ServiceFunction
from tests.factories import BackendFactory, ServiceFunctionFactory, version_of
from tests.portal.api.conftest import post_call
from tests.portal.api.test_calls import code_of

ANSWER = {"outcome": "ACCEPTED", "caseNo": "TD-2026-0000001"}
PROGRESS = {"en": "An officer has begun.", "zh-hant": "職員已開始處理。", "zh-hans": "工作人员已开始处理。"}


@pytest.fixture
def backend(db: None) -> Backend:
    made = BackendFactory()
    made.settings["webhook_secret"] = "TWINS_WEBHOOK_SECRET"
    made.save()
    return made


@pytest.fixture
def call(api: Client, backend: Backend) -> ServiceCall:
    """Sent, and the department said that its answer comes later."""
    function = ServiceFunctionFactory(department=backend.department)
    post_call(api, function.code)
    call = ServiceCall.objects.get()
    delivery.record(call, Attempt.Kind.SEND, 1, Outcome(Outcome.ANSWERED), timezone.now(), 5)
    call.status = "waiting"
    call.save()
    return call


def tell(backend: str, message: Any, *, message_id: str = "msg_1", at: int | None = None, forged: str = "") -> Any:
    """Post a message with the signature of whoever knows the secret, or with a forged one."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    at = int(timezone.now().timestamp()) if at is None else at
    (key,) = webhook_signature.keys_of(os.environ["TWINS_WEBHOOK_SECRET"])
    signed = {
        "webhook-id": message_id, "webhook-timestamp": str(at),
        "webhook-signature": forged or webhook_signature.sign(key, message_id, at, body),
    }  # fmt: skip
    return Client(enforce_csrf_checks=True).post(
        f"/api/v1/hooks/{backend}/", body, content_type="application/json", headers=signed
    )


def about(call: ServiceCall, kind: str = "answer", body: Any = ANSWER) -> dict[str, Any]:
    return {"receipt": call.receipt, "kind": kind, "body": body}


# --- The answer -----------------------------------------------------------------------------------
def test_an_answer_completes_the_call(call: ServiceCall) -> None:
    answer = tell(call.backend.code, about(call))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "completed"})
    call.refresh_from_db()
    assert (call.status, call.answer["values"]["case_number"]) == ("completed", "TD-2026-0000001")


def test_its_exchange_is_on_record_with_the_fingerprint_of_what_came(call: ServiceCall) -> None:
    tell(call.backend.code, about(call))
    attempt = call.attempts.get(kind="answer")
    assert (attempt.outcome, len(attempt.received_sha256)) == ("answered", 64)


def test_the_departments_no_is_an_answer_too(call: ServiceCall) -> None:
    said = {"outcome": "REFUSED", "reasonCode": "NOT_ON_RECORD", "reason": "No such licence."}
    assert tell(call.backend.code, about(call, body=said)).json() == {"outcome": "rejected"}


@pytest.mark.parametrize("status", ["in_doubt", "delivering", "failed"])
def test_the_departments_word_settles_whatever_we_thought(call: ServiceCall, status: str) -> None:
    lease = {"lease": call.pk, "lease_until": timezone.now()} if status == "delivering" else {}
    finished = timezone.now() if status == "failed" else None
    ServiceCall.objects.filter(pk=call.pk).update(status=status, finished_at=finished, **lease)
    tell(call.backend.code, about(call))
    call.refresh_from_db()
    assert (call.status, call.lease) == ("completed", None)


@pytest.mark.parametrize("status", ["completed", "rejected", "failed", "withdrawn"])
def test_what_is_final_is_never_changed(call: ServiceCall, status: str) -> None:
    closed = timezone.now() if status == "failed" else None
    ServiceCall.objects.filter(pk=call.pk).update(status=status, finished_at=timezone.now(), closed_at=closed)
    assert tell(call.backend.code, about(call)).json() == {"outcome": "unchanged"}
    call.refresh_from_db()
    assert (call.status, call.answer) == (status, None)


def test_an_answer_that_no_rule_knows_changes_nothing_and_may_be_sent_again(call: ServiceCall) -> None:
    answer = tell(call.backend.code, about(call, body={"outcome": "PERHAPS"}))
    assert (answer.status_code, code_of(answer)) == (422, "not-understood")
    assert not HookEvent.objects.exists()
    assert tell(call.backend.code, about(call)).json() == {"outcome": "completed"}


def test_a_call_that_never_left_cannot_have_been_answered(call: ServiceCall) -> None:
    call.attempts.all().delete()
    ServiceCall.objects.update(status="accepted")
    answer = tell(call.backend.code, about(call))
    assert (answer.status_code, code_of(answer)) == (409, "not-delivered")
    assert ServiceCall.objects.get().status == "accepted"


# --- Progress -------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", list(PROGRESS))
def test_progress_is_a_line_of_the_story_in_each_language(api: Client, call: ServiceCall, language: str) -> None:
    assert tell(call.backend.code, about(call, "progress", PROGRESS)).json() == {"outcome": "progress"}
    told = api.get(f"/api/v1/calls/{call.receipt}/", {"lang": language}).json()
    assert PROGRESS[language] in [step["label"] for step in told["timeline"]]
    assert told["status"] == "waiting"


def test_what_a_department_writes_is_shown_as_text(api: Client, call: ServiceCall) -> None:
    tell(call.backend.code, about(call, "progress", {**PROGRESS, "en": "<b>Bold</b>"}))
    assert "&lt;b&gt;Bold" in api.get(f"/en/calls/{call.receipt}/").content.decode()


@pytest.mark.parametrize(
    "body",
    [None, "begun", [], {}, {"en": "begun"}, {**PROGRESS, "en": ""}, {**PROGRESS, "en": 7}, {**PROGRESS, "fr": "x"},
     {**PROGRESS, "en": "x" * 301}, {**PROGRESS, "en": "a\u202eb"}, {**PROGRESS, "en": "a\u0000b"}],
)  # fmt: skip
def test_progress_that_is_no_line_in_three_languages_is_refused(call: ServiceCall, body: Any) -> None:
    assert code_of(tell(call.backend.code, about(call, "progress", body))) == "not-understood"
    assert not HookEvent.objects.exists()


def test_a_story_does_not_grow_without_end(call: ServiceCall) -> None:
    lines = [
        HookEvent(backend=call.backend, event_id=str(n), call=call, outcome="progress", words=PROGRESS)
        for n in range(50)
    ]
    HookEvent.objects.bulk_create(lines)
    assert tell(call.backend.code, about(call, "progress", PROGRESS)).json() == {"outcome": "unchanged"}


def test_after_the_answer_nothing_is_in_progress(call: ServiceCall) -> None:
    tell(call.backend.code, about(call), message_id="first")
    assert tell(call.backend.code, about(call, "progress", PROGRESS)).json() == {"outcome": "unchanged"}
    assert "begun" not in str(story.timeline(ServiceCall.objects.get()))


# --- Once -----------------------------------------------------------------------------------------
def test_the_same_message_twice_changes_nothing(call: ServiceCall) -> None:
    assert tell(call.backend.code, about(call, "progress", PROGRESS)).json() == {"outcome": "progress"}
    again = tell(call.backend.code, about(call, "progress", PROGRESS))
    assert (again.status_code, again.json()) == (200, {"outcome": "unchanged"})
    assert HookEvent.objects.count() == 1


def test_an_id_is_used_up_even_for_another_message(call: ServiceCall) -> None:
    tell(call.backend.code, about(call, "progress", PROGRESS))
    assert tell(call.backend.code, about(call)).json() == {"outcome": "unchanged"}


@pytest.mark.django_db(transaction=True)
def test_the_same_message_at_the_same_moment_counts_once(call: ServiceCall) -> None:
    def post(_: int) -> str:
        try:
            return str(tell(call.backend.code, about(call)).json()["outcome"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as senders:
        outcomes = sorted(senders.map(post, range(4)))
    assert outcomes == ["completed", "unchanged", "unchanged", "unchanged"]
    assert call.attempts.filter(kind="answer").count() == 1


# --- Whom we believe --------------------------------------------------------------------------------
def test_a_forged_message_is_refused(call: ServiceCall) -> None:
    answer = tell(call.backend.code, about(call), forged="v1,AAAA")
    assert (answer.status_code, code_of(answer)) == (401, "not-signed")
    assert ServiceCall.objects.get().status == "waiting"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_message_is_refused(call: ServiceCall, minutes: int) -> None:
    at = int((timezone.now() + timedelta(minutes=minutes)).timestamp())
    assert tell(call.backend.code, about(call), at=at).status_code == 401


def test_whoever_cannot_sign_learns_nothing(call: ServiceCall, backend: Backend) -> None:
    silent = BackendFactory()  # knows no secret
    said = {
        tell(code, message, forged="v1,AAAA").content
        for code in (backend.code, silent.code, "nobody", "\u00e9")
        for message in (about(call), {"receipt": "x"}, b"{")
    }
    assert len(said) == 1


def test_a_backend_that_names_no_secret_is_not_believed(call: ServiceCall, backend: Backend) -> None:
    backend.settings.pop("webhook_secret")
    backend.save()
    assert tell(backend.code, about(call)).status_code == 401


def test_another_backends_call_is_not_found(call: ServiceCall) -> None:
    other = BackendFactory()
    other.settings["webhook_secret"] = "TWINS_WEBHOOK_SECRET"
    other.save()
    answer = tell(other.code, about(call))
    assert (answer.status_code, code_of(answer)) == (404, "not-found")
    assert ServiceCall.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("message", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 9000, 400), (b"[]", 422), (b"null", 422), ({}, 422),
     ({"kind": "answer", "receipt": 7}, 422), ({"kind": "reopen", "receipt": "x"}, 422),
     ({"kind": "answer", "receipt": "FRY-0000-0000-0000"}, 404), ({"kind": "answer", "receipt": "\u0000"}, 404),
     (b'"' + b"x" * 262_144 + b'"', 413)],
)  # fmt: skip
def test_no_message_whatever_is_a_server_error(backend: Backend, message: Any, status: int) -> None:
    answer = tell(backend.code, message)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_a_flood_is_held_back(backend: Backend, function: ServiceFunction, monkeypatch: Any) -> None:
    from portal.api.reading import HookThrottle

    monkeypatch.setattr(HookThrottle, "rate", "2/min", raising=False)
    cache.clear()
    statuses = [tell(backend.code, {}, message_id=str(n)).status_code for n in range(3)]
    cache.clear()
    assert statuses == [422, 422, 429]


def test_the_words_of_progress_stand_encrypted(call: ServiceCall) -> None:
    tell(call.backend.code, about(call, "progress", PROGRESS))
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM gateway_hookevent")
        assert b"officer" not in bytes(cursor.fetchone()[0])
    assert HookEvent.objects.get().words == PROGRESS


def test_the_default_rules_know_an_answer_that_comes_later(call: ServiceCall) -> None:
    rules = version_of(call.function).answer_map
    assert [rule["outcome"] for rule in rules if "QUEUED" in rule["when"]] == ["waiting"]
