"""One check for each module of the OpenID Foundation's Basic OP plan."""

import hashlib
import time
from collections.abc import Callable

import pytest
import requests
from joserfc import jwt

from tests.conformance.browser import SECONDS, Browser, text
from tests.conformance.checks import CORE, DISCOVERY, MUST, OAUTH, SHOULD, check
from tests.conformance.conftest import ALL, BACK, Sites
from tests.conformance.site import Site, b64, query, s256
from tests.stack import Stack

Arriving = Callable[[str], Browser]


@check("code-flow", CORE, "3.1", MUST)
def test_server(site: Site, citizen: Browser) -> None:
    answer = site.answer(citizen, state="af0ifjsldkj")
    assert answer["state"] == "af0ifjsldkj"
    tokens = site.exchange(answer["code"]).json()
    assert tokens["token_type"].lower() == "bearer"
    claims = site.verified(tokens["id_token"])
    assert claims["nonce"] == site.parameters()["nonce"]
    assert site.userinfo(tokens["access_token"]).json()["sub"] == claims["sub"]


@check("idt-claims", CORE, "2", MUST)
def test_an_id_token_carries_what_it_must(site: Site, citizen: Browser) -> None:
    claims = site.claims(citizen)
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"} <= claims.keys()
    assert all(isinstance(claims[name], int) for name in ("exp", "iat", "auth_time"))
    assert claims["exp"] - claims["iat"] <= 3600


@check("idt-at-hash", CORE, "3.1.3.6", SHOULD)
def test_an_id_token_is_bound_to_its_access_token(site: Site, citizen: Browser) -> None:
    tokens = site.tokens(citizen)
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert site.verified(tokens["id_token"])["at_hash"] == b64(half)


@check("response-type-missing", OAUTH, "3.1.1", MUST)
def test_response_type_missing(site: Site, citizen: Browser) -> None:
    found = site.told(site.ask(citizen, response_type=None))
    assert found["error"] == "invalid_request"
    assert "code" not in found


@check("response-type-unsupported", OAUTH, "4.1.2.1", MUST)
def test_no_implicit_answer_is_given(site: Site, citizen: Browser) -> None:
    for kind in ("token", "id_token", "code id_token"):
        assert site.told(site.ask(citizen, response_type=kind))["error"] == "unsupported_response_type"


@check("idt-signature", CORE, "3.1.3.7", MUST)
@pytest.mark.parametrize("name", ["main", "post"])
def test_id_tokens_are_signed_by_a_published_key(sites: Sites, citizen: Browser, name: str) -> None:
    site = sites[name]
    token = site.tokens(citizen)["id_token"]
    header = jwt.decode(token, site.keys, algorithms=[site.alg]).header
    assert header["alg"] == site.alg
    assert header["kid"] in {key.kid for key in site.keys.keys}


@check("disc-no-alg-none", CORE, "2", MUST)
def test_unsigned_id_tokens_are_not_offered(site: Site) -> None:
    supported = site.metadata["id_token_signing_alg_values_supported"]
    assert "none" not in supported
    assert "RS256" in supported


@check("userinfo-get", CORE, "5.3.1", MUST)
def test_userinfo_get(site: Site, citizen: Browser) -> None:
    assert site.userinfo(site.tokens(citizen)["access_token"]).status_code == 200


@check("userinfo-post-header", CORE, "5.3.1", MUST)
def test_userinfo_post_header(site: Site, citizen: Browser) -> None:
    assert site.userinfo(site.tokens(citizen)["access_token"], "POST").status_code == 200


@check("userinfo-post-body", "RFC 6750", "2.2", SHOULD)
def test_userinfo_post_body(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    answer = requests.post(site.endpoint("userinfo"), {"access_token": token}, timeout=SECONDS)
    assert answer.json()["sub"]


@check("no-nonce-ok", CORE, "3.1.2.1", MUST)
def test_a_request_without_nonce_succeeds(site: Site, citizen: Browser) -> None:
    assert "nonce" not in site.claims(citizen, nonce=None)


SCOPES = {"profile": {"name", "birthdate", "gender", "updated_at"}, "email": {"email", "email_verified"},
          "address": {"address"}, "phone": {"phone_number", "phone_number_verified"}}  # fmt: skip


def told(site: Site, browser: Browser, **changes: str | None) -> dict[str, object]:
    """What userinfo says after a whole run."""
    found: dict[str, object] = site.userinfo(site.tokens(browser, **changes)["access_token"]).json()
    return found


@check("scope", CORE, "5.4", MUST)
@pytest.mark.parametrize("scope", SCOPES)
def test_scope(site: Site, citizen: Browser, scope: str) -> None:
    found = told(site, citizen, scope=f"openid {scope}").keys() - {"sub"}
    assert SCOPES[scope] <= found
    others = set().union(*(names for other, names in SCOPES.items() if other != scope))
    assert not others & found


@check("scope-address-object", CORE, "5.1.1", MUST)
def test_an_address_is_an_object(site: Site, citizen: Browser) -> None:
    found = told(site, citizen, scope="openid address")["address"]
    assert isinstance(found, dict)
    assert found["formatted"]


@check("scope-all", CORE, "5.4", MUST)
def test_scope_all(site: Site, citizen: Browser) -> None:
    found = told(site, citizen, scope="openid profile email address phone")
    assert set().union(*SCOPES.values()) <= found.keys()


@check("scope-order", CORE, "3.1.2.1", MUST)
def test_alternate_happy_flow(site: Site, citizen: Browser) -> None:
    backwards = dict(reversed(site.parameters(scope="email openid profile").items()))
    answer = citizen.follow(citizen.get(site.endpoint("authorization"), backwards))
    answer = site.allow(citizen, answer) if answer.status_code == 200 else answer
    assert site.exchange(site.told(answer)["code"]).status_code == 200


@check("scope-unknown-ignored", CORE, "3.1.2.1", SHOULD)
def test_an_unknown_scope_is_ignored(site: Site, citizen: Browser) -> None:
    assert "unheard" not in site.tokens(citizen, scope="openid unheard")["scope"]


@check("param-display", CORE, "3.1.2.1", MUST)
@pytest.mark.parametrize("display", ["page", "popup", "touch", "wap"])
def test_display(site: Site, citizen: Browser, display: str) -> None:
    assert "code" in site.answer(citizen, display=display)


@check("prompt-login", CORE, "3.1.2.1", MUST)
def test_prompt_login(site: Site, arriving: Arriving) -> None:
    walker = arriving("walker")
    before = site.claims(walker)
    time.sleep(1.1)
    page = site.page(walker, prompt="login")
    assert page.status_code == 200
    answer = walker.follow(walker.submit(page, "password", password="ferry-walker"))
    after = site.verified(site.exchange(site.told(answer)["code"]).json()["id_token"])
    assert after["auth_time"] > before["auth_time"]
    assert after["sub"] == before["sub"]


@check("prompt-none-not-logged-in", CORE, "3.1.2.6", MUST)
def test_prompt_none_not_logged_in(site: Site, nobody: Browser) -> None:
    found = site.silent(nobody)
    assert found["error"] == "login_required"
    assert "code" not in found


@check("prompt-none-logged-in", CORE, "3.1.2.1", MUST)
def test_prompt_none_logged_in(site: Site, citizen: Browser) -> None:
    before = site.claims(citizen)
    after = site.verified(site.exchange(site.silent(citizen)["code"]).json()["id_token"])
    assert (after["sub"], after["auth_time"]) == (before["sub"], before["auth_time"])


@check("max-age-1", CORE, "3.1.2.1", MUST)
def test_max_age_1(site: Site, arriving: Arriving) -> None:
    walker = arriving("walker")
    before = site.claims(walker)
    time.sleep(2.1)
    page = site.page(walker, max_age="1")
    assert page.status_code == 200
    answer = walker.follow(walker.submit(page, "password", password="ferry-walker"))
    after = site.verified(site.exchange(site.told(answer)["code"]).json()["id_token"])
    assert after["auth_time"] > before["auth_time"]


@check("max-age-auth-time", CORE, "3.1.2.1", MUST)
def test_max_age_10000(site: Site, citizen: Browser) -> None:
    before, after = site.claims(citizen), site.claims(citizen, max_age="10000")
    assert after["auth_time"] == before["auth_time"]


@check("max-age-0", CORE, "3.1.2.1", MUST)
def test_max_age_0_asks_for_a_log_in_and_is_content_with_it(site: Site, arriving: Arriving) -> None:
    walker = arriving("walker")
    page = site.page(walker, max_age="0")
    assert page.status_code == 200
    assert "code" in site.told(walker.follow(walker.submit(page, "password", password="ferry-walker")))


@check("max-age-prompt-none", CORE, "3.1.2.6", MUST)
def test_max_age_with_prompt_none(site: Site, walker: Browser) -> None:
    time.sleep(1.1)
    assert site.silent(walker, max_age="1")["error"] == "login_required"


@check("max-age-garbage", CORE, "3.1.2.6", SHOULD)
def test_a_max_age_that_is_no_number_is_refused(site: Site, citizen: Browser) -> None:
    assert site.told(site.ask(citizen, max_age="soon"))["error"] == "invalid_request"


@check("param-unknown", OAUTH, "3.1", MUST)
def test_unknown_parameters_are_ignored(site: Site, citizen: Browser) -> None:
    assert "code" in site.answer(citizen, extra="foobar")


@check("id-token-hint", CORE, "3.1.2.1", SHOULD)
def test_id_token_hint(site: Site, citizen: Browser, walker: Browser) -> None:
    hint = site.tokens(citizen)["id_token"]
    assert "code" in site.silent(citizen, id_token_hint=hint)
    site.answer(walker)
    assert site.silent(walker, id_token_hint=hint)["error"] == "login_required"


@check("id-token-hint-forged", CORE, "3.1.2.1", MUST)
def test_a_forged_id_token_hint_is_refused(site: Site, citizen: Browser) -> None:
    head, body, signature = site.tokens(citizen)["id_token"].split(".")
    forged = f"{head}.{body}.{signature[:-6]}AAAAAA"
    assert site.silent(citizen, id_token_hint=forged)["error"] in ("invalid_request", "login_required")


@check("param-login-hint", CORE, "3.1.2.1", MUST)
def test_login_hint(site: Site, nobody: Browser) -> None:
    page = site.page(nobody, login_hint="buffy@example.hk")
    assert "code" in site.told(site.back_after_sign_in(nobody, page, "citizen"))


@check("param-ui-locales", CORE, "3.1.2.1", MUST)
def test_ui_locales(site: Site, citizen: Browser) -> None:
    assert "code" in site.answer(citizen, ui_locales="se ga fr-CA")


@check("claims-locales", CORE, "5.2", MUST)
def test_claims_locales(site: Site, citizen: Browser) -> None:
    assert "code" in site.answer(citizen, claims_locales="se")


@check("acr-returned", CORE, "3.1.2.1", SHOULD)
def test_acr_values(site: Site, citizen: Browser) -> None:
    known = site.metadata["acr_values_supported"]
    assert site.claims(citizen, acr_values="urn:nobody:knows basic")["acr"] in known


@check("code-reuse", OAUTH, "4.1.2", MUST)
def test_codereuse(site: Site, citizen: Browser) -> None:
    code = site.code(citizen)
    assert site.exchange(code).status_code == 200
    again = site.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@check("code-reuse-revokes", OAUTH, "4.1.2", SHOULD)
def test_codereuse_30seconds(site: Site, citizen: Browser) -> None:
    code = site.code(citizen)
    tokens = site.exchange(code).json()
    assert site.is_active(tokens["access_token"])
    site.exchange(code)
    assert not site.is_active(tokens["access_token"])


@check("redirect-registered", CORE, "3.1.2.1", MUST)
def test_ensure_registered_redirect_uri(site: Site, citizen: Browser) -> None:
    answer = site.ask(citizen, redirect_uri="https://evil.example.hk/callback")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@check("authorize-post", CORE, "3.1.2.1", MUST)
def test_ensure_post_request_succeeds(site: Site, citizen: Browser) -> None:
    site.answer(citizen)
    answer = citizen.follow(citizen.post(site.endpoint("authorization"), site.parameters()))
    assert "code" in site.told(answer)


@check("authorize-post-cross-site", CORE, "3.1.2.1", MUST)
def test_a_form_of_another_site_needs_no_cookie_and_no_token(site: Site, nobody: Browser) -> None:
    foreign = {"Origin": "https://site.example.hk", "Referer": "https://site.example.hk/"}
    page = nobody.follow(nobody.post(site.endpoint("authorization"), site.parameters(), **foreign))
    assert page.status_code == 200
    assert "code" in site.told(site.back_after_sign_in(nobody, page, "citizen"))


@check("client-secret-post", CORE, "9", MUST)
def test_server_client_secret_post(sites: Sites, citizen: Browser) -> None:
    assert sites["post"].tokens(citizen)["id_token"]


@check("pkce-ok", "RFC 7636", "4.6", MUST)
def test_valid_pkce_succeeds(site: Site, citizen: Browser) -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    code = site.code(citizen, code_challenge=s256(verifier))
    assert s256(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert site.exchange(code, code_verifier=verifier).status_code == 200


@check("request-uri-refused", CORE, "6.2", MUST)
def test_a_request_uri_by_reference_is_refused(site: Site, citizen: Browser) -> None:
    found = site.told(site.ask(citizen, request_uri="https://site.example.hk/request.jwt"))
    assert found["error"] == "request_uri_not_supported"


@check("request-object-unsigned", CORE, "6.1", MUST)
def test_an_unsigned_request_object_is_refused(site: Site, citizen: Browser) -> None:
    found = site.told(site.ask(citizen, request="eyJhbGciOiJub25lIn0.eyJzdGF0ZSI6InN3YXBwZWQifQ."))
    assert found["error"] == "request_not_supported"


@check("request-object-redirect", CORE, "6.1", MUST)
def test_a_request_object_cannot_bring_another_redirect_uri(site: Site, citizen: Browser) -> None:
    inside = "eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS5oay8ifQ"
    answer = site.ask(citizen, request=f"eyJhbGciOiJub25lIn0.{inside}.")
    assert answer.headers["Location"].startswith(BACK)
    assert "code" not in query(answer.headers["Location"])


@check("claims-essential", CORE, "5.5.1", MUST)
def test_an_essential_claim_is_told(site: Site, citizen: Browser) -> None:
    asked = '{"userinfo": {"name": {"essential": true}}}'
    assert told(site, citizen, claims=asked)["name"] == "CHAN Tai Man"


@check("claims-id-token", CORE, "5.5", SHOULD)
def test_a_claim_asked_for_in_the_id_token_stands_there(site: Site, citizen: Browser) -> None:
    assert "@" in site.claims(citizen, claims='{"id_token": {"email": null}}')["email"]


@check("claims-garbage", CORE, "5.5", SHOULD)
def test_a_claims_request_that_is_no_json_is_refused(site: Site, citizen: Browser) -> None:
    assert site.told(site.ask(citizen, claims="{"))["error"] == "invalid_request"


@check("refresh-token", OAUTH, "6", MUST)
def test_refresh_token(site: Site, citizen: Browser) -> None:
    first = site.tokens(citizen, scope=ALL)
    second = site.refresh(first["refresh_token"])
    assert second.status_code == 200, text(second)
    before, after = site.verified(first["id_token"]), site.verified(second.json()["id_token"])
    assert {name: before[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: after[name] for name in ("iss", "sub", "aud", "auth_time")
    }
    assert site.is_active(second.json()["access_token"])


@check("disc-issuer", DISCOVERY, "4.3", MUST)
def test_the_metadata_names_its_own_address(site: Site, portal: Stack) -> None:
    assert site.metadata["issuer"] == portal.url


@check("disc-required", DISCOVERY, "3", MUST)
def test_the_metadata_is_whole(site: Site) -> None:
    required = {"authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
                "subject_types_supported", "id_token_signing_alg_values_supported"}  # fmt: skip
    assert required <= site.metadata.keys()
