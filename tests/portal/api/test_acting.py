import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.mandates import flows
from identity.mandates.models import Mandate
from identity.profile import flows as profile
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.mandates import accepted, expired, limits
from tests.portal.api.conftest import FORM, post_call

HEADER = "Ferry-Acting-For"


def call_for(client: Client, function: ServiceFunction, mandate: str) -> Any:
    """The call that post_call makes, with the header that names a mandate."""
    headers = {"Idempotency-Key": "once", HEADER: mandate}
    return client.post(
        f"/api/v1/functions/{function.code}/calls/", json.dumps(FORM), content_type="application/json", headers=headers
    )


@pytest.fixture
def mother(citizen: User) -> User:
    person = UserFactory(username="mother", first_name="LEUNG Mei Ling")
    for name, field in profile.read(citizen).items():
        value = {"name_en": "LEUNG Mei Ling", "hkid": "C123456(9)"}.get(name, field.value)
        profile.store(person, name, value, source=field.source, checked_on=field.checked_on)
    return person


@pytest.fixture
def mandate(citizen: User, mother: User) -> Mandate:
    return accepted(citizen, mother)


@pytest.fixture
def security_log() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def test_a_call_is_made_for_the_principal(
    api: Client, citizen: User, mother: User, mandate: Mandate, function: ServiceFunction
) -> None:
    answer = call_for(api, function, str(mandate.pk))
    assert answer.status_code == 202
    call = ServiceCall.objects.get()
    assert (call.person, call.for_person, call.mandate) == (citizen, mother, mandate)
    listed = api.get("/api/v1/calls/", headers={HEADER: str(mandate.pk)}).json()["results"]
    assert [line["made_by"] for line in listed] == ["CHAN Tai Man for LEUNG Mei Ling"]
    assert api.get("/api/v1/calls/").json()["count"] == 0


def test_the_principal_sees_it(api: Client, mother: User, mandate: Mandate, function: ServiceFunction) -> None:
    receipt = call_for(api, function, str(mandate.pk)).json()["receipt"]
    own = APIClient()
    own.force_login(mother)
    timeline = own.get(f"/api/v1/calls/{receipt}/").json()["timeline"]
    assert timeline[0]["detail"] == "CHAN Tai Man for LEUNG Mei Ling"


@pytest.mark.parametrize("trouble", ["ended", "expired", "outside_act", "outside_function"])
def test_a_mandate_that_does_not_allow_it_is_a_problem(
    api: Client, mother: User, mandate: Mandate, function: ServiceFunction, trouble: str, security_log: list[Any]
) -> None:
    match trouble:
        case "ended":
            flows.end(mandate, by=mother)
        case "expired":
            expired(mandate)
        case "outside_act":
            flows.limit(mandate, by=mother, limits=limits("read"))
        case _:
            flows.limit(mandate, by=mother, limits=limits(functions=("another",)))
    answer = call_for(api, function, str(mandate.pk))
    assert (answer.status_code, answer.json()["code"]) == (403, trouble)
    assert answer["Content-Type"] == "application/problem+json"
    assert not ServiceCall.objects.exists()
    assert [line["reason"] for line in security_log if line["event"] == "mandate_refused"] == [trouble]


@pytest.mark.parametrize("forged", ["00000000-0000-4000-8000-000000000000", "x", "' OR 1=1"])
def test_a_forged_mandate_is_a_problem_everywhere(api: Client, function: ServiceFunction, forged: str) -> None:
    answers = [call_for(api, function, forged), api.get("/api/v1/calls/", headers={HEADER: forged})]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "unknown")] * 2


def test_somebody_elses_mandate_looks_like_none(mandate: Mandate, function: ServiceFunction) -> None:
    stranger = APIClient()
    stranger.force_login(UserFactory())
    answer = call_for(stranger, function, str(mandate.pk))
    assert (answer.status_code, answer.json()["code"]) == (403, "unknown")


def test_nobody_signed_in_acts_for_nobody(mandate: Mandate) -> None:
    assert APIClient().get("/api/v1/calls/", headers={HEADER: str(mandate.pk)}).status_code == 403


def test_the_same_key_under_a_mandate_and_for_oneself_makes_two_calls(
    api: Client, mandate: Mandate, function: ServiceFunction
) -> None:
    assert call_for(api, function, str(mandate.pk)).status_code == 202
    assert post_call(api, function.code).status_code == 202
    assert ServiceCall.objects.count() == 2


def test_an_open_session_that_acts_is_refused_after_the_end(
    api: Client, mother: User, mandate: Mandate, function: ServiceFunction
) -> None:
    api.post(f"/en/account/mandates/{mandate.pk}/act/")
    assert post_call(api, function.code, key="one").status_code == 202
    flows.end(mandate, by=mother)
    assert post_call(api, function.code, key="two").status_code == 403
    assert ServiceCall.objects.count() == 1
