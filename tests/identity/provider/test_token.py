"""The token endpoint: codes and refresh tokens count once, and only for their client (RFC 6749, RFC 9700)."""

import base64
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from identity.accounts.models import User
from identity.provider.models import AuthorizationCode, Client, RefreshToken
from tests.identity.provider.party import Party, send

OFFLINE = "openid offline_access"


def refused(answer: Any, error: str, status: int = 400) -> bool:
    assert answer.status_code == status, answer.content
    return bool(answer.json()["error"] == error)


def test_code_reuse(party: Party) -> None:
    code = party.code()
    party.exchange(code)
    assert refused(party.exchange(code), "invalid_grant")


def test_code_reuse_revokes(party: Party) -> None:
    code = party.code()
    token = party.exchange(code).json()["access_token"]
    party.exchange(code)
    assert party.userinfo(token).status_code == 401


def test_code_reuse_revokes_refresh(party: Party) -> None:
    code = party.code(scope=OFFLINE)
    token = party.exchange(code).json()["refresh_token"]
    party.exchange(code)
    assert refused(party.refresh(token), "invalid_grant")


def test_code_of_another_client(party: Party, other: Party) -> None:
    code = party.code()
    other.verifier = party.verifier
    assert refused(other.exchange(code, redirect_uri=party.redirect_uri), "invalid_grant")
    assert party.exchange(code).status_code == 200


def test_code_expired(party: Party) -> None:
    code = party.code()
    AuthorizationCode.objects.update(expires_at=timezone.now())
    assert refused(party.exchange(code), "invalid_grant")


def test_code_made_up(party: Party) -> None:
    assert refused(party.exchange("made-up"), "invalid_grant")


def test_code_with_another_redirect_uri(party: Party) -> None:
    assert refused(party.exchange(party.code(), redirect_uri="https://td.example.hk/other"), "invalid_grant")


def test_code_without_redirect_uri(party: Party) -> None:
    assert refused(party.exchange(party.code(), redirect_uri=None), "invalid_grant")


def test_pkce_wrong_verifier(party: Party) -> None:
    assert refused(party.exchange(party.code(), code_verifier="x" * 43), "invalid_grant")


def test_pkce_missing_verifier(party: Party) -> None:
    assert refused(party.exchange(party.code(), code_verifier=None), "invalid_request")


def test_pkce_verifier_without_challenge(party: Party) -> None:
    """There is no code without a challenge, so no verifier can come with such a one."""
    answer = party.authorize(code_challenge=None, code_challenge_method=None)
    assert "code=" not in answer["Location"]


def test_refresh_rotates(party: Party) -> None:
    first = party.tokens(scope=OFFLINE)["refresh_token"]
    second = party.refresh(first).json()["refresh_token"]
    assert second != first
    assert party.refresh(second).status_code == 200


def test_refresh_reuse_detected(party: Party) -> None:
    first = party.tokens(scope=OFFLINE)["refresh_token"]
    second = party.refresh(first).json()
    assert refused(party.refresh(first), "invalid_grant")
    assert refused(party.refresh(second["refresh_token"]), "invalid_grant")
    assert party.userinfo(second["access_token"]).status_code == 401


def test_refresh_needs_offline(party: Party) -> None:
    assert "refresh_token" not in party.tokens(scope="openid email")


def test_refresh_bound_to_its_client(party: Party, other: Party) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    assert refused(other.refresh(token), "invalid_grant")
    assert party.refresh(token).status_code == 200


def test_refresh_with_a_narrower_scope(party: Party) -> None:
    token = party.tokens(scope=f"{OFFLINE} email")["refresh_token"]
    assert party.refresh(token, scope="openid").json()["scope"] == "openid"


def test_refresh_with_a_wider_scope(party: Party) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    assert refused(party.refresh(token, scope="openid email"), "invalid_scope")
    assert party.refresh(token).status_code == 200


def test_refresh_expired(party: Party) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    RefreshToken.objects.update(expires_at=timezone.now())
    assert refused(party.refresh(token), "invalid_grant")


def test_refresh_keeps_auth_time_and_carries_no_nonce(party: Party) -> None:
    first = party.tokens(scope=OFFLINE)
    second = party.claims(party.refresh(first["refresh_token"]).json()["id_token"])
    assert second["auth_time"] == party.claims(first["id_token"])["auth_time"]
    assert "nonce" not in second


def test_refresh_of_a_person_who_was_shut_out(party: Party, person: User) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert party.refresh(token).status_code == 400


def test_client_wrong_secret(party: Party) -> None:
    party.secret = "wrong"
    answer = party.exchange("any")
    assert refused(answer, "invalid_client", 401)
    assert answer["WWW-Authenticate"].startswith("Basic")


def test_client_two_auth_methods(party: Party) -> None:
    answer = party.exchange(party.code(), client_id=party.client.client_id, client_secret=party.secret)
    assert refused(answer, "invalid_request")


def test_client_secret_post(party: Party) -> None:
    Client.objects.update(token_endpoint_auth_method="client_secret_post")
    party.client.refresh_from_db()
    assert party.tokens()["access_token"]


def test_client_secret_post_of_a_client_registered_for_the_header(party: Party) -> None:
    data = {"grant_type": "authorization_code", "code": party.code(), "client_id": party.client.client_id}
    assert refused(send("/sso/token", {**data, "client_secret": party.secret}), "invalid_client", 401)


def test_client_without_authentication_that_is_confidential(party: Party) -> None:
    data = {"grant_type": "authorization_code", "code": party.code(), "client_id": party.client.client_id}
    assert refused(send("/sso/token", data), "invalid_client", 401)


def test_client_secret_with_signs_is_form_encoded_in_the_header(party: Party) -> None:
    pair = base64.b64encode(f"{party.client.client_id}:{party.secret.replace('-', '%2D')}".encode()).decode()
    assert party.exchange(party.code(), headers={"HTTP_AUTHORIZATION": f"Basic {pair}"}).status_code == 200


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic Og==", "Basic /////w=="])
def test_client_header_that_cannot_be_read(party: Party, header: str) -> None:
    answer = party.exchange("any", headers={"HTTP_AUTHORIZATION": header})
    assert refused(answer, "invalid_client", 401)


def test_client_suspended(party: Party) -> None:
    code = party.code()
    Client.objects.update(state="suspended")
    assert refused(party.exchange(code), "invalid_client", 401)


def test_grant_type_missing(party: Party) -> None:
    assert refused(party.exchange("any", grant_type=None), "invalid_request")


@pytest.mark.parametrize("kind", ["password", "client_credentials", "implicit"])
def test_grant_type_not_ours(party: Party, kind: str) -> None:
    assert refused(party.exchange("any", grant_type=kind), "unsupported_grant_type")


def test_token_endpoint_refuses_get(party: Party) -> None:
    assert party.browser.get("/sso/token").status_code == 405


def test_token_endpoint_reads_nothing_of_the_query(party: Party) -> None:
    code = party.code()
    answer = party.post(f"/sso/token?code={code}", {"grant_type": "authorization_code"})
    assert refused(answer, "invalid_request")


def test_a_public_client_gets_tokens_by_pkce_alone(party: Party) -> None:
    Client.objects.update(kind="public", token_endpoint_auth_method="none", secret_digest="")
    party.client.refresh_from_db()
    assert party.tokens()["access_token"]


def test_secrets_and_tokens_stand_in_the_database_as_digests_only(party: Party) -> None:
    party.tokens(scope=OFFLINE)
    party.client.refresh_from_db()
    kept = [*RefreshToken.objects.values_list("digest", flat=True), party.client.secret_digest]
    assert all(len(each) == 64 for each in kept)
    assert party.secret not in kept


def test_a_client_that_calls_too_often_is_slowed_down(party: Party, settings: Any) -> None:
    settings.PROVIDER_CLIENT_RATE = 2
    answers = [party.exchange("any").status_code for _ in range(4)]
    assert answers[0] == 400
    assert answers[-1] == 429


def test_the_limit_is_generous() -> None:
    assert settings.PROVIDER_CLIENT_RATE >= 6000
