from django.test import Client
from rest_framework.test import APIClient

from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.api.conftest import post_call
from tests.portal.api.test_calls import code_of
from tests.services.gateway import delivering


def address(client: Client, function: ServiceFunction) -> str:
    return f"/api/v1/calls/{post_call(client, function.code).json()['receipt']}/withdrawal"


def test_a_call_can_be_taken_back_and_taken_back_again(api: Client, function: ServiceFunction) -> None:
    place = address(api, function)
    answers = [api.post(place) for _ in range(2)]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "withdrawn")] * 2
    assert answers[0].json()["timeline"][-1]["label"] == "You took it back"


def test_a_call_on_its_way_is_a_conflict_that_says_why(api: Client, function: ServiceFunction) -> None:
    place = address(api, function)
    assert delivering.claim(ServiceCall.objects.get().pk)
    answer = api.post(place)
    assert (answer.status_code, code_of(answer), answer.json()["code"]) == (409, "not-withdrawable", "on_its_way")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_conflict_is_explained_in_the_language_asked_for(api: Client, function: ServiceFunction) -> None:
    place = address(api, function)
    assert delivering.claim(ServiceCall.objects.get().pk)
    assert "部門" in api.post(f"{place}?lang=zh-hant").json()["detail"]


def test_a_strangers_call_is_not_found(api: Client, function: ServiceFunction) -> None:
    place = address(api, function)
    stranger = APIClient()
    stranger.force_login(UserFactory())
    assert stranger.post(place).status_code == 404
    assert stranger.post("/api/v1/calls/%00/withdrawal").status_code == 404
    assert ServiceCall.objects.get().status == "accepted"


def test_another_site_cannot_take_it_back(api: Client, function: ServiceFunction) -> None:
    place = address(api, function)
    client = APIClient(enforce_csrf_checks=True)
    client.cookies = api.cookies
    assert client.post(place).status_code == 403
