import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from identity.consent.models import Disclosure
from portal.api import calls
from services.gateway import events
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import BackendFactory, ServiceFunctionFactory, UserFactory
from tests.portal.api.conftest import FORM, post_call


def code_of(answer: Any) -> str:
    return str(answer.json()["type"].rsplit("/", 1)[-1])


def test_a_call_gets_its_receipt_before_the_department_answered(api: Client, function: ServiceFunction) -> None:
    answer = post_call(api, function.code)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer["Location"].endswith(f"/api/v1/calls/{answer.json()['receipt']}/")


def test_what_left_is_written_into_the_persons_log(api: Client, function: ServiceFunction) -> None:
    receipt = post_call(api, function.code).json()["receipt"]
    assert "applicant_hkid" in Disclosure.objects.get(reference=receipt).fields


def test_the_same_key_gives_the_same_receipt(api: Client, function: ServiceFunction) -> None:
    receipts = {post_call(api, function.code).json()["receipt"] for _ in range(2)}
    assert len(receipts) == 1
    assert ServiceCall.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(api: Client, function: ServiceFunction) -> None:
    post_call(api, function.code)
    answer = post_call(api, function.code, {"topic": "Other"})
    assert (answer.status_code, code_of(answer)) == (422, "idempotency-key-reused")


def test_two_people_may_use_the_same_key(api: Client, citizen: Any, function: ServiceFunction) -> None:
    function = ServiceFunctionFactory(version__assurance="none")
    post_call(api, function.code)
    stranger = APIClient()
    stranger.force_login(UserFactory())
    assert post_call(stranger, function.code).status_code == 202
    assert ServiceCall.objects.count() == 2


@pytest.mark.parametrize("key", ["", "é", "a b", "x" * 256])
def test_a_call_without_a_usable_key_is_told_how(api: Client, function: ServiceFunction, key: str) -> None:
    answer = post_call(api, function.code, key=key.encode().decode("latin-1"))
    assert (answer.status_code, code_of(answer)) == (400, "idempotency-key-missing")


def test_a_wrong_answer_is_pointed_at(api: Client, function: ServiceFunction) -> None:
    answer = post_call(api, function.code, {"topic": 7})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/topic"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"topic": NaN}', b'{"topic": "a", "topic": "b"}', b"\xff\xfe",
     b'{"topic": "\\u0000"}', b'{"topic": "\\ud800"}', b'{"a":' * 20_000, b"9" * 5000, b'{"x": ' + b"9" * 400 + b"}"],
)  # fmt: skip
def test_no_body_whatever_is_a_server_error(api: Client, function: ServiceFunction, body: bytes) -> None:
    answer = api.post(
        f"/api/v1/functions/{function.code}/calls/", data=body, content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )  # fmt: skip
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"


def test_a_function_that_needs_sign_in_says_so(client: Client, function: ServiceFunction) -> None:
    answer = post_call(APIClient(), function.code)
    assert (answer.status_code, code_of(answer), answer.json()["needed"]) == (401, "not-signed-in", "basic")


def test_a_function_that_needs_a_signature_says_so(api: Client) -> None:
    function = ServiceFunctionFactory(version__assurance="plus")
    answer = post_call(api, function.code)
    assert (answer.status_code, code_of(answer), answer.json()["needed"]) == (403, "insufficient-assurance", "plus")


def test_what_a_session_lacks_is_said_as_rfc_9470_says_it(api: Client) -> None:
    function = ServiceFunctionFactory(version__assurance="plus")
    answer = post_call(api, function.code)
    assert 'error="insufficient_user_authentication"' in answer["WWW-Authenticate"]
    assert 'acr_values="plus"' in answer["WWW-Authenticate"]
    assert (answer.json()["error"], answer.json()["acr_values"]) == ("insufficient_user_authentication", "plus")


def test_an_account_that_nobody_verified_is_not_enough(function: ServiceFunction) -> None:
    client = APIClient()
    client.force_login(UserFactory(assurance="none"))
    assert code_of(post_call(client, function.code)) == "insufficient-assurance"


def test_a_function_whose_backend_is_not_connected_says_so(api: Client) -> None:
    backend = BackendFactory(connector="telex")
    function = ServiceFunctionFactory(department=backend.department)
    answer = post_call(api, function.code)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yet")


def test_a_suspended_function_says_why(api: Client, function: ServiceFunction) -> None:
    ServiceFunction.objects.filter(pk=function.pk).update(state="suspended", suspended_reason_en="The counter moves.")
    answer = post_call(api, function.code)
    assert (answer.status_code, answer.json()["code"]) == (409, "suspended")
    assert "The counter moves." in answer.json()["detail"]


def test_anyone_may_call_a_function_that_asks_for_nobody(function: ServiceFunction) -> None:
    anyone, client = ServiceFunctionFactory(version__assurance="none"), APIClient()
    receipt = post_call(client, anyone.code).json()["receipt"]
    assert client.get(f"/api/v1/calls/{receipt}/").status_code == 200


def test_a_strangers_receipt_is_not_found(api: Client, function: ServiceFunction) -> None:
    receipt = post_call(api, function.code).json()["receipt"]
    stranger = APIClient()
    stranger.force_login(UserFactory())
    for path in (f"/api/v1/calls/{receipt}/", f"/api/v1/calls/{receipt}/events"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/api/v1/calls/").json()["count"] == 0


def test_a_call_tells_its_story(api: Client, function: ServiceFunction) -> None:
    receipt = post_call(api, function.code).json()["receipt"]
    call = api.get(f"/api/v1/calls/{receipt}/").json()
    assert call["answer"] is None
    assert [step["state"] for step in call["timeline"]] == ["done", "current", "todo"]


def test_ones_calls_take_as_many_queries_for_twenty_as_for_one(
    api: Client, function: ServiceFunction, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        post_call(api, function.code, key=str(number))
    for size in (1, 20):
        with django_assert_max_num_queries(6):
            assert len(api.get("/api/v1/calls/", {"page_size": size}).json()["results"]) == size


def test_posting_from_another_site_is_refused(citizen: Any, function: ServiceFunction) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(citizen)
    assert post_call(client, function.code).status_code == 403


@pytest.fixture
def one_place(settings: Any) -> Iterator[None]:
    """All but one of the places for streams are taken."""
    taken = settings.API_MAX_STREAMS - 1
    for _ in range(taken):
        calls._places.acquire()
    yield
    for _ in range(taken):
        calls._places.release()


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_with_the_answer(api: Client, function: ServiceFunction) -> None:
    receipt = post_call(api, function.code).json()["receipt"]
    ServiceCall.objects.update(status="failed", finished_at="2026-01-01T00:00:00Z")
    answer: Any = api.get(f"/api/v1/calls/{receipt}/events")
    events = b"".join(answer.streaming_content).decode().split("\n\n")
    assert json.loads(events[1].split("data: ")[1]) == {"receipt": receipt, "status": "failed"}
    assert events[2].startswith("event: end")
    answer.close()


@pytest.mark.django_db(transaction=True)
def test_a_stream_says_what_is_published_while_it_is_open(api: Client, function: ServiceFunction) -> None:
    receipt = post_call(api, function.code).json()["receipt"]
    answer: Any = api.get(f"/api/v1/calls/{receipt}/events")
    stream = iter(answer.streaming_content)
    assert b'"status":"accepted"' in [next(stream), next(stream)][1]
    events.publish(ServiceCall.objects.get().pk, "completed")
    assert b'"status":"completed"' in next(stream)
    assert next(stream).startswith(b"event: end")
    answer.close()


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_leaves_gives_the_place_back(api: Client, function: ServiceFunction, one_place: None) -> None:
    receipt = post_call(api, function.code, FORM).json()["receipt"]
    first: Any = api.get(f"/api/v1/calls/{receipt}/events")
    refused = api.get(f"/api/v1/calls/{receipt}/events")
    assert (refused.status_code, refused["Retry-After"]) == (503, "2")
    first.close()
    again: Any = api.get(f"/api/v1/calls/{receipt}/events")
    assert again.status_code == 200
    again.close()
