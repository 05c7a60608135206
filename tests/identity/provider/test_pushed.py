"""Pushed authorization requests (RFC 9126)."""

from django.utils import timezone

from identity.provider.models import Client, PushedRequest
from tests.identity.provider.party import Party, query_of


def push(party: Party, **changes: str | None) -> str:
    answer = party.post("/sso/par", party.parameters(**changes))
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    return str(answer.json()["request_uri"])


def go(party: Party, name: str, **more: str) -> dict[str, str]:
    query = {"client_id": party.client.client_id, "request_uri": name, **more}
    answer = party.follow(party.browser.get("/sso/authorize", query))
    return query_of((party.consent(answer) if answer.status_code == 200 else answer)["Location"])


def test_par_leads_to_a_code(party: Party) -> None:
    answer = go(party, push(party))
    assert answer["state"] == "a-state"
    assert party.exchange(answer["code"]).status_code == 200


def test_par_counts_and_nothing_beside_it(party: Party) -> None:
    assert go(party, push(party), state="forged")["state"] == "a-state"


def test_par_is_used_once(party: Party) -> None:
    name = push(party)
    go(party, name)
    query = {"client_id": party.client.client_id, "request_uri": name}
    assert party.browser.get("/sso/authorize", query).status_code == 400


def test_par_survives_signing_in(party: Party) -> None:
    stranger = Party(party.client, party.secret)
    query = {"client_id": party.client.client_id, "request_uri": push(party)}
    detour = stranger.browser.get("/sso/authorize", query)
    again = stranger.browser.get(query_of(detour["Location"])["next"])
    assert again["Location"].startswith("/accounts/login/")


def test_par_of_another_client(party: Party, other: Party) -> None:
    query = {"client_id": other.client.client_id, "request_uri": push(party)}
    assert party.browser.get("/sso/authorize", query).status_code == 400


def test_par_expired(party: Party) -> None:
    name = push(party)
    PushedRequest.objects.update(expires_at=timezone.now())
    query = {"client_id": party.client.client_id, "request_uri": name}
    assert party.browser.get("/sso/authorize", query).status_code == 400


def test_par_refuses_what_the_authorization_endpoint_would(party: Party) -> None:
    answer = party.post("/sso/par", party.parameters(code_challenge_method="plain"))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_par_refuses_a_redirect_elsewhere(party: Party) -> None:
    assert party.post("/sso/par", party.parameters(redirect_uri="https://evil.example/")).status_code == 400


def test_par_refuses_a_request_uri(party: Party) -> None:
    assert party.post("/sso/par", party.parameters(request_uri="urn:any")).status_code == 400


def test_par_needs_the_client_to_prove_itself(party: Party) -> None:
    party.secret = "wrong"
    assert party.post("/sso/par", party.parameters()).status_code == 401


def test_a_client_that_has_to_push_is_refused_otherwise(party: Party) -> None:
    Client.objects.update(require_pushed_authorization_requests=True)
    assert query_of(party.authorize()["Location"])["error"] == "invalid_request"
    assert "code" in go(party, push(party))


def test_what_was_pushed_stands_encrypted_in_the_database(party: Party) -> None:
    push(party, login_hint="chan@example.hk")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT parameters FROM provider_pushedrequest")
        assert b"chan@example.hk" not in bytes(cursor.fetchone()[0])
