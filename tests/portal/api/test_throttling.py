import pytest
from django.test import Client
from rest_framework.test import APIClient

from portal.api.reading import CallThrottle
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.api.conftest import post_call


@pytest.fixture
def two_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that a test can reach; rates are configuration."""
    monkeypatch.setitem(CallThrottle.THROTTLE_RATES, "call", "2/min")


def test_a_person_who_calls_too_often_is_told_when_to_come_back(
    api: Client, function: ServiceFunction, two_a_minute: None
) -> None:
    answers = [post_call(api, function.code, key=str(number)) for number in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert 0 < int(answers[2]["Retry-After"]) <= 61


def test_one_persons_haste_is_not_anothers(api: Client, function: ServiceFunction, two_a_minute: None) -> None:
    for number in range(3):
        post_call(api, function.code, key=str(number))
    other = APIClient()
    other.force_login(UserFactory(assurance="none"))
    assert post_call(other, function.code).status_code == 403
