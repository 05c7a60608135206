"""Asking about tokens and taking them back: one's own alone (RFC 7662, RFC 7009)."""

from typing import Any

import pytest

from identity.provider import consents
from identity.provider.models import Client
from tests.identity.provider.party import ISSUER, Party

OFFLINE = "openid email offline_access"


def introspect(party: Party, token: str, **more: str) -> Any:
    answer = party.post("/sso/introspect", {"token": token, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


def revoke(party: Party, token: str, **more: str) -> int:
    return int(party.post("/sso/revoke", {"token": token, **more}).status_code)


def test_introspection_of_an_access_token(party: Party) -> None:
    tokens = party.tokens(scope=OFFLINE)
    found = introspect(party, tokens["access_token"])
    assert found["active"] is True
    assert found["client_id"] == party.client.client_id
    assert found["iss"] == ISSUER
    assert found["sub"] == party.claims(tokens["id_token"])["sub"]
    assert found["acr"] == "basic"
    assert "offline_access" in found["scope"].split()


def test_introspection_of_a_refresh_token(party: Party) -> None:
    assert introspect(party, party.tokens(scope=OFFLINE)["refresh_token"])["active"] is True


def test_introspection_of_another_clients_token(party: Party, other: Party) -> None:
    assert introspect(other, party.tokens()["access_token"]) == {"active": False}


def test_introspection_of_nothing_known(party: Party) -> None:
    assert introspect(party, "made-up", token_type_hint="strange") == {"active": False}


def test_introspection_after_a_withdrawal(party: Party) -> None:
    tokens = party.tokens(scope=OFFLINE)
    consents.withdraw(party.client, party.browser_person())
    assert introspect(party, tokens["access_token"]) == {"active": False}
    assert introspect(party, tokens["refresh_token"]) == {"active": False}


def test_introspection_needs_a_client_that_proves_itself(party: Party) -> None:
    token = party.tokens()["access_token"]
    party.secret = "wrong"
    assert party.post("/sso/introspect", {"token": token}).status_code == 401


def test_introspection_is_not_for_public_clients(party: Party) -> None:
    token = party.tokens()["access_token"]
    Client.objects.update(kind="public", token_endpoint_auth_method="none", secret_digest="")
    party.client.refresh_from_db()
    assert party.post("/sso/introspect", {"token": token}).status_code == 401


def test_revocation_of_an_access_token(party: Party) -> None:
    token = party.tokens()["access_token"]
    assert revoke(party, token) == 200
    assert party.userinfo(token).status_code == 401


def test_revoke_other_client(party: Party, other: Party) -> None:
    tokens = party.tokens(scope=OFFLINE)
    assert revoke(other, tokens["access_token"]) == 200
    assert revoke(other, tokens["refresh_token"]) == 200
    assert party.userinfo(tokens["access_token"]).status_code == 200
    assert party.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("kind", "hint"), [("access_token", "refresh_token"), ("refresh_token", "access_token")])
def test_revoke_wrong_hint(party: Party, kind: str, hint: str) -> None:
    token = party.tokens(scope=OFFLINE)[kind]
    assert revoke(party, token, token_type_hint=hint) == 200
    assert introspect(party, token) == {"active": False}


def test_revoke_refresh_cascades(party: Party) -> None:
    tokens = party.tokens(scope=OFFLINE)
    revoke(party, tokens["refresh_token"])
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_revocation_of_nothing_known_is_fine(party: Party) -> None:
    assert revoke(party, "made-up") == 200


def test_revocation_without_a_token_is_not(party: Party) -> None:
    assert party.post("/sso/revoke", {}).status_code == 400
