"""DPoP: a stolen token is worth nothing without its key (RFC 9449)."""

import base64
import hashlib
import secrets
import time
from typing import Any

import pytest
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey

from identity.provider.models import Client
from tests.identity.provider.party import ISSUER, Party

TOKEN, USERINFO = f"{ISSUER}/sso/token", f"{ISSUER}/sso/userinfo"


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256")


def proof(key: ECKey, method: str, address: str, token: str = "", header: Any = None, **changes: Any) -> str:
    claims = {"jti": secrets.token_urlsafe(), "htm": method, "htu": address, "iat": int(time.time()), **changes}
    if token:
        claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    made = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
    return jwt.encode(made, claims, key, ["ES256"])


def bound(party: Party, key: ECKey, **changes: str | None) -> Any:
    answer = party.exchange(party.code(**changes), headers={"HTTP_DPOP": proof(key, "POST", TOKEN)})
    assert answer.status_code == 200, answer.content
    return answer.json()


def userinfo(token: str, shown: str, scheme: str = "DPoP") -> Any:
    return Browser().get("/sso/userinfo", HTTP_AUTHORIZATION=f"{scheme} {token}", HTTP_DPOP=shown)


def test_dpop_binds_the_token(party: Party, key: ECKey) -> None:
    tokens = bound(party, key)
    assert tokens["token_type"] == "DPoP"
    token = tokens["access_token"]
    assert userinfo(token, proof(key, "GET", USERINFO, token)).status_code == 200


def test_dpop_token_as_a_plain_bearer(party: Party, key: ECKey) -> None:
    answer = party.userinfo(bound(party, key)["access_token"])
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("DPoP")


def test_dpop_token_with_another_key(party: Party, key: ECKey) -> None:
    token = bound(party, key)["access_token"]
    thief = ECKey.generate_key("P-256")
    assert userinfo(token, proof(thief, "GET", USERINFO, token)).status_code == 401


def test_plain_token_with_the_dpop_scheme(party: Party, key: ECKey) -> None:
    token = party.tokens()["access_token"]
    assert userinfo(token, proof(key, "GET", USERINFO, token)).status_code == 401


def test_dpop_proof_replayed(party: Party, key: ECKey) -> None:
    token = bound(party, key)["access_token"]
    shown = proof(key, "GET", USERINFO, token)
    assert userinfo(token, shown).status_code == 200
    assert userinfo(token, shown).status_code == 401


@pytest.mark.parametrize(
    "change",
    [{"htm": "POST"}, {"htu": TOKEN}, {"htu": None}, {"iat": 1}, {"iat": None}, {"jti": None}, {"iat": 10**10}],
    ids=str,
)
def test_dpop_proof_of_another_request(party: Party, key: ECKey, change: dict[str, Any]) -> None:
    token = bound(party, key)["access_token"]
    assert userinfo(token, proof(key, "GET", USERINFO, token, **change)).status_code == 401


def test_dpop_proof_without_the_tokens_hash(party: Party, key: ECKey) -> None:
    token = bound(party, key)["access_token"]
    assert userinfo(token, proof(key, "GET", USERINFO)).status_code == 401


def test_dpop_proof_may_name_the_address_with_a_query(party: Party, key: ECKey) -> None:
    token = bound(party, key)["access_token"]
    assert userinfo(token, proof(key, "GET", f"{USERINFO}?a=b#c", token)).status_code == 200


@pytest.mark.parametrize("shown", ["", "no-proof", "a.b.c", "e30.e30.e30", "x" * 9000])
def test_dpop_proof_that_is_none(party: Party, shown: str) -> None:
    answer = party.exchange(party.code(), headers={"HTTP_DPOP": shown})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_dpop_proof_of_another_type(party: Party, key: ECKey) -> None:
    shown = proof(key, "POST", TOKEN, header={"typ": "JWT"})
    assert party.exchange(party.code(), headers={"HTTP_DPOP": shown}).json()["error"] == "invalid_dpop_proof"


def test_dpop_proof_that_shows_a_private_key(party: Party, key: ECKey) -> None:
    shown = proof(key, "POST", TOKEN, header={"jwk": key.as_dict(private=True)})
    assert party.exchange(party.code(), headers={"HTTP_DPOP": shown}).json()["error"] == "invalid_dpop_proof"


def test_a_client_that_has_to_use_dpop_gets_nothing_without(party: Party) -> None:
    Client.objects.update(dpop_bound_access_tokens=True)
    assert party.exchange(party.code()).json()["error"] == "invalid_dpop_proof"


def test_a_code_bound_by_dpop_jkt_needs_that_key(party: Party, key: ECKey) -> None:
    code = party.code(dpop_jkt=key.thumbprint())
    thief = ECKey.generate_key("P-256")
    answer = party.exchange(code, headers={"HTTP_DPOP": proof(thief, "POST", TOKEN)})
    assert answer.json()["error"] == "invalid_grant"


def test_a_code_bound_by_dpop_jkt_is_redeemed_with_that_key(party: Party, key: ECKey) -> None:
    assert bound(party, key, dpop_jkt=key.thumbprint())["token_type"] == "DPoP"


def test_a_public_clients_refresh_token_is_bound_too(party: Party, key: ECKey) -> None:
    Client.objects.update(kind="public", token_endpoint_auth_method="none", secret_digest="")
    party.client.refresh_from_db()
    token = bound(party, key, scope="openid offline_access")["refresh_token"]
    assert party.refresh(token).json()["error"] == "invalid_grant"


def test_introspection_names_the_key(party: Party, key: ECKey) -> None:
    token = bound(party, key)["access_token"]
    assert party.post("/sso/introspect", {"token": token}).json()["cnf"] == {"jkt": key.thumbprint()}
