"""The API with an access token of our own provider, in the place of a session."""

import base64
import hashlib
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.test import RequestFactory
from joserfc import jwt
from joserfc.jwk import ECKey

from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.accounts.sessions import SessionStore
from identity.provider import consents, signing_out
from identity.provider.models import TokenFamily
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.identity.provider.party import ISSUER, Party, register, sign_in
from tests.portal.api.conftest import FORM

SCOPE = "openid calls"


@pytest.fixture
def party(citizen: User) -> Party:
    browser = Browser()
    sign_in(browser, citizen)
    client, secret = register()
    return Party(client, secret, browser, scope=SCOPE)


@pytest.fixture
def token(party: Party) -> str:
    return str(party.tokens()["access_token"])


def ask(path: str, token: str, *, scheme: str = "Bearer", browser: Browser | None = None, **headers: str) -> Any:
    return (browser or Browser()).get(path, HTTP_AUTHORIZATION=f"{scheme} {token}", **headers)  # type: ignore[arg-type]


def call(function: ServiceFunction, token: str, *, browser: Browser | None = None) -> Any:
    return (browser or Browser(enforce_csrf_checks=True)).post(
        f"/api/v1/functions/{function.code}/calls/", FORM, content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_IDEMPOTENCY_KEY=str(uuid4()),
    )  # fmt: skip


def test_a_call_is_made_for_the_person_of_the_token_without_a_csrf_token(
    function: ServiceFunction, token: str, citizen: User
) -> None:
    answer = call(function, token)
    assert answer.status_code == 202, answer.json()
    made = ServiceCall.objects.get()
    assert (made.person, made.caller) == (citizen, f"user:{citizen.pk}")


def test_own_calls_are_read_and_nobody_elses(function: ServiceFunction, token: str, api: Any) -> None:
    receipt = call(function, token).json()["receipt"]
    assert ask(f"/api/v1/calls/{receipt}/", token).status_code == 200
    assert ask("/api/v1/calls/", token).json()["count"] == 1
    ServiceCall.objects.update(caller="user:somebody-else")
    assert ask(f"/api/v1/calls/{receipt}/", token).status_code == 404


def test_what_a_browser_began_is_not_the_callers(rf: RequestFactory, citizen: User) -> None:
    """A session beside a token says nothing."""
    plain, with_token = rf.get("/"), rf.get("/", HTTP_AUTHORIZATION="Bearer x")
    for request in (plain, with_token):
        request.user, request.session = citizen, SessionStore()
        request.session["caller"] = "what a browser began"
    assert len(callers_of(plain)) == 2
    assert callers_of(with_token) == [f"user:{citizen.pk}"]


def test_a_token_without_the_scope_is_told_which_one_is_needed(party: Party) -> None:
    party.scope = "openid profile"
    answer = ask("/api/v1/calls/", party.tokens()["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert 'scope="calls"' in answer["WWW-Authenticate"]
    assert answer.json()["type"] == "/problems/insufficient-scope"


@pytest.mark.parametrize("wrong", ["", "x", "a" * 5000, "a b"])
def test_a_token_that_is_none_is_refused(db: None, wrong: str) -> None:
    answer = ask("/api/v1/calls/", wrong)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")


def test_an_unknown_token_is_not_rescued_by_a_session(api: Any) -> None:
    assert api.get("/api/v1/calls/", HTTP_AUTHORIZATION="Bearer unknown").status_code == 401


def test_a_token_in_the_address_is_no_token(token: str) -> None:
    assert Browser().get("/api/v1/calls/", {"access_token": token}).json().get("count", 0) == 0


def test_a_token_of_an_ended_session_is_refused(token: str) -> None:
    family = TokenFamily.objects.get()
    assert family.session is not None
    signing_out.sessions_ended([family.session])
    assert ask("/api/v1/calls/", token).status_code == 401


def test_a_token_of_a_withdrawn_consent_is_refused(party: Party, token: str, citizen: User) -> None:
    consents.withdraw(party.client, citizen)
    assert ask("/api/v1/calls/", token).status_code == 401


def test_what_the_token_proves_decides_what_it_may_do(function: ServiceFunction, token: str) -> None:
    TokenFamily.objects.update(acr="none")
    answer = call(function, token)
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in answer["WWW-Authenticate"]
    assert 'acr_values="basic"' in answer["WWW-Authenticate"]


def test_a_session_still_needs_its_csrf_token(function: ServiceFunction, citizen: User) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(citizen)
    answer = strict.post(
        f"/api/v1/functions/{function.code}/calls/", FORM, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k"
    )
    assert answer.status_code == 403


# --- Bound to a key (RFC 9449) ---------------------------------------------------------------------------
def proof(key: ECKey, method: str, address: str, token: str | None = None) -> str:
    claims: dict[str, Any] = {"htm": method, "htu": address, "iat": int(time.time()), "jti": str(uuid4())}
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, ["ES256"])


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def bound(party: Party, key: ECKey) -> str:
    made = party.exchange(party.code(), headers={"HTTP_DPOP": proof(key, "POST", f"{ISSUER}/sso/token")}).json()
    assert made["token_type"] == "DPoP"
    return str(made["access_token"])


def test_a_bound_token_works_with_its_key(bound: str, key: ECKey) -> None:
    shown = proof(key, "GET", f"{ISSUER}/api/v1/calls/", bound)
    assert ask("/api/v1/calls/", bound, scheme="DPoP", HTTP_DPOP=shown).status_code == 200


def test_a_bound_token_is_nothing_without_its_key(bound: str) -> None:
    assert ask("/api/v1/calls/", bound).status_code == 401
    shown = proof(ECKey.generate_key("P-256"), "GET", f"{ISSUER}/api/v1/calls/", bound)
    answer = ask("/api/v1/calls/", bound, scheme="DPoP", HTTP_DPOP=shown)
    assert (answer.status_code, answer["WWW-Authenticate"][:4]) == (401, "DPoP")


def test_a_proof_counts_once_and_for_one_address(bound: str, key: ECKey) -> None:
    shown = proof(key, "GET", f"{ISSUER}/api/v1/calls/", bound)
    assert ask("/api/v1/calls/FRY-1/", bound, scheme="DPoP", HTTP_DPOP=shown).status_code == 401
    fresh = proof(key, "GET", f"{ISSUER}/api/v1/calls/", bound)
    codes = [ask("/api/v1/calls/", bound, scheme="DPoP", HTTP_DPOP=fresh).status_code for _ in range(2)]
    assert codes == [200, 401]
