"""The pages of a replay: look first, start, follow, stop."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from services.gateway.models import Replay, ServiceCall
from tests.factories import OfficerFactory
from tests.portal.control.conftest import SECRET, Undelivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ops")]


def look(client: Client, call: ServiceCall, **asked: str) -> str:
    return client.get("/control/replays/", {"backend": call.backend.code, **asked}).content.decode()


def start(client: Client, call: ServiceCall, **said: str) -> Any:
    usual = {"backend": call.backend.code, "reason": "the mapping is mended", "per_minute": "30"}
    return client.post("/control/replays/start", usual | said, follow=True)


def test_before_anything_is_sent_the_page_says_what_would_be(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    assert ("1 call would be sent again" in look(client, call), Replay.objects.exists()) == (True, False)


def test_calls_in_doubt_are_said_to_stay(client: Client, undelivered: Undelivered) -> None:
    text = look(client, undelivered(status="in_doubt"))
    assert "1 call is in doubt and stays where it is" in text
    assert "No call would be sent again" in text


def test_a_start_leads_to_its_progress(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    text = start(client, call).content.decode()
    assert [
        words
        for words in ("1 of 1 are still to go", "at most 30 a minute", "the mapping is mended")
        if words not in text
    ] == []
    assert ServiceCall.objects.get().status == "accepted"


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"per_minute": "0"}, {"per_minute": "many"}, {"per_minute": "6001"}])
def test_a_start_needs_a_reason_and_a_rate(client: Client, undelivered: Undelivered, wrong: dict[str, str]) -> None:
    response = start(client, undelivered(), **wrong)
    assert (response.status_code, Replay.objects.exists()) == (422, False)


def test_nobody_replays_everything(client: Client, undelivered: Undelivered) -> None:
    start(client, undelivered(), backend="")
    assert not Replay.objects.exists()


def test_a_stop_says_how_many_came_back(client: Client, undelivered: Undelivered) -> None:
    start(client, undelivered())
    text = client.post(f"/control/replays/{Replay.objects.get().pk}/stop", follow=True).content.decode()
    assert "1 call was taken back and is as it was before" in text
    assert ServiceCall.objects.get().status == "failed"


def test_what_was_settled_meanwhile_is_said(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    ServiceCall.objects.update(status="accepted", finished_at=None)
    assert "somebody else has settled these calls meanwhile" in start(client, call).content.decode()


def test_nothing_personal_is_shown(client: Client, undelivered: Undelivered) -> None:
    assert SECRET not in look(client, undelivered())


def test_htmx_gets_the_progress_alone(client: Client, undelivered: Undelivered) -> None:
    start(client, undelivered())
    text = client.get(f"/control/replays/{Replay.objects.get().pk}/", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in text, "still to go" in text) == (False, True)


@pytest.mark.parametrize("times", [1, 20])
def test_a_look_takes_as_many_queries_whatever_is_chosen(
    client: Client, undelivered: Undelivered, times: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    calls = [undelivered() for _ in range(times)]
    with django_assert_num_queries(12):
        look(client, calls[0])


def test_only_operations_may(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    client.force_login(OfficerFactory(department=call.backend.department))
    assert (start(client, call).status_code, Replay.objects.exists()) == (403, False)
