"""The whole way from a department's site to its tokens (OpenID Connect Core 1.0 section 3.1)."""

from authlib.oidc.core.util import create_half_hash

from identity.provider.models import Client
from tests.identity.provider.party import ISSUER, Party


def test_code_flow_gives_a_token_of_each_kind(party: Party) -> None:
    tokens = party.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] > 0
    assert "refresh_token" not in tokens


def test_code_flow_returns_state_and_iss(party: Party) -> None:
    answer = party.answer()
    assert answer["state"] == "a-state"
    assert answer["iss"] == ISSUER


def test_idt_nonce_acr_amr_auth_time_sid_and_at_hash(party: Party) -> None:
    tokens = party.tokens()
    claims = party.claims(tokens["id_token"])
    assert claims["nonce"] == "a-nonce"
    assert claims["acr"] == "basic"
    assert claims["amr"] == ["pwd"]
    assert claims["auth_time"] <= claims["iat"]
    assert claims["sid"]
    assert claims["at_hash"] == create_half_hash(tokens["access_token"], "RS256").decode()


def test_no_nonce_ok(party: Party) -> None:
    tokens = party.tokens(nonce=None)
    assert "nonce" not in party.claims(tokens["id_token"])


def test_idt_signature_in_es256_for_a_client_that_wants_it(party: Party) -> None:
    Client.objects.update(id_token_signed_response_alg="ES256")
    party.client.refresh_from_db()
    assert party.claims(party.tokens()["id_token"])["sub"]


def test_token_answer_is_kept_by_nobody(party: Party) -> None:
    answer = party.exchange(party.code())
    assert answer["Cache-Control"] == "no-store"
    assert answer["Pragma"] == "no-cache"


def test_subjects_of_two_departments_differ_and_stay(party: Party, other: Party) -> None:
    first, again = (party.claims(party.tokens()["id_token"])["sub"] for _ in range(2))
    elsewhere = other.claims(other.tokens()["id_token"])
    assert first == again
    assert first != elsewhere["sub"]


def test_sids_of_two_departments_differ(party: Party, other: Party) -> None:
    mine, theirs = (each.claims(each.tokens()["id_token"])["sid"] for each in (party, other))
    assert mine != theirs
