"""The token endpoint, revocation, introspection and userinfo: races, replays, and tokens of others."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.conformance.browser import SECONDS, Browser
from tests.conformance.checks import BCP, CORE, MUST, OAUTH, SHOULD, check
from tests.conformance.conftest import ALL, Sites
from tests.conformance.site import Site, s256

AT_ONCE = 10
REVOCATION, INTROSPECTION, BEARER = "RFC 7009", "RFC 7662", "RFC 6750"


@check("code-reuse-parallel", OAUTH, "4.1.2", MUST)
def test_ten_requests_at_once_get_one_set_of_tokens_of_a_code(site: Site, citizen: Browser) -> None:
    code = site.code(citizen)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: site.exchange(code), range(AT_ONCE)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) <= 1
    assert {answer.json()["error"] for answer in answers if answer not in good} == {"invalid_grant"}


@check("refresh-parallel", BCP, "4.14.2", MUST)
def test_ten_requests_at_once_get_one_set_of_tokens_of_a_refresh_token(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen, scope=ALL)["refresh_token"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: site.refresh(token), range(AT_ONCE)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) <= 1
    assert not any(site.is_active(answer["access_token"]) for answer in good)


@check("code-reuse-revokes-refresh", OAUTH, "4.1.2", SHOULD)
def test_a_second_use_of_a_code_ends_its_refresh_token(site: Site, citizen: Browser) -> None:
    code = site.code(citizen, scope=ALL)
    tokens = site.exchange(code).json()
    site.exchange(code)
    assert site.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@check("refresh-rotates", BCP, "2.2.2", MUST)
def test_a_refresh_token_counts_once(site: Site, citizen: Browser) -> None:
    first = site.tokens(citizen, scope=ALL)["refresh_token"]
    second = site.refresh(first).json()["refresh_token"]
    assert second != first


@check("refresh-reuse-detected", BCP, "4.14.2", MUST)
def test_a_second_use_of_a_refresh_token_ends_its_family(site: Site, citizen: Browser) -> None:
    first = site.tokens(citizen, scope=ALL)
    second = site.refresh(first["refresh_token"]).json()
    assert site.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert site.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not site.is_active(second["access_token"])


@check("refresh-needs-offline", CORE, "11", SHOULD)
def test_without_offline_access_there_is_no_refresh_token(site: Site, citizen: Browser) -> None:
    assert "refresh_token" not in site.tokens(citizen, scope="openid profile")


@check("refresh-bound-to-client", OAUTH, "6", MUST)
def test_another_client_cannot_use_a_refresh_token(sites: Sites, site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen, scope=ALL)["refresh_token"]
    assert sites["stranger"].refresh(token).json()["error"] == "invalid_grant"
    assert site.refresh(token).status_code == 200


@check("refresh-scope", OAUTH, "6", MUST)
def test_a_refresh_cannot_widen_the_scope(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen, scope="openid offline_access")["refresh_token"]
    assert site.refresh(token, scope="openid email").json()["error"] == "invalid_scope"
    assert site.refresh(token, scope="openid").status_code == 200


@check("code-bound-to-client", OAUTH, "4.1.3", MUST)
def test_another_client_cannot_use_a_code(sites: Sites, site: Site, citizen: Browser) -> None:
    code = site.code(citizen)
    assert sites["stranger"].exchange(code, code_verifier=site.verifier).json()["error"] == "invalid_grant"


@check("code-redirect-uri", OAUTH, "4.1.3", MUST)
@pytest.mark.parametrize("place", ["https://evil.example/", None])
def test_a_code_counts_with_its_redirect_uri_alone(site: Site, citizen: Browser, place: str | None) -> None:
    assert site.exchange(site.code(citizen), redirect_uri=place).json()["error"] == "invalid_grant"


@check("code-injection", BCP, "4.5", MUST)
def test_a_code_of_another_run_is_worth_nothing(site: Site, citizen: Browser) -> None:
    """Stolen, and put into the answer to somebody else, it meets that run's verifier."""
    assert site.exchange(site.code(citizen), code_verifier=secrets.token_urlsafe(48)).json()["error"] == "invalid_grant"


@check("pkce-verifier-required", "RFC 7636", "4.6", MUST)
@pytest.mark.parametrize("verifier", [None, "short", "x" * 43, "é" * 50])
def test_a_code_needs_its_verifier(site: Site, citizen: Browser, verifier: str | None) -> None:
    answer = site.exchange(site.code(citizen), code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_request")


@check("pkce-verifier-without-challenge", BCP, "2.1.1", MUST)
def test_the_challenge_cannot_be_left_out(sites: Sites, citizen: Browser) -> None:
    """PKCE downgrade: without a challenge there is no code that a verifier could be sent with."""
    found = sites["public"].told(sites["public"].ask(citizen, code_challenge=None))
    assert found["error"] == "invalid_request"


@check("pkce-challenge-is-no-verifier", "RFC 7636", "4.6", MUST)
def test_the_challenge_itself_is_no_verifier(site: Site, citizen: Browser) -> None:
    assert site.exchange(site.code(citizen), code_verifier=s256(site.verifier)).json()["error"] == "invalid_grant"


@check("public-client", OAUTH, "3.2.1", MUST)
def test_a_public_client_needs_its_verifier_alone(sites: Sites, citizen: Browser) -> None:
    assert sites["public"].tokens(citizen)["id_token"]


@check("grant-type-unknown", OAUTH, "5.2", MUST)
@pytest.mark.parametrize("kind", ["password", "implicit", "client_credentials"])
def test_other_grants_are_not_supported(site: Site, kind: str) -> None:
    form = {"grant_type": kind, "username": "citizen", "password": "ferry-citizen"}
    assert site.call("token", form).json()["error"] == "unsupported_grant_type"


@check("client-wrong-secret", OAUTH, "5.2", MUST)
def test_a_wrong_secret_is_401_with_a_challenge(site: Site) -> None:
    answer = requests.post(
        site.endpoint("token"), {"grant_type": "refresh_token", "refresh_token": "x"},
        auth=(site.client_id, "wrong"), timeout=SECONDS,
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@check("client-two-auth-methods", OAUTH, "2.3", MUST)
def test_two_ways_to_prove_a_client_are_one_too_many(site: Site, citizen: Browser) -> None:
    answer = site.exchange(site.code(citizen), client_id=site.client_id, client_secret=site.secret)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@check("client-auth-method-registered", CORE, "9", MUST)
def test_a_client_proves_itself_as_it_registered(sites: Sites) -> None:
    post = sites["post"]
    answer = requests.post(
        post.endpoint("token"), {"grant_type": "refresh_token", "refresh_token": "x"},
        auth=(post.client_id, post.secret), timeout=SECONDS,
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@check("client-secret-in-query", OAUTH, "2.3.1", MUST)
def test_a_secret_in_the_query_proves_nothing(sites: Sites) -> None:
    post = sites["post"]
    asked = {"client_id": post.client_id, "client_secret": post.secret}
    answer = requests.post(
        post.endpoint("token"), {"grant_type": "refresh_token", "refresh_token": "x"}, params=asked, timeout=SECONDS
    )
    assert answer.json()["error"] == "invalid_client"


@check("token-post-only", OAUTH, "3.2", MUST)
def test_tokens_are_asked_for_by_post(site: Site) -> None:
    assert requests.get(site.endpoint("token"), timeout=SECONDS).status_code == 405


@check("token-uncached", OAUTH, "5.1", MUST)
def test_tokens_are_not_kept_on_the_way(site: Site, citizen: Browser) -> None:
    answer = site.exchange(site.code(citizen))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")


@check("token-parameter-repeated", OAUTH, "3.2", MUST)
def test_a_parameter_given_twice_is_refused(site: Site, citizen: Browser) -> None:
    form = [("grant_type", "authorization_code"), ("code", site.code(citizen)), ("code", "x")]
    answer = requests.post(site.endpoint("token"), form, auth=(site.client_id, site.secret), timeout=SECONDS)
    assert answer.json()["error"] == "invalid_request"


# --- Revocation -----------------------------------------------------------------------------------------
@check("revoke-access", REVOCATION, "2.1", MUST)
def test_a_revoked_access_token_is_worth_nothing(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    assert site.revoke(token).status_code == 200
    assert not site.is_active(token)


@check("revoke-unknown", REVOCATION, "2.2", MUST)
def test_revoking_what_nobody_knows_is_no_error(site: Site) -> None:
    assert site.revoke("nobody-knows-it").status_code == 200


@check("revoke-other-client", REVOCATION, "2.1", MUST)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_no_client_revokes_the_token_of_another(sites: Sites, site: Site, citizen: Browser, kind: str) -> None:
    tokens = site.tokens(citizen, scope=ALL)
    for other in ("stranger", "sibling"):
        sites[other].revoke(tokens[kind])
    assert site.is_active(tokens["access_token"])
    assert site.refresh(tokens["refresh_token"]).status_code == 200


@check("revoke-wrong-hint", REVOCATION, "2.1", MUST)
@pytest.mark.parametrize("hint", ["refresh_token", "nonsense"])
def test_a_wrong_hint_hinders_no_revocation(site: Site, citizen: Browser, hint: str) -> None:
    token = site.tokens(citizen)["access_token"]
    assert site.revoke(token, token_type_hint=hint).status_code == 200
    assert not site.is_active(token)


@check("revoke-refresh-cascades", REVOCATION, "2.1", SHOULD)
def test_revoking_a_refresh_token_ends_its_access_tokens(site: Site, citizen: Browser) -> None:
    tokens = site.tokens(citizen, scope=ALL)
    assert site.revoke(tokens["refresh_token"]).status_code == 200
    assert not site.is_active(tokens["access_token"])
    assert site.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@check("revoke-needs-client", REVOCATION, "2.1", MUST)
def test_revocation_wants_to_know_who_asks(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    answer = requests.post(site.endpoint("revocation"), {"token": token}, timeout=SECONDS)
    assert answer.status_code == 401
    assert site.is_active(token)


# --- Introspection --------------------------------------------------------------------------------------
@check("introspect-own", INTROSPECTION, "2.2", MUST)
def test_a_client_asks_about_its_own_token(site: Site, citizen: Browser) -> None:
    tokens = site.tokens(citizen)
    found = site.introspect(tokens["access_token"])
    assert found["active"] is True
    assert found["client_id"] == site.client_id
    assert found["sub"] == site.verified(tokens["id_token"])["sub"]
    assert found["exp"] > found["iat"]


@check("introspect-unknown", INTROSPECTION, "2.2", MUST)
def test_of_what_nobody_knows_only_that_is_said(site: Site) -> None:
    assert site.introspect("nobody-knows-it") == {"active": False}


@check("introspect-revoked", INTROSPECTION, "2.2", MUST)
def test_of_a_revoked_token_only_that_is_said(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    site.revoke(token)
    assert site.introspect(token) == {"active": False}


@check("introspect-needs-client", INTROSPECTION, "2.1", MUST)
def test_introspection_wants_to_know_who_asks(sites: Sites, site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    assert requests.post(site.endpoint("introspection"), {"token": token}, timeout=SECONDS).status_code == 401
    assert sites["public"].call("introspection", {"token": token}).status_code == 401


# --- Userinfo -------------------------------------------------------------------------------------------
@check("userinfo-no-store", BEARER, "5.3", SHOULD)
def test_what_userinfo_says_is_not_kept(site: Site, citizen: Browser) -> None:
    answer = site.userinfo(site.tokens(citizen)["access_token"])
    assert "no-store" in answer.headers["Cache-Control"]


@check("userinfo-no-token", BEARER, "3.1", MUST)
def test_userinfo_without_a_token_is_401_without_an_error_code(site: Site) -> None:
    answer = requests.get(site.endpoint("userinfo"), timeout=SECONDS)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "error" not in answer.headers["WWW-Authenticate"]


@check("userinfo-bad-token", BEARER, "3.1", MUST)
@pytest.mark.parametrize("token", ["nobody-knows-it", "x" * 9000, "eyJhbGciOiJub25lIn0.e30."])
def test_userinfo_with_a_bad_token_is_invalid_token(site: Site, token: str) -> None:
    answer = site.userinfo(token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@check("userinfo-no-openid", CORE, "5.3", MUST)
def test_userinfo_needs_the_scope_openid(site: Site, citizen: Browser) -> None:
    answer = site.userinfo(site.tokens(citizen, scope="email")["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@check("userinfo-refresh-token", BCP, "2.2", MUST)
def test_a_refresh_token_is_no_access_token(site: Site, citizen: Browser) -> None:
    tokens = site.tokens(citizen, scope=ALL)
    assert not site.is_active(tokens["refresh_token"])
    assert not site.is_active(tokens["id_token"])
