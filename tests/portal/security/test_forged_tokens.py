"""Tokens, codes, keys and hints that are forged, used twice, too old or another's: refused, said, and in the log."""

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from identity.provider.models import AccessToken, AuthorizationCode, DeviceCode, PushedRequest, RefreshToken
from tests.identity.provider.party import ISSUER, JWT_BEARER, Party, register, send
from tests.identity.provider.test_dpop import USERINFO, bound, proof, userinfo
from tests.identity.provider.test_pushed import push
from tests.portal.security.conftest import Events

OFFLINE = "openid offline_access"


def error_of(answer: Any) -> str:
    """The code of the error; that there are words with it is part of each test."""
    said = answer.json()
    assert said["error_description"]
    return str(said["error"])


def unsigned(token: str) -> str:
    """The same claims, under `alg: none`."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


@pytest.fixture
def signer(browser: Browser) -> Party:
    """A client that proves itself with a key."""
    key = ECKey.generate_key("P-256")
    keys = {"keys": [key.as_dict(private=False)]}
    client, secret = register("im", token_endpoint_auth_method="private_key_jwt", jwks=keys)
    return Party(client, secret, browser, key=key)


def by_assertion(signer: Party, assertion: str) -> Any:
    data = {"client_assertion_type": JWT_BEARER, "client_assertion": assertion, "token": "x"}
    return send("/sso/revoke", data)


# --- Codes ----------------------------------------------------------------------------------------
def test_a_code_that_comes_a_second_time(party: Party, logged: Events) -> None:
    code = party.code()
    party.exchange(code)
    assert error_of(party.exchange(code)) == "invalid_grant"
    assert logged() == ["code_replayed"]


@pytest.mark.parametrize("code", ["made-up", "a" * 43])
def test_a_code_that_is_made_up(party: Party, logged: Events, code: str) -> None:
    assert error_of(party.exchange(code)) == "invalid_grant"
    assert logged() == ["code_unknown"]


def test_a_code_that_is_too_old(party: Party, logged: Events) -> None:
    code = party.code()
    AuthorizationCode.objects.update(expires_at=timezone.now())
    assert error_of(party.exchange(code)) == "invalid_grant"
    assert logged() == ["code_expired"]


def test_a_code_that_another_client_has(party: Party, other: Party, logged: Events) -> None:
    code, other.verifier = party.code(), party.verifier
    assert error_of(other.exchange(code, redirect_uri=party.redirect_uri)) == "invalid_grant"
    assert logged() == ["code_of_another_client"]


def test_a_code_without_the_proof_of_who_asked(party: Party, logged: Events) -> None:
    assert error_of(party.exchange(party.code(), code_verifier="x" * 43)) == "invalid_grant"
    assert logged() == ["code_verifier_wrong"]


def test_a_code_for_another_address(party: Party, logged: Events) -> None:
    assert error_of(party.exchange(party.code(), redirect_uri="https://evil.example/")) == "invalid_grant"
    assert logged() == ["code_with_another_redirect"]


# --- Refresh and access tokens --------------------------------------------------------------------
def test_a_refresh_token_that_comes_a_second_time(party: Party, logged: Events) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    party.refresh(token)
    assert error_of(party.refresh(token)) == "invalid_grant"
    assert logged() == ["refresh_token_replayed"]


def test_a_refresh_token_of_another_client(party: Party, other: Party, logged: Events) -> None:
    assert error_of(other.refresh(party.tokens(scope=OFFLINE)["refresh_token"])) == "invalid_grant"
    assert logged() == ["refresh_token_not_theirs"]


def test_a_refresh_token_that_is_too_old(party: Party, logged: Events) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    RefreshToken.objects.update(expires_at=timezone.now())
    assert error_of(party.refresh(token)) == "invalid_grant"
    assert logged() == ["refresh_token_expired"]


@pytest.mark.parametrize("forge", [lambda _: "made-up", unsigned, lambda token: token], ids=["text", "none", "id"])
def test_what_is_no_access_token(party: Party, logged: Events, forge: Any) -> None:
    answer = party.userinfo(forge(party.tokens()["id_token"]))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert logged() == ["access_token_refused"]


def test_an_access_token_that_is_too_old(party: Party, logged: Events) -> None:
    token = party.tokens()["access_token"]
    AccessToken.objects.update(expires_at=timezone.now())
    assert party.userinfo(token).status_code == 401
    assert logged() == ["access_token_refused"]


def test_a_made_up_access_token_at_the_api(logged: Events, db: None) -> None:
    answer = Browser().get("/api/v1/calls/", HTTP_AUTHORIZATION="Bearer made-up")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert logged() == ["access_token_refused"]


def test_an_access_token_that_another_client_looks_into(party: Party, other: Party, logged: Events) -> None:
    answer = other.post("/sso/introspect", {"token": party.tokens()["access_token"]})
    assert answer.json() == {"active": False}
    assert logged() == ["token_of_another_client"]


# --- Assertions, proofs and hints -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"aud": "https://other.example"}, "client_assertion_for_another"),
        ({"exp": 1}, "client_assertion_expired"),
    ],
)
def test_an_assertion_for_another_or_too_old(signer: Party, logged: Events, changes: Any, event: str) -> None:
    answer = by_assertion(signer, signer.assertion(**changes))
    assert (answer.status_code, error_of(answer)) == (401, "invalid_client")
    assert event in logged()


def test_an_assertion_that_comes_a_second_time(signer: Party, logged: Events) -> None:
    assertion = signer.assertion()
    by_assertion(signer, assertion)
    assert error_of(by_assertion(signer, assertion)) == "invalid_client"
    assert "client_assertion_replayed" in logged()


def test_an_assertion_with_alg_none(signer: Party, logged: Events) -> None:
    assert error_of(by_assertion(signer, unsigned(signer.assertion()))) == "invalid_client"
    assert "client_assertion_forged" in logged()


def test_an_assertion_sealed_with_the_public_key(signer: Party, logged: Events) -> None:
    assert signer.key is not None
    secret = OctKey.import_key(json.dumps(signer.key.as_dict(private=False)))
    name = signer.client.client_id
    claims = {"iss": name, "sub": name, "aud": ISSUER, "jti": "1", "exp": int(time.time()) + 60}
    assert error_of(by_assertion(signer, jwt.encode({"alg": "HS256"}, claims, secret, ["HS256"]))) == "invalid_client"
    assert "client_assertion_forged" in logged()


def test_a_wrong_secret(party: Party, logged: Events) -> None:
    party.secret = "wrong"
    assert error_of(party.post("/sso/revoke", {"token": "x"})) == "invalid_client"
    assert logged() == ["client_refused"]


def test_a_proof_of_possession_that_comes_a_second_time(party: Party, logged: Events) -> None:
    key = ECKey.generate_key("P-256")
    token = bound(party, key)["access_token"]
    shown = proof(key, "GET", USERINFO, token)
    userinfo(token, shown)
    answer = userinfo(token, shown)
    assert 'error="invalid_dpop_proof"' in answer["WWW-Authenticate"]
    assert logged() == ["dpop_proof_replayed"]


@pytest.mark.parametrize("forge", [unsigned, lambda token: f"{token[:-8]}AAAAAAAA"], ids=["none", "changed"])
def test_a_hint_that_is_not_ours(party: Party, logged: Events, forge: Any) -> None:
    forged = forge(party.tokens()["id_token"])
    answer = party.authorize(id_token_hint=forged)
    assert "error=invalid_request" in answer["Location"]
    assert party.browser.get("/sso/logout", {"id_token_hint": forged}).status_code == 400
    assert [event for event in logged() if "hint" in event] == ["id_token_hint_forged", "logout_hint_forged"]


# --- Requests -------------------------------------------------------------------------------------
def test_a_pushed_request_that_comes_a_second_time(party: Party, logged: Events) -> None:
    query = {"client_id": party.client.client_id, "request_uri": push(party)}
    party.browser.get("/sso/authorize", query)
    assert party.browser.get("/sso/authorize", query).status_code == 400
    assert "authorization_refused" in logged()


def test_a_pushed_request_of_another_client_or_too_old(party: Party, other: Party, logged: Events) -> None:
    address = push(party)
    assert party.browser.get("/sso/authorize", {"client_id": other.client.client_id, "request_uri": address}).text
    PushedRequest.objects.update(expires_at=timezone.now())
    query = {"client_id": party.client.client_id, "request_uri": address}
    assert party.browser.get("/sso/authorize", query).status_code == 400
    assert logged().count("authorization_refused") == 2


def test_an_address_that_the_client_has_not(party: Party, logged: Events) -> None:
    answer = party.authorize(redirect_uri="https://evil.example/")
    assert answer.status_code == 400
    assert "evil.example" not in answer.headers.get("Location", "")
    assert "redirect_refused" in logged()


def test_a_device_code_of_another_client(db: None, logged: Events) -> None:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    ours, theirs = (Party(*register(code, grant_types=[grant])) for code in ("td", "hd"))
    code = ours.post("/sso/device", {"scope": "openid"}).json()["device_code"]
    assert error_of(theirs.post("/sso/token", {"grant_type": grant, "device_code": code})) == "invalid_grant"
    assert DeviceCode.objects.get().client == ours.client
    assert logged() == ["device_code_not_theirs"]
