"""Devices without a browser get tokens by a code that their person types in elsewhere (RFC 8628)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from identity.accounts.models import User
from identity.provider import signing_out
from identity.provider.models import Client, DeviceCode, TokenFamily
from tests.identity.provider.party import ISSUER, Party, register, send, sign_in

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PAGE = "/en/account/device/"


@pytest.fixture
def kiosk(browser: Browser) -> Party:
    """A device that cannot keep a secret."""
    client, secret = register(
        token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token", GRANT]
    )
    return Party(client, secret, browser, scope="openid profile offline_access")


def begin(party: Party, **changes: str) -> dict[str, Any]:
    answer = party.post("/sso/device", {"scope": party.scope, **changes})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def poll(party: Party, begun: dict[str, Any], **changes: str) -> Any:
    return party.post("/sso/token", {"grant_type": GRANT, "device_code": begun["device_code"], **changes})


def say(party: Party, begun: dict[str, Any], action: str = "allow") -> Any:
    return party.browser.post(PAGE, {"user_code": begun["user_code"], "action": action})


def pause() -> None:
    """As if the device had waited as it was told."""
    DeviceCode.objects.update(polled_at=timezone.now() - timedelta(minutes=5))


def test_the_question_says_who_gets_it_and_for_how_long(kiosk: Party, person: User) -> None:
    sign_in(kiosk.browser, person)
    page = kiosk.browser.post(PAGE, {"user_code": begin(kiosk)["user_code"]}).content.decode()
    assert "Who gets it" in page
    assert "or until you withdraw it in your account" in page


def test_the_device_is_told_where_its_person_goes(kiosk: Party) -> None:
    begun = begin(kiosk)
    assert begun["verification_uri"] == f"{ISSUER}{PAGE}"
    assert begun["verification_uri_complete"] == f"{ISSUER}{PAGE}?user_code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert len(begun["user_code"]) == 9


def test_codes_are_kept_as_digests_only(kiosk: Party) -> None:
    begun = begin(kiosk)
    row = DeviceCode.objects.get()
    assert begun["device_code"] not in {row.digest, row.user_code_digest}
    assert len(row.digest) == len(row.user_code_digest) == 64


def test_the_whole_way(kiosk: Party) -> None:
    begun = begin(kiosk)
    assert poll(kiosk, begun).json()["error"] == "authorization_pending"
    page = kiosk.browser.post(PAGE, {"user_code": begun["user_code"].lower().replace("-", " ")})
    assert "name of td, en" in page.content.decode()
    assert poll(kiosk, begun).json()["error"] != "access_denied"
    assert "connected" in say(kiosk, begun).content.decode()
    pause()
    made = poll(kiosk, begun)
    assert made.status_code == 200, made.content
    claims = kiosk.claims(made.json()["id_token"])
    assert claims["acr"] == "basic"
    assert kiosk.userinfo(made.json()["access_token"]).json()["name"] == "CHAN Tai Man"
    assert kiosk.refresh(made.json()["refresh_token"]).status_code == 200


def test_a_link_with_the_code_does_not_answer_for_the_person(kiosk: Party) -> None:
    begun = begin(kiosk)
    page = kiosk.browser.get(begun["verification_uri_complete"])
    assert begun["user_code"] in page.content.decode()
    assert poll(kiosk, begun).json()["error"] == "authorization_pending"


def test_the_page_warns_of_codes_that_somebody_sent(kiosk: Party) -> None:
    assert "Did somebody send you this code" in kiosk.browser.get(PAGE).content.decode()


def test_a_refusal_reaches_the_device(kiosk: Party) -> None:
    begun = begin(kiosk)
    say(kiosk, begun, "refuse")
    assert poll(kiosk, begun).json()["error"] == "access_denied"


def test_a_device_that_asks_too_often_is_slowed_down(kiosk: Party) -> None:
    begun = begin(kiosk)
    errors = [poll(kiosk, begun).json()["error"] for _ in range(3)]
    assert errors == ["authorization_pending", "slow_down", "slow_down"]
    assert DeviceCode.objects.get().interval_seconds == 15
    pause()
    assert poll(kiosk, begun).json()["error"] == "authorization_pending"


def test_a_code_that_ran_out_is_worth_nothing(kiosk: Party) -> None:
    begun = begin(kiosk)
    DeviceCode.objects.update(expires_at=timezone.now())
    assert poll(kiosk, begun).json()["error"] == "expired_token"
    assert kiosk.browser.post(PAGE, {"user_code": begun["user_code"]}).status_code == 422


def test_a_second_use_ends_what_came_of_the_first(kiosk: Party) -> None:
    begun = begin(kiosk)
    say(kiosk, begun)
    made = poll(kiosk, begun).json()
    assert poll(kiosk, begun).json()["error"] == "invalid_grant"
    assert kiosk.userinfo(made["access_token"]).status_code == 401


def test_another_client_cannot_use_the_code(kiosk: Party, browser: Browser) -> None:
    begun = begin(kiosk)
    say(kiosk, begun)
    client, secret = register("hd", token_endpoint_auth_method="none", grant_types=[GRANT])
    assert poll(Party(client, secret, browser), begun).json()["error"] == "invalid_grant"
    assert poll(kiosk, begun).status_code == 200


def test_a_client_without_the_grant_gets_no_code(party: Party) -> None:
    assert party.post("/sso/device", {"scope": "openid"}).json()["error"] == "unauthorized_client"


def test_an_unknown_scope_gets_no_code(kiosk: Party) -> None:
    assert kiosk.post("/sso/device", {"scope": "everything"}).json()["error"] == "invalid_scope"


def test_an_answer_counts_once(kiosk: Party) -> None:
    begun = begin(kiosk)
    say(kiosk, begun, "refuse")
    assert say(kiosk, begun, "allow").status_code == 422
    assert not TokenFamily.objects.exists()


def test_guessing_codes_is_slowed_down(kiosk: Party) -> None:
    codes = [kiosk.browser.post(PAGE, {"user_code": "BCDF-GHJK"}).status_code for _ in range(14)]
    assert codes[0] == 422
    assert codes[-1] == 429


def test_a_stranger_is_asked_to_sign_in_first(kiosk: Party) -> None:
    answer = Browser().post(PAGE, {"user_code": begin(kiosk)["user_code"], "action": "allow"})
    assert answer.status_code == 302
    assert not TokenFamily.objects.exists()


def test_an_answer_needs_a_csrf_token(kiosk: Party, person: User) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.post(PAGE, {"user_code": begin(kiosk)["user_code"], "action": "allow"}).status_code == 403


def test_a_client_that_needs_more_sends_the_person_to_prove_it(kiosk: Party) -> None:
    Client.objects.filter(pk=kiosk.client.pk).update(least_acr="plus")
    answer = say(kiosk, begin(kiosk))
    assert answer.status_code == 302
    assert "acr=plus" in answer["Location"]


def test_a_suspended_client_gets_nothing(kiosk: Party) -> None:
    begun = begin(kiosk)
    Client.objects.filter(pk=kiosk.client.pk).update(state="suspended")
    assert kiosk.browser.post(PAGE, {"user_code": begun["user_code"]}).status_code == 422


def test_a_person_who_left_gives_nothing(kiosk: Party, person: User) -> None:
    begun = begin(kiosk)
    say(kiosk, begun)
    signing_out.person_left(person)
    assert poll(kiosk, begun).json()["error"] == "invalid_grant"


def test_the_configuration_names_it(db: None) -> None:
    found = Browser().get("/.well-known/openid-configuration").json()
    assert found["device_authorization_endpoint"] == f"{ISSUER}/sso/device"
    assert GRANT in found["grant_types_supported"]


@pytest.mark.django_db(transaction=True)
def test_one_code_polled_in_parallel_gives_one_set_of_tokens(person: User) -> None:
    browser = Browser()
    sign_in(browser, person)
    client, secret = register(token_endpoint_auth_method="none", grant_types=["authorization_code", GRANT])
    kiosk = Party(client, secret, browser)
    begun = begin(kiosk)
    say(kiosk, begun)
    answers: list[int] = []
    sent = {"grant_type": GRANT, "device_code": begun["device_code"], "client_id": client.client_id}

    def ask() -> None:
        try:
            answers.append(send("/sso/token", sent).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, *[400] * 5]
