"""Authorization requests: what is refused, where, and what is none of anyone's business (RFC 6749 section 4.1)."""

from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from identity.accounts.models import User
from identity.provider.models import Client
from tests.identity.provider.party import ISSUER, Party, query_of, register


def error_of(party: Party, **changes: str | None) -> str:
    answer = party.authorize(**changes)
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(party.redirect_uri)
    found = query_of(answer["Location"])
    assert "code" not in found
    return found["error"]


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": None}])
def test_error_page_4xx(party: Party, changes: dict[str, str | None]) -> None:
    answer = party.authorize(**changes)
    assert answer.status_code == 400
    assert "Location" not in answer


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/callback",
        "https://td.example.hk/callback/",
        "https://td.example.hk/callback/../evil",
        "https://td.example.hk/callback#fragment",
        "https://td.example.hk@evil.example/callback",
        "HTTPS://td.example.hk/callback",
        "javascript:alert(1)",
    ],
)
def test_redirect_elsewhere_is_an_error_page(party: Party, place: str) -> None:
    assert party.authorize(redirect_uri=place).status_code == 400


def test_redirect_query_added(party: Party) -> None:
    assert party.authorize(redirect_uri=f"{party.redirect_uri}?more=1").status_code == 400


def test_redirect_query_registered_is_kept(party: Party) -> None:
    Client.objects.update(redirect_uris=["https://td.example.hk/callback?keep=1"])
    party.client.refresh_from_db()
    answer = party.answer()
    assert answer["keep"] == "1"
    assert answer["code"]


def test_error_page_escapes_what_it_was_sent(party: Party) -> None:
    answer = party.authorize(client_id="<script>alert(1)</script>")
    assert b"<script>alert" not in answer.content


def test_a_suspended_client_gets_an_error_page(party: Party) -> None:
    Client.objects.update(state="suspended")
    assert party.authorize().status_code == 400


def test_iss_param_on_error(party: Party) -> None:
    answer = party.authorize(response_type="token")
    assert query_of(answer["Location"])["iss"] == ISSUER
    assert query_of(answer["Location"])["state"] == "a-state"


def test_response_type_missing(party: Party) -> None:
    assert error_of(party, response_type=None) == "invalid_request"


@pytest.mark.parametrize("kind", ["token", "id_token", "code id_token", "code token", "no\x7fne", "密"])
def test_response_type_other_than_code(party: Party, kind: str) -> None:
    assert error_of(party, response_type=kind) == "unsupported_response_type"


def test_request_object_unsigned(party: Party) -> None:
    assert error_of(party, request="eyJhbGciOiJub25lIn0.e30.") == "request_not_supported"


def test_request_uri_refused(party: Party) -> None:
    assert error_of(party, request_uri="https://td.example.hk/request.jwt") == "request_uri_not_supported"


def test_pkce_plain(party: Party) -> None:
    assert error_of(party, code_challenge_method="plain") == "invalid_request"


def test_pkce_plain_by_default(party: Party) -> None:
    assert error_of(party, code_challenge_method=None) == "invalid_request"


def test_pkce_required_confidential(party: Party) -> None:
    assert error_of(party, code_challenge=None, code_challenge_method=None) == "invalid_request"


def test_pkce_challenge_that_is_no_hash(party: Party) -> None:
    assert error_of(party, code_challenge="short") == "invalid_request"


def test_scope_unknown_is_ignored(party: Party) -> None:
    assert party.answer(scope="openid everything")["code"]


def test_scope_without_any_of_the_clients(party: Party) -> None:
    assert error_of(party, scope="everything") == "invalid_scope"


def test_parameter_twice(party: Party) -> None:
    query = urlencode([*party.parameters().items(), ("scope", "email")])
    answer = party.browser.get(f"/sso/authorize?{query}")
    assert query_of(answer["Location"])["error"] == "invalid_request"


def test_redirect_uri_twice_is_an_error_page(party: Party) -> None:
    query = urlencode([*party.parameters().items(), ("redirect_uri", "https://evil.example/")])
    assert party.browser.get(f"/sso/authorize?{query}").status_code == 400


def test_response_mode_fragment(party: Party) -> None:
    assert error_of(party, response_mode="fragment") == "invalid_request"


def test_state_too_long(party: Party) -> None:
    assert error_of(party, state="x" * 3000) == "invalid_request"


def test_null_characters_are_refused(party: Party) -> None:
    assert party.authorize(nonce="a\0b").status_code == 400


def test_authorize_post(party: Party) -> None:
    answer = party.follow(party.browser.post("/sso/authorize", party.parameters()))
    assert "code" in query_of(party.consent(answer)["Location"])


@pytest.mark.parametrize(
    "extra",
    [
        {"extra": "foobar"},
        {"login_hint": "somebody@example.hk"},
        {"ui_locales": "zh-HK en"},
        {"claims_locales": "zh-Hant en"},
        {"display": "popup"},
        {"display": "page"},
        {"acr_values": "urn:unknown basic"},
        {"prompt": "create"},
    ],
    ids=str,
)
def test_param_that_changes_nothing(party: Party, extra: dict[str, str | None]) -> None:
    assert party.answer(**extra)["code"]


def test_ui_locales_chooses_the_language_of_the_log_in_page(party: Party) -> None:
    stranger = Party(party.client, party.secret)
    answer = stranger.authorize(ui_locales="fr zh-HK")
    assert "lang=zh-hant" in answer["Location"]


def test_somebody_not_signed_in_signs_in_and_comes_back(party: Party, person: User) -> None:
    stranger = Party(party.client, party.secret, Browser())
    answer = stranger.authorize()
    assert answer["Location"].startswith("/accounts/login/")
    back = query_of(answer["Location"])["next"]
    signed_in = stranger.browser.post(
        "/accounts/login/", {"login": person.username, "password": "a-quiet-crossing", "next": back}
    )
    assert signed_in["Location"] == back
    assert "code" in query_of(stranger.consent(signed_in)["Location"])


def test_the_log_in_page_on_the_way_may_lead_to_the_client(party: Party) -> None:
    stranger = Party(party.client, party.secret, Browser())
    page = stranger.browser.get(stranger.authorize()["Location"])
    assert "form-action 'self' https://td.example.hk" in page["Content-Security-Policy"]


def test_a_log_in_page_without_a_client_leads_nowhere_else(db: None) -> None:
    page = Browser().get("/accounts/login/")
    assert "form-action 'self';" in page["Content-Security-Policy"] + ";"


def test_a_request_that_waited_too_long_is_an_error_page(party: Party) -> None:
    assert party.browser.get("/sso/authorize", {"waiting": "nobody-knows"}).status_code == 400


def test_a_native_app_gets_its_code_at_its_own_scheme(party: Party) -> None:
    client, secret = register("im", redirect_uris=["hk.gov.immd:/callback"], token_endpoint_auth_method="none")
    app = Party(client, secret, party.browser)
    page = app.follow(app.authorize())
    assert "form-action 'self' hk.gov.immd:" in page["Content-Security-Policy"]
    assert app.consent(page)["Location"].startswith("hk.gov.immd:/callback?code=")
