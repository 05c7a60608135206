"""What a client learns of a person, and how it has to ask (OpenID Connect Core 1.0 section 5, RFC 6750)."""

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from identity.consent.models import Disclosure
from identity.provider import consents
from identity.provider.models import AccessToken
from tests.identity.provider.party import ALL, Party, query_of, send


def told(party: Party, scope: str, **changes: str | None) -> Any:
    return party.userinfo(party.tokens(scope=scope, **changes)["access_token"]).json()


def test_userinfo_get(party: Party) -> None:
    tokens = party.tokens()
    assert party.userinfo(tokens["access_token"]).json() == {"sub": party.claims(tokens["id_token"])["sub"]}


def test_userinfo_post_header(party: Party) -> None:
    token = party.tokens()["access_token"]
    assert Browser().post("/sso/userinfo", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 200


def test_userinfo_post_body(party: Party) -> None:
    assert send("/sso/userinfo", {"access_token": party.tokens()["access_token"]}).status_code == 200


def test_userinfo_token_in_query(party: Party) -> None:
    token = party.tokens()["access_token"]
    assert Browser().get("/sso/userinfo", {"access_token": token}).status_code == 401


def test_userinfo_token_twice(party: Party) -> None:
    token = party.tokens()["access_token"]
    answer = send("/sso/userinfo", {"access_token": token}, HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 400


def test_userinfo_no_store(party: Party) -> None:
    assert party.userinfo(party.tokens()["access_token"])["Cache-Control"] == "no-store"


def test_userinfo_without_token(db: None) -> None:
    answer = Browser().get("/sso/userinfo")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Ferry"'


@pytest.mark.parametrize("token", ["made-up", "x" * 5000, "eyJhbGciOiJub25lIn0.e30."])
def test_userinfo_with_a_forged_token(db: None, token: str) -> None:
    answer = Browser().get("/sso/userinfo", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_userinfo_with_an_expired_token(party: Party) -> None:
    token = party.tokens()["access_token"]
    AccessToken.objects.update(expires_at=timezone.now())
    assert party.userinfo(token).status_code == 401


def test_userinfo_with_an_id_token(party: Party) -> None:
    assert party.userinfo(party.tokens()["id_token"]).status_code == 401


def test_userinfo_of_a_token_without_openid(party: Party) -> None:
    answer = party.userinfo(party.tokens(scope="calls")["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]


def test_scope_profile(party: Party) -> None:
    found = told(party, "openid profile")
    assert found["name"] == "CHAN Tai Man"
    assert found["name#zh-Hant"] == "陳大文"
    assert found["birthdate"] == "1988-06-15"
    assert found["gender"] == "female"
    assert isinstance(found["updated_at"], int)
    assert "email" not in found


def test_scope_email(party: Party) -> None:
    found = told(party, "openid email")
    assert found["email"] == "chan@example.hk"
    assert found["email_verified"] is False


def test_scope_phone(party: Party) -> None:
    found = told(party, "openid phone")
    assert found["phone_number"] == "+85291234567"
    assert found["phone_number_verified"] is False


def test_scope_address(party: Party) -> None:
    found = told(party, "openid address")["address"]
    assert found["street_address"] == "Flat B\n18 Fuk Wa Street"
    assert found["country"] == "HK"


def test_scope_all(party: Party) -> None:
    assert {"name", "email", "address", "phone_number", "sub"} <= set(told(party, ALL))


def test_scope_order(party: Party) -> None:
    assert set(told(party, "email profile openid")) == set(told(party, "openid profile email"))


def test_claims_essential(party: Party) -> None:
    wish = json.dumps({"userinfo": {"name": {"essential": True}}})
    assert told(party, "openid", claims=wish)["name"] == "CHAN Tai Man"


def test_claims_in_the_id_token(party: Party) -> None:
    wish = json.dumps({"id_token": {"email": None}})
    assert party.claims(party.tokens(claims=wish)["id_token"])["email"] == "chan@example.hk"


def test_claims_of_a_scope_that_the_client_has_not(party: Party) -> None:
    party.client.scopes = ["openid"]
    party.client.save()
    wish = json.dumps({"userinfo": {"name": None}})
    assert "name" not in told(party, "openid", claims=wish)


def test_what_a_person_left_out_is_not_told_and_not_asked_again(party: Party) -> None:
    answer = party.consent(party.authorize(scope="openid profile email"), leave_out=["email"])
    token = party.exchange(query_of(answer["Location"])["code"]).json()["access_token"]
    found = party.userinfo(token).json()
    assert "name" in found
    assert "email" not in found
    assert "code" in query_of(party.authorize(scope="openid profile email", prompt="none")["Location"])


def test_each_answer_is_a_line_of_the_disclosure_log(party: Party) -> None:
    token = party.tokens(scope="openid email")["access_token"]
    assert not Disclosure.objects.exists()
    party.userinfo(token)
    line = Disclosure.objects.get()
    assert line.recipient == "td"
    assert line.fields == ["email"]
    assert line.purpose_names["zh-hant"] == "purpose of td, zh_hant"


def test_an_answer_without_personal_data_is_no_line(party: Party) -> None:
    party.userinfo(party.tokens()["access_token"])
    assert not Disclosure.objects.exists()


def test_an_id_token_with_personal_data_is_a_line(party: Party) -> None:
    party.tokens(claims=json.dumps({"id_token": {"email": None}}))
    assert Disclosure.objects.get().fields == ["email"]


def test_a_withdrawn_consent_ends_tokens_at_once(party: Party) -> None:
    tokens = party.tokens(scope="openid email offline_access")
    consents.withdraw(party.client, party.browser_person())
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_consent_to_one_client_ends_without_the_other(party: Party, other: Party) -> None:
    party.tokens()
    token = other.tokens()["access_token"]
    consents.withdraw(party.client, party.browser_person())
    assert other.userinfo(token).status_code == 200


def test_the_page_of_consent_says_who_what_why_and_how_long(party: Party) -> None:
    text = party.follow(party.authorize(scope="openid email offline_access")).content.decode()
    for said in ("name of td, en", "department_name of td, en", "purpose of td, en", "Your e-mail address", "Until "):
        assert said in text


def test_a_denied_consent_gives_access_denied(party: Party) -> None:
    answer = party.consent(party.authorize(), action="deny")
    assert query_of(answer["Location"])["error"] == "access_denied"


def test_the_page_of_consent_needs_its_csrf_token(party: Party) -> None:
    page = party.follow(party.authorize())
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = party.browser.cookies
    answer = strict.post("/sso/consent", {"request": page.context["handle"], "action": "grant"})
    assert answer.status_code == 403
