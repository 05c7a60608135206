"""Never a keystroke lost: the session, the tab, the network may end at any field."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from identity.accounts.models import User
from services.forms.models import Draft
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import PHONE, prove, sign_in, with_app
from tests.portal.web.doing.conftest import GOOD, address_of, hidden, made
from tests.portal.web.doing.test_accounts import text_of


def typed(client: Client, function: ServiceFunction, form: Any, **answers: str) -> Any:
    """What the page's script sends while somebody types."""
    return client.post(address_of(function, "draft"), {**hidden(form), **answers})


def killed(client: Client) -> Client:
    """The same browser after its session was ended elsewhere."""
    Session.objects.all().delete()
    return client


def test_what_is_typed_is_kept_without_any_button(signed_in: Client, function: ServiceFunction) -> None:
    said = typed(signed_in, function, signed_in.get(address_of(function)), mark="AB").json()
    assert said["said"].startswith("Kept at ")
    assert 'value="AB"' in text_of(signed_in.get(address_of(function)))


def test_it_is_there_after_signing_in_on_another_device(citizen: User, function: ServiceFunction) -> None:
    desktop = sign_in(citizen)
    form = desktop.get(address_of(function))
    typed(desktop, function, form, mark="AB1234")
    killed(desktop)
    page = text_of(sign_in(citizen, agent=PHONE).get(address_of(function)))
    assert 'value="AB1234"' in page
    assert "We kept what you filled in" in page
    assert "Start anew" in page


def test_what_is_typed_after_the_session_ended_is_kept_too(citizen: User, function: ServiceFunction) -> None:
    desktop = sign_in(citizen)
    form = desktop.get(address_of(function))
    said = typed(killed(desktop), function, form, mark="AB1234").json()
    assert "You were signed out" in said["said"]
    assert 'value="AB1234"' in text_of(sign_in(citizen, agent=PHONE).get(address_of(function)))


def test_without_script_a_press_keeps_it_and_leads_to_the_log_in(citizen: User, function: ServiceFunction) -> None:
    desktop = sign_in(citizen)
    form = desktop.get(address_of(function))
    answer = killed(desktop).post(address_of(function), {**hidden(form), **GOOD, "months": "12"})
    assert "/accounts/login/" in answer["Location"]
    assert 'value="AB1234"' in text_of(sign_in(citizen, agent=PHONE).get(address_of(function)))


def test_the_next_person_at_the_same_computer_gets_nothing_of_it(citizen: User, function: ServiceFunction) -> None:
    desktop = sign_in(citizen)
    form = desktop.get(address_of(function))
    killed(desktop).post(address_of(function), {**hidden(form), **GOOD})
    other = sign_in(UserFactory(), desktop)
    assert "AB1234" not in text_of(other.get(address_of(function)))


def test_a_form_of_somebody_signed_out_shows_nothing_to_who_signed_in_since(
    citizen: User, function: ServiceFunction
) -> None:
    form = sign_in(citizen).get(address_of(function))
    other = sign_in(UserFactory())
    answer = other.post(address_of(function), {**hidden(form), **GOOD, "mark": "AB1234", "months": "many"})
    assert answer.status_code == 302
    assert Draft.objects.get().caller == f"user:{citizen.pk}"


def test_an_owner_of_ones_own_making_is_nobody(signed_in: Client, citizen: User, function: ServiceFunction) -> None:
    stranger = Client()
    stranger.post(address_of(function, "draft"), {"owner": f"user:{citizen.pk}", "mark": "EVIL"})
    assert not Draft.objects.filter(caller=f"user:{citizen.pk}").exists()


def test_an_owner_counts_for_the_function_of_its_form_only(citizen: User, function: ServiceFunction) -> None:
    form, other = sign_in(citizen).get(address_of(function)), made("mark:vehicle_mark")
    Client().post(address_of(other, "draft"), {**hidden(form), "mark": "AB1234"})
    assert not Draft.objects.filter(caller=f"user:{citizen.pk}").exists()


def test_the_account_lists_what_was_begun(signed_in: Client, function: ServiceFunction) -> None:
    typed(signed_in, function, signed_in.get(address_of(function)), mark="AB1234")
    assert f'href="{address_of(function)}"' in text_of(signed_in.get("/en/account/"))


def test_what_is_kept_is_encrypted(signed_in: Client, function: ServiceFunction) -> None:
    typed(signed_in, function, signed_in.get(address_of(function)), mark="AB1234")
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM forms_draft")
        assert b"AB1234" not in bytes(cursor.fetchone()[0])


def test_starting_anew_forgets_it(signed_in: Client, function: ServiceFunction) -> None:
    typed(signed_in, function, signed_in.get(address_of(function)), mark="AB1234")
    signed_in.post(address_of(function, "anew"))
    assert "AB1234" not in text_of(signed_in.get(address_of(function)))


def test_nobody_starts_anew_for_somebody_else(signed_in: Client, function: ServiceFunction) -> None:
    typed(signed_in, function, signed_in.get(address_of(function)), mark="AB1234")
    sign_in(UserFactory()).post(address_of(function, "anew"))
    assert "AB1234" in text_of(signed_in.get(address_of(function)))


def test_a_form_says_when_the_session_ends(citizen: User, function: ServiceFunction) -> None:
    page = text_of(sign_in(citizen).get(address_of(function)))
    assert "For your safety you are signed out at " in page
    assert 'data-ends="3599"' in page or 'data-ends="3600"' in page


def test_a_form_survives_a_step_up(citizen: User, settings: Any) -> None:
    client, function = sign_in(citizen), made("topic:text", assurance="plus")
    with_app(citizen)
    back = prove(client, next=client.get(address_of(function))["Location"])
    form = client.get(client.get(back["Location"])["Location"])
    settings.PLUS_SECONDS = 0  # an hour goes by while the form is filled in
    asked = client.post(address_of(function), {**hidden(form), **GOOD, "topic": "A quiet crossing"})
    assert "/en/account/prove/?acr=plus" in asked["Location"]
    settings.PLUS_SECONDS = 3600
    page = client.get(client.get(asked["Location"])["Location"])
    assert 'value="A quiet crossing"' in text_of(page)


def test_what_asks_for_a_signature_is_not_sent_without_one(citizen: User) -> None:
    client, function = sign_in(citizen), made("topic:text", assurance="plus")
    with_app(citizen)
    prove(client)
    client.post(address_of(function), {**hidden(client.get(address_of(function))), **GOOD, "topic": "x"})
    review = client.get(address_of(function, "review"))
    answer = client.post(address_of(function, "review"), hidden(review), follow=True)
    assert "This is what you sign" in text_of(answer)
    assert "First link your identity app" in text_of(answer)
    assert (Draft.objects.count(), ServiceCall.objects.count()) == (1, 0)


def test_a_function_that_is_not_there_keeps_nothing(client: Client, db: None) -> None:
    assert client.post("/en/functions/none-such/draft/", {"mark": "x"}).status_code == 404


@pytest.mark.parametrize("owner", ["", "x", "a:b:c"])
def test_a_spoilt_owner_is_the_callers_own(signed_in: Client, function: ServiceFunction, owner: str) -> None:
    signed_in.post(address_of(function, "draft"), {"owner": owner, "mark": "AB1234"})
    assert 'value="AB1234"' in text_of(signed_in.get(address_of(function)))
