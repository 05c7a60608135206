"""Who has to be there, how freshly, and how surely (OpenID Connect Core 1.0 section 3.1.2)."""

import json
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

from identity.accounts.models import User
from identity.provider.models import Client
from tests.factories import PASSWORD, UserFactory
from tests.identity.provider.party import Party, age, query_of, reauthenticate, sign_in


def error_of(party: Party, **changes: str | None) -> str:
    return query_of(party.authorize(**changes)["Location"])["error"]


def test_prompt_none_not_logged_in(party: Party) -> None:
    assert error_of(Party(party.client, party.secret, Browser()), prompt="none") == "login_required"


def test_prompt_none_logged_in(party: Party) -> None:
    first = party.claims(party.tokens()["id_token"])
    again = party.exchange(query_of(party.authorize(prompt="none")["Location"])["code"]).json()
    second = party.claims(again["id_token"])
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_prompt_none_consent(party: Party, other: Party) -> None:
    party.tokens()
    assert error_of(other, prompt="none") == "consent_required"


def test_prompt_none_consent_for_a_wider_scope(party: Party) -> None:
    party.tokens()
    assert error_of(party, prompt="none", scope="openid email") == "consent_required"


def test_prompt_none_mixed(party: Party) -> None:
    assert error_of(party, prompt="none login") == "invalid_request"


def test_prompt_none_in_a_posted_request(party: Party) -> None:
    party.tokens()
    answer = party.follow(party.browser.post("/sso/authorize", party.parameters(prompt="none")))
    assert "code" in query_of(answer["Location"])


def test_prompt_login(party: Party) -> None:
    age(party.browser, 60)
    first = party.claims(party.tokens()["id_token"])
    back = reauthenticate(party.browser, party.authorize(prompt="login"))
    answer = party.follow(back)
    second = party.claims(party.exchange(query_of(answer["Location"])["code"]).json()["id_token"])
    assert second["auth_time"] > first["auth_time"]


def test_prompt_login_is_not_passed_by_going_back_without_it(party: Party) -> None:
    party.tokens()
    detour = party.authorize(prompt="login")
    answer = party.browser.get(query_of(detour["Location"])["next"])
    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_prompt_consent_asks_again(party: Party) -> None:
    party.tokens()
    page = party.follow(party.authorize(prompt="consent"))
    assert page.status_code == 200
    assert "code" in query_of(party.consent(page)["Location"])


def test_prompt_select_account_goes_on_with_the_same(party: Party) -> None:
    party.tokens()
    page = party.follow(party.authorize(prompt="select_account"))
    answer = party.browser.post("/sso/account", {"request": page.context["handle"], "action": "continue"})
    assert "code" in query_of(party.follow(answer)["Location"])


def test_prompt_select_account_goes_on_with_another(party: Party) -> None:
    party.tokens()
    another = UserFactory()
    page = party.follow(party.authorize(prompt="select_account"))
    answer = party.browser.post("/sso/account", {"request": page.context["handle"], "action": "other"})
    back = query_of(answer["Location"])["next"]
    signed_in = party.browser.post("/accounts/login/", {"login": another.username, "password": PASSWORD, "next": back})
    assert "code" in query_of(party.consent(signed_in)["Location"])


def test_max_age_1(party: Party) -> None:
    age(party.browser, 60)
    answer = party.follow(reauthenticate(party.browser, party.authorize(max_age="1")))
    claims = party.claims(party.exchange(query_of(party.consent(answer)["Location"])["code"]).json()["id_token"])
    assert claims["iat"] - claims["auth_time"] < 30


def test_max_age_auth_time(party: Party) -> None:
    first = party.claims(party.tokens()["id_token"])
    second = party.claims(party.tokens(max_age="10000")["id_token"])
    assert first["auth_time"] == second["auth_time"]


def test_max_age_prompt_none(party: Party) -> None:
    party.tokens()
    age(party.browser, 60)
    assert error_of(party, max_age="1", prompt="none") == "login_required"


def test_max_age_of_no_number(party: Party) -> None:
    assert error_of(party, max_age="soon") == "invalid_request"


def test_id_token_hint(party: Party) -> None:
    hint = party.tokens()["id_token"]
    assert "code" in query_of(party.authorize(prompt="none", id_token_hint=hint)["Location"])


def test_id_token_hint_of_another_person(party: Party) -> None:
    hint = party.tokens()["id_token"]
    elsewhere = Party(party.client, party.secret, Browser())
    sign_in(elsewhere.browser, UserFactory())
    elsewhere.tokens()
    assert error_of(elsewhere, prompt="none", id_token_hint=hint) == "login_required"


def test_id_token_hint_of_another_client(party: Party, other: Party) -> None:
    hint = other.tokens()["id_token"]
    assert error_of(party, id_token_hint=hint) == "invalid_request"


def test_id_token_hint_that_is_not_signed(party: Party) -> None:
    hint = party.tokens()["id_token"]
    assert error_of(party, id_token_hint=f"{hint[:-8]}AAAAAAAA") == "invalid_request"


def test_acr_returned(party: Party) -> None:
    assert party.claims(party.tokens(acr_values="basic")["id_token"])["acr"] == "basic"


def test_acr_essential_that_cannot_be_reached(party: Party, person: User) -> None:
    User.objects.filter(pk=person.pk).update(assurance="none")
    wish = json.dumps({"id_token": {"acr": {"essential": True, "values": ["plus"]}}})
    assert error_of(party, claims=wish) == "unmet_authentication_requirements"


def test_least_acr_of_the_client_that_is_not_reached(party: Party) -> None:
    Client.objects.update(least_acr="plus")
    assert error_of(party, prompt="none") == "unmet_authentication_requirements"


@pytest.mark.parametrize("claims", ["[]", "{", '{"userinfo": []}', '{"userinfo": {"name": 1}}', "[" * 2000])
def test_claims_that_are_no_request(party: Party, claims: str) -> None:
    assert error_of(party, claims=claims) == "invalid_request"


def test_claims_with_the_sub_of_another(party: Party) -> None:
    party.tokens()
    wish = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})
    assert error_of(party, claims=wish, prompt="none") == "login_required"


@pytest.fixture
def with_second_factor(person: User) -> User:
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "kept elsewhere"})
    return person


def prove_by_code(browser: Browser) -> None:
    """As the session stands after a code of the person's app."""
    session = browser.session
    step = {"method": "mfa", "type": "totp", "at": time.time(), "reauthenticated": True}
    session["account_authentication_methods"] = [*session["account_authentication_methods"], step]
    session.save()


PLUS = json.dumps({"id_token": {"acr": {"essential": True, "values": ["plus"]}}})


def test_acr_essential_leads_to_a_step_up_and_back(party: Party, with_second_factor: User) -> None:
    detour = party.authorize(claims=PLUS)
    asked = query_of(detour["Location"])
    assert asked["acr"] == "plus"
    prove_by_code(party.browser)
    answer = party.consent(party.browser.get(asked["next"]))
    tokens = party.exchange(query_of(answer["Location"])["code"]).json()
    assert party.claims(tokens["id_token"])["acr"] == "plus"


def test_acr_essential_is_not_passed_by_coming_back_without_it(party: Party, with_second_factor: User) -> None:
    asked = query_of(party.authorize(claims=PLUS)["Location"])
    assert query_of(party.browser.get(asked["next"])["Location"])["acr"] == "plus"


def test_acr_values_are_asked_for_once_and_never_insisted_on(party: Party, with_second_factor: User) -> None:
    asked = query_of(party.authorize(acr_values="plus")["Location"])
    answer = party.consent(party.browser.get(asked["next"]))
    tokens = party.exchange(query_of(answer["Location"])["code"]).json()
    assert party.claims(tokens["id_token"])["acr"] == "basic"


def test_acr_essential_of_a_person_without_a_strong_factor(party: Party) -> None:
    assert error_of(party, claims=PLUS) == "unmet_authentication_requirements"
