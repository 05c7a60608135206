"""What the provider says of itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from typing import Any

import pytest
from django.test import Client as Browser

from identity.provider import keys, lifetimes
from identity.provider.models import SigningKey
from tests.identity.provider.party import ISSUER, Party


@pytest.fixture
def document(db: None) -> Any:
    return Browser().get("/.well-known/openid-configuration").json()


def test_disc_issuer_is_ours_whatever_host_is_forged(db: None) -> None:
    answer = Browser().get("/.well-known/openid-configuration", HTTP_HOST="localhost")
    assert answer.json()["issuer"] == ISSUER
    assert answer.json()["token_endpoint"].startswith(ISSUER)


def test_disc_scopes(document: Any) -> None:
    assert {"openid", "profile", "email", "address", "phone", "offline_access"} <= set(document["scopes_supported"])


def test_disc_no_implicit(document: Any) -> None:
    assert document["response_types_supported"] == ["code"]
    assert "implicit" not in document["grant_types_supported"]


def test_disc_request_uri_flag(document: Any) -> None:
    assert document["request_uri_parameter_supported"] is False
    assert document["request_parameter_supported"] is False


def test_disc_acr(document: Any) -> None:
    assert document["acr_values_supported"] == ["none", "basic", "plus"]


def test_disc_iss_param_flag(document: Any) -> None:
    assert document["authorization_response_iss_parameter_supported"] is True


def test_disc_no_alg_none(document: Any) -> None:
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]


def test_disc_names_every_endpoint(document: Any) -> None:
    for name in ("authorization", "token", "userinfo", "revocation", "introspection", "pushed_authorization_request"):
        assert document[f"{name}_endpoint"].startswith(f"{ISSUER}/sso/")


def test_disc_is_the_same_for_oauth(document: Any) -> None:
    assert Browser().get("/.well-known/oauth-authorization-server").json() == document


def test_jwks_use_alg(db: None) -> None:
    found = Browser().get("/sso/jwks.json").json()["keys"]
    assert {key["alg"] for key in found} == {"RS256", "ES256"}
    assert all(key["use"] == "sig" and key["kid"] for key in found)


def test_jwks_holds_no_private_part(db: None) -> None:
    found = Browser().get("/sso/jwks.json").json()["keys"]
    assert not any({"d", "p", "q"} & set(key) for key in found)


def test_key_rotation_publishes_the_next_key_before_it_signs(party: Party) -> None:
    first = keys.current("RS256")[0]
    SigningKey.objects.update(signs_until=SigningKey.objects.get(pk=first).not_before + lifetimes.KEY_SIGNS / 90)
    made = keys.rotate()
    published = {key["kid"] for key in Browser().get("/sso/jwks.json").json()["keys"]}
    assert {first, *(str(key.pk) for key in made)} <= published
    assert keys.current("RS256")[0] == first


def test_key_rotation_makes_nothing_before_it_is_due(db: None) -> None:
    keys.rotate()
    assert keys.rotate() == []


def test_key_lost_stops_signing_at_once_and_its_tokens_stay_checkable(party: Party) -> None:
    before = party.tokens()["id_token"]
    first = keys.current("RS256")[0]
    keys.rotate(at_once=True)
    assert keys.current("RS256")[0] != first
    assert party.claims(before)
