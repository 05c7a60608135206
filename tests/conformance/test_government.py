"""What government log-ins ask for beyond the Basic OP plan (after Singpass, Login.gov, GOV.UK One Login, iGov)."""

import base64
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.conformance import one_time
from tests.conformance.browser import SECONDS, Browser, forms, text
from tests.conformance.checks import CORE, GOV, MUST, SHOULD, check
from tests.conformance.conftest import ALL, BYE, Sites
from tests.conformance.listening import Listener
from tests.conformance.site import JWT_BEARER, ProofKey, Site, query
from tests.stack import Stack

Arriving = Callable[[str], Browser]
PAR, DPOP, ASSERTION = "RFC 9126", "RFC 9449", "RFC 7523"
RP_LOGOUT, BACK_CHANNEL = "OpenID Connect RP-Initiated Logout 1.0", "OpenID Connect Back-Channel Logout 1.0"


# --- How, when, and how surely somebody signed in ---------------------------------------------------------
@check("amr", CORE, "2", GOV)
def test_a_token_says_how_they_signed_in(site: Site, citizen: Browser) -> None:
    assert site.claims(citizen)["amr"] == ["pwd"]


@check("auth-time", CORE, "2", GOV)
def test_a_token_says_when_they_signed_in(site: Site, arriving: Arriving) -> None:
    before = int(time.time())
    walker = arriving("walker")
    assert before <= site.claims(walker)["auth_time"] <= time.time() + 1


@check("auth-time-per-session", CORE, "2", GOV)
def test_two_sessions_of_one_person_have_two_times(site: Site, walker: Browser, arriving: Arriving) -> None:
    earlier = site.claims(walker)["auth_time"]
    time.sleep(1.1)
    later = site.claims(arriving("walker"))["auth_time"]
    assert later > earlier
    assert site.claims(walker)["auth_time"] == earlier


@check("acr", CORE, "2", GOV)
def test_a_token_says_how_surely(site: Site, citizen: Browser) -> None:
    assert site.claims(citizen)["acr"] == "basic"


@check("step-up", "RFC 9470", "4", GOV)
def test_more_is_asked_for_in_place_and_said_to_be_proved(site: Site, portal: Stack, arriving: Arriving) -> None:
    climber = arriving("climber")
    assert site.claims(climber)["acr"] == "basic"
    key = base64.b32encode(secrets.token_bytes(20)).decode()
    script = (
        "from identity.accounts.models import User; from allauth.mfa.totp.internal.auth import TOTP;"
        f"TOTP.activate(User.objects.get(username='climber'), '{key}')"
    )
    portal.manage("shell", "-c", script)
    wish = json.dumps({"id_token": {"acr": {"essential": True, "value": "plus"}}})
    page = site.page(climber, claims=wish)
    if not any("code" in form.names for form in forms(page)):
        way = re.search(r'href="(/accounts/2fa/reauthenticate/[^"]*)"', page.text)
        assert way, text(page)
        page = climber.get(way[1].replace("&amp;", "&"))
    answer = climber.follow(climber.submit(page, "code", code=one_time.code(key)))
    claims = site.verified(site.exchange(site.told(answer)["code"]).json()["id_token"])
    assert claims["acr"] == "plus"
    assert "otp" in claims["amr"]


@check("step-up-silent", CORE, "5.5.1.1", GOV)
def test_what_cannot_be_proved_silently_is_said(site: Site, walker: Browser) -> None:
    site.answer(walker)
    wish = json.dumps({"id_token": {"acr": {"essential": True, "values": ["plus"]}}})
    found = site.silent(walker, claims=wish)
    assert found["error"] in ("unmet_authentication_requirements", "login_required", "interaction_required")


def language(page: requests.Response) -> str:
    """What a page says that it is written in."""
    found = re.search(r'<html[^>]* lang="([^"]+)"', page.text)
    assert found, text(page)
    return found[1].lower()


@check("ui-locales", CORE, "3.1.2.1", GOV)
@pytest.mark.parametrize(("asked", "spoken"), [("en", "en"), ("zh-HK", "zh-hant-hk"), ("fr zh-CN", "zh-hans")])
def test_the_log_in_page_is_in_the_language_asked_for(site: Site, nobody: Browser, asked: str, spoken: str) -> None:
    page = site.page(nobody, ui_locales=asked)
    assert language(page) == spoken


@check("ui-locales-consent", CORE, "3.1.2.1", GOV)
@pytest.mark.parametrize(("asked", "spoken"), [("en", "en"), ("zh-Hant", "zh-hant-hk"), ("zh-Hans", "zh-hans")])
def test_the_page_of_consent_is_in_the_language_asked_for(
    site: Site, citizen: Browser, asked: str, spoken: str
) -> None:
    page = site.page(citizen, ui_locales=asked, prompt="consent")
    assert language(page) == spoken


# --- Who somebody is to whom --------------------------------------------------------------------------------
@check("pairwise", CORE, "8.1", GOV)
def test_two_sectors_know_a_person_by_two_names(sites: Sites, site: Site, citizen: Browser) -> None:
    mine, theirs = site.claims(citizen), sites["stranger"].claims(citizen)
    assert mine["sub"] != theirs["sub"]
    assert mine["sid"] != theirs["sid"]


@check("pairwise-sector", CORE, "8.1", GOV)
def test_one_sector_knows_a_person_by_one_name(sites: Sites, site: Site, citizen: Browser) -> None:
    assert site.claims(citizen)["sub"] == sites["key"].claims(citizen)["sub"]


@check("pairwise-stable", CORE, "8.1", GOV)
def test_a_name_stays_for_the_next_session(site: Site, walker: Browser, arriving: Arriving) -> None:
    assert site.claims(walker)["sub"] == site.claims(arriving("walker"))["sub"]


@check("consent-per-client", "RFC 9700", "4.16", GOV)
def test_each_site_is_allowed_by_itself_and_asked_once(sites: Sites, arriving: Arriving) -> None:
    reader = arriving("reader")
    english, sibling = sites["english"], sites["sibling"]
    assert english.page(reader, scope="openid email").status_code == 200
    english.answer(reader, scope="openid email")
    assert english.page(reader, scope="openid email").is_redirect
    assert sibling.page(reader, scope="openid email").status_code == 200


@check("consent-says", "RFC 9700", "4.16", GOV)
def test_the_page_of_consent_says_who_gets_what_and_why(site: Site, citizen: Browser) -> None:
    page = site.page(citizen, prompt="consent", scope="openid email", ui_locales="en").text
    for words in ("Site main en", "Transport Department", "Your e-mail address", "To try main en", "Until "):
        assert words in page


# --- How a client proves itself -------------------------------------------------------------------------------
@check("private-key-jwt", ASSERTION, "3", GOV)
def test_a_client_proves_itself_by_its_key(sites: Sites, citizen: Browser) -> None:
    assert sites["key"].tokens(citizen)["id_token"]


def asserted(site: Site, assertion: str) -> requests.Response:
    """A call with that assertion; `invalid_grant` means that the client was believed."""
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion}  # fmt: skip
    return requests.post(site.endpoint("token"), form, timeout=SECONDS)


def is_refused(answer: requests.Response) -> bool:
    return answer.status_code in (400, 401) and answer.json()["error"] == "invalid_client"


@check("private-key-jwt-replay", ASSERTION, "3", GOV)
def test_an_assertion_counts_once(sites: Sites) -> None:
    assertion = sites["key"].assertion()
    assert asserted(sites["key"], assertion).json()["error"] == "invalid_grant"
    assert is_refused(asserted(sites["key"], assertion))


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 600, "iat": NOW - 660},
    "aud": {"aud": "https://another.example.hk"},
    "not-yet": {"nbf": NOW + 3600, "exp": NOW + 3700},
    "too-long": {"exp": NOW + 86_400 * 30},
    "iss": {"iss": "another"},
    "sub": {"sub": "another"},
    "no-exp": {"exp": None},
    "no-jti": {"jti": None},
}


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=check(f"private-key-jwt-{kind}", ASSERTION, "3", MUST)) for kind in WRONG
])  # fmt: skip
def test_a_wrong_assertion_is_refused(sites: Sites, kind: str) -> None:
    assert is_refused(asserted(sites["key"], sites["key"].assertion(**WRONG[kind])))


@check("private-key-jwt-forged", ASSERTION, "3", MUST)
def test_an_assertion_of_another_key_is_refused(sites: Sites) -> None:
    site = sites["key"]
    thief = Site(site.issuer, site.client_id, site.redirect_uri, key=ECKey.generate_key("P-256", {"kid": "key"}))
    assert is_refused(asserted(site, thief.assertion()))
    head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    assert is_refused(asserted(site, f"{head}.{site.assertion().split('.')[1]}."))


# --- Pushed requests ------------------------------------------------------------------------------------------
@check("par", PAR, "2", GOV)
def test_a_request_is_pushed(site: Site, citizen: Browser) -> None:
    site.answer(citizen)
    answer = site.push(state="pushed")
    assert answer.status_code == 201, text(answer)
    found = answer.json()
    assert 5 <= found["expires_in"] <= 600
    asked = {"client_id": site.client_id, "request_uri": found["request_uri"]}
    back = citizen.follow(citizen.get(site.endpoint("authorization"), asked))
    assert site.told(back)["state"] == "pushed"
    assert site.exchange(site.told(back)["code"]).status_code == 200


@check("par-once", PAR, "4", SHOULD)
def test_a_pushed_request_counts_once(site: Site, citizen: Browser) -> None:
    asked = {"client_id": site.client_id, "request_uri": site.push().json()["request_uri"]}
    citizen.get(site.endpoint("authorization"), asked)
    assert citizen.get(site.endpoint("authorization"), asked).status_code == 400


@check("par-other-client", PAR, "2.2", MUST)
def test_a_pushed_request_is_its_clients_alone(sites: Sites, site: Site, citizen: Browser) -> None:
    asked = {"client_id": sites["stranger"].client_id, "request_uri": site.push().json()["request_uri"]}
    assert citizen.get(site.endpoint("authorization"), asked).status_code == 400


@check("par-authenticated", PAR, "2.1", MUST)
def test_who_pushes_proves_itself(site: Site) -> None:
    answer = requests.post(site.endpoint("pushed_authorization_request"), site.parameters(), timeout=SECONDS)
    assert answer.status_code == 401


@check("par-checked", PAR, "2.3", MUST)
def test_a_wrong_request_is_refused_when_it_is_pushed(site: Site) -> None:
    assert site.push(redirect_uri="https://evil.example/").status_code == 400
    assert site.push(code_challenge=None).json()["error"] == "invalid_request"
    assert site.push(request_uri="urn:x").json()["error"] == "invalid_request"


@check("par-required", PAR, "6", GOV)
def test_a_client_that_always_pushes_is_answered_no_other_way(sites: Sites, citizen: Browser) -> None:
    site = sites["par"]
    assert site.told(site.ask(citizen))["error"] == "invalid_request"
    asked = {"client_id": site.client_id, "request_uri": site.push().json()["request_uri"]}
    page = citizen.follow(citizen.get(site.endpoint("authorization"), asked))
    assert "code" in site.told(site.allow(citizen, page) if page.status_code == 200 else page)


# --- DPoP -------------------------------------------------------------------------------------------------------
def bound(site: Site, browser: Browser, key: ProofKey) -> str:
    """An access token bound to that key."""
    answer = site.exchange(site.code(browser), {"DPoP": key.proof("POST", site.endpoint("token"))})
    assert answer.status_code == 200, text(answer)
    assert answer.json()["token_type"] == "DPoP"
    return str(answer.json()["access_token"])


def shown(site: Site, token: str, proof: str, scheme: str = "DPoP") -> int:
    """The status of userinfo for that token and proof."""
    return site.userinfo(token, Authorization=f"{scheme} {token}", DPoP=proof).status_code


@check("dpop", DPOP, "5", GOV)
def test_a_token_is_bound_to_a_key(sites: Sites, citizen: Browser) -> None:
    site, key = sites["dpop"], ProofKey()
    token = bound(site, citizen, key)
    assert site.introspect(token)["cnf"]["jkt"] == key.thumbprint
    assert shown(site, token, key.proof("GET", site.endpoint("userinfo"), token)) == 200


@check("dpop-required", DPOP, "5.2", GOV)
def test_a_client_that_always_binds_gets_no_other_token(sites: Sites, citizen: Browser) -> None:
    answer = sites["dpop"].exchange(sites["dpop"].code(citizen))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@check("dpop-no-downgrade", DPOP, "7.1", MUST)
def test_a_bound_token_is_no_bearer_token(sites: Sites, citizen: Browser) -> None:
    site, key = sites["dpop"], ProofKey()
    token = bound(site, citizen, key)
    assert not site.is_active(token)
    assert shown(site, token, key.proof("GET", site.endpoint("userinfo"), token), "Bearer") == 401


@check("dpop-replay", DPOP, "11.1", MUST)
def test_a_proof_counts_once(sites: Sites, citizen: Browser) -> None:
    site, key = sites["dpop"], ProofKey()
    token = bound(site, citizen, key)
    proof = key.proof("GET", site.endpoint("userinfo"), token)
    assert [shown(site, token, proof) for _ in range(2)] == [200, 401]
    at_token = key.proof("POST", site.endpoint("token"))
    assert site.exchange(site.code(citizen), {"DPoP": at_token}).status_code == 200
    assert site.exchange(site.code(citizen), {"DPoP": at_token}).json()["error"] == "invalid_dpop_proof"


PROOFS: dict[str, dict[str, Any]] = {
    "htu": {"htu": "https://another.example.hk/userinfo"},
    "htm": {"htm": "POST"},
    "ath": {"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"},
    "no-ath": {"ath": None},
    "old": {"iat": NOW - 3600},
    "future": {"iat": NOW + 3600},
    "no-jti": {"jti": None},
}


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=check(f"dpop-{kind}", DPOP, "4.3", MUST)) for kind in PROOFS
])  # fmt: skip
def test_a_wrong_proof_is_refused(sites: Sites, citizen: Browser, kind: str) -> None:
    site, key = sites["dpop"], ProofKey()
    token = bound(site, citizen, key)
    assert shown(site, token, key.proof("GET", site.endpoint("userinfo"), token, **PROOFS[kind])) == 401


@check("dpop-another-key", DPOP, "7.1", MUST)
def test_a_proof_of_another_key_is_refused(sites: Sites, citizen: Browser) -> None:
    site = sites["dpop"]
    token = bound(site, citizen, ProofKey())
    assert shown(site, token, ProofKey().proof("GET", site.endpoint("userinfo"), token)) == 401


@check("dpop-jkt", DPOP, "10", MUST)
def test_a_code_asked_for_with_a_key_counts_with_that_key_alone(sites: Sites, citizen: Browser) -> None:
    site, key = sites["dpop"], ProofKey()
    code = site.code(citizen, dpop_jkt=key.thumbprint)
    answer = site.exchange(code, {"DPoP": ProofKey().proof("POST", site.endpoint("token"))})
    assert answer.json()["error"] == "invalid_grant"


@check("dpop-refresh", DPOP, "5", MUST)
def test_a_public_clients_refresh_token_is_bound_too(sites: Sites, citizen: Browser) -> None:
    site, key = sites["public"], ProofKey()
    proof = {"DPoP": key.proof("POST", site.endpoint("token"))}
    token = site.exchange(site.code(citizen, scope=ALL), proof).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert site.call("token", form).status_code == 400
    thief = ProofKey().proof("POST", site.endpoint("token"))
    assert site.call("token", form, DPoP=thief).status_code == 400
    assert site.call("token", form, DPoP=key.proof("POST", site.endpoint("token"))).status_code == 200


# --- Signing out ------------------------------------------------------------------------------------------------
def heard(listener: Listener, site: Site, sid: str) -> dict[str, object]:
    """The claims of the logout token for that session, verified (section 2.6)."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        form = listener.heard.get(timeout=SECONDS)
        found = jwt.decode(form["logout_token"][0], site.keys, algorithms=[site.alg])
        if found.claims.get("sid") == sid:
            assert found.header["typ"] == "logout+jwt"
            return dict(found.claims)
    raise AssertionError("nobody said that the session ended")


@check("back-channel", BACK_CHANNEL, "2.4", GOV)
def test_a_site_hears_of_a_sign_out_elsewhere(sites: Sites, arriving: Arriving, listener: Listener) -> None:
    site, leaver = sites["logout"], arriving("leaver")
    tokens = site.tokens(leaver)
    claims = site.verified(tokens["id_token"])
    leaver.sign_out()
    told = heard(listener, site, claims["sid"])
    assert (told["iss"], told["aud"], told["sub"]) == (site.issuer, site.client_id, claims["sub"])
    assert told["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert told["jti"]
    assert "nonce" not in told
    assert not site.is_active(tokens["access_token"])


@check("rp-logout", RP_LOGOUT, "2", GOV)
def test_a_site_signs_its_person_out(sites: Sites, arriving: Arriving) -> None:
    site, leaver = sites["logout"], arriving("leaver")
    asked = {"id_token_hint": site.tokens(leaver)["id_token"], "post_logout_redirect_uri": BYE, "state": "bye-bye"}
    answer = leaver.follow(leaver.get(site.endpoint("end_session"), asked))
    assert answer.headers["Location"].startswith(BYE)
    assert query(answer.headers["Location"]) == {"state": "bye-bye"}
    assert not leaver.is_signed_in


@check("rp-logout-asks", RP_LOGOUT, "2", GOV)
@pytest.mark.parametrize("kind", ["nothing", "client_id", "forged", "another-person"])
def test_nobody_is_signed_out_unasked(sites: Sites, citizen: Browser, walker: Browser, kind: str) -> None:
    site = sites["main"]
    given = {
        "nothing": {},
        "client_id": {"client_id": site.client_id, "post_logout_redirect_uri": BYE},
        "forged": {"id_token_hint": site.tokens(citizen)["id_token"][:-8] + "AAAAAAAA"},
        "another-person": {"id_token_hint": site.tokens(citizen)["id_token"], "post_logout_redirect_uri": BYE},
    }[kind]
    answer = walker.get(site.endpoint("end_session"), given)
    assert answer.status_code in (200, 400), text(answer)
    assert walker.is_signed_in


@check("rp-logout-post", RP_LOGOUT, "2", MUST)
def test_a_site_may_send_the_person_by_a_form(sites: Sites, arriving: Arriving) -> None:
    site, leaver = sites["logout"], arriving("leaver")
    asked = {"id_token_hint": site.tokens(leaver)["id_token"], "post_logout_redirect_uri": BYE}
    answer = leaver.follow(leaver.post(site.endpoint("end_session"), asked, Origin="https://site.example.hk"))
    assert answer.headers["Location"].startswith(BYE)


@pytest.mark.parametrize("place", [
    pytest.param(f"{BYE}?extra=1", marks=check("logout-query-added", RP_LOGOUT, "3", MUST)),
    pytest.param("https://evil.example/", marks=check("logout-redirect", RP_LOGOUT, "3", MUST)),
    pytest.param(f"{BYE}#frag", marks=check("logout-redirect-fragment", RP_LOGOUT, "3", MUST)),
])  # fmt: skip
def test_after_a_log_out_nobody_is_led_elsewhere(site: Site, walker: Browser, place: str) -> None:
    asked = {"id_token_hint": site.tokens(walker)["id_token"], "post_logout_redirect_uri": place}
    answer = walker.get(site.endpoint("end_session"), asked)
    assert "Location" not in answer.headers
    assert walker.is_signed_in


# --- Keys -------------------------------------------------------------------------------------------------------
@check("key-rotation", CORE, "10.1.1", GOV)
def test_what_an_old_key_signed_is_still_verified_after_a_rotation(site: Site, portal: Stack, citizen: Browser) -> None:
    before = site.tokens(citizen)["id_token"]
    portal.manage("rotate_signing_keys", "--now")
    after = site.tokens(citizen)["id_token"]
    kids = [jwt.decode(token, site.keys, algorithms=["RS256"]).header["kid"] for token in (before, after)]
    assert kids[0] != kids[1]
    assert site.verified(before)["sub"] == site.verified(after)["sub"]
    assert "code" in site.silent(citizen, id_token_hint=before)
