"""Authorization requests that are wrong, or forged, or mean harm."""

from urllib.parse import urlencode

import pytest

from tests.conformance.browser import Browser, forms, text
from tests.conformance.checks import BCP, CORE, MUST, OAUTH, SHOULD, check
from tests.conformance.conftest import BACK, Sites
from tests.conformance.site import Site, query

ISS = "RFC 9207"


@check("iss-param", ISS, "2", MUST)
def test_an_answer_says_who_gives_it(site: Site, citizen: Browser) -> None:
    assert site.answer(citizen)["iss"] == site.issuer


@check("iss-param-on-error", ISS, "2", MUST)
def test_an_error_says_who_gives_it(site: Site, nobody: Browser) -> None:
    found = site.silent(nobody, state="of-mine")
    assert (found["iss"], found["state"]) == (site.issuer, "of-mine")


@check("error-page-4xx", OAUTH, "4.1.2.1", SHOULD)
@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": None}])
def test_what_cannot_be_answered_is_a_page_with_an_error_status(
    site: Site, citizen: Browser, changes: dict[str, str | None]
) -> None:
    answer = site.ask(citizen, **changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


OTHER_PLACES = {
    "path-case": BACK.lower(),
    "port": BACK.replace(".hk/", ".hk:443/"),
    "trailing-slash": f"{BACK}/",
    "fragment": f"{BACK}#frag",
    "query-added": f"{BACK}?extra=1",
    "query-changed": f"{BACK}?keep=other",
    "query-more": f"{BACK}?keep=this&extra=1",
    "subdomain": BACK.replace("site.", "evil.site."),
    "suffix": BACK.replace(".hk/", ".hk.evil.example/"),
    "userinfo": BACK.replace("https://", "https://site.example.hk@evil.example/"),
    "path-up": f"{BACK}/../evil",
    "encoded": BACK.replace("Callback", "%43allback"),
    "scheme": BACK.replace("https://", "http://"),
    "host-case": BACK.replace("site.example", "SITE.example"),
    "script": "javascript:alert(1)//site.example.hk/Callback",
}


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=check(f"redirect-{kind}", BCP, "2.1", MUST)) for kind in OTHER_PLACES
])  # fmt: skip
def test_nobody_is_led_to_any_place_but_a_registered_one(site: Site, citizen: Browser, kind: str) -> None:
    answer = site.ask(citizen, redirect_uri=OTHER_PLACES[kind])
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@check("redirect-query-kept", OAUTH, "3.1.2", MUST)
def test_the_query_of_a_registered_address_is_kept(site: Site, citizen: Browser) -> None:
    answer = site.back(citizen, redirect_uri=f"{BACK}?keep=this")
    found = query(answer.headers["Location"])
    assert found["keep"] == "this"
    assert site.exchange(found["code"], redirect_uri=f"{BACK}?keep=this").status_code == 200


@check("redirect-error-is-no-open-redirect", BCP, "4.11.2", MUST)
def test_an_error_leads_nowhere_else_either(site: Site, nobody: Browser) -> None:
    answer = site.ask(nobody, redirect_uri="https://evil.example/", prompt="none", response_type="token")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@check("redirect-repeated", OAUTH, "3.1", MUST)
@pytest.mark.parametrize("name", ["redirect_uri", "client_id", "state", "scope", "code_challenge"])
def test_a_parameter_given_twice_is_refused(site: Site, citizen: Browser, name: str) -> None:
    asked = [*site.parameters().items(), (name, "https://evil.example/")]
    answer = citizen.get(f"{site.endpoint('authorization')}?{urlencode(asked)}")
    assert answer.status_code == 400 or "error=invalid_request" in answer.headers["Location"]
    assert "evil.example" not in answer.headers.get("Location", "").split("?")[0]


@check("prompt-none-mixed", CORE, "3.1.2.1", MUST)
def test_prompt_none_with_another_is_an_error(site: Site, citizen: Browser) -> None:
    assert site.silent(citizen, prompt="none login")["error"] == "invalid_request"


@check("prompt-none-consent", CORE, "3.1.2.6", MUST)
def test_consent_to_one_site_allows_no_other(sites: Sites, site: Site, citizen: Browser) -> None:
    site.answer(citizen, scope="openid profile")
    for other in ("sibling", "stranger"):
        assert sites[other].silent(citizen, scope="openid profile")["error"] == "consent_required"


@check("prompt-none-scope-grown", CORE, "3.1.2.6", MUST)
def test_consent_to_less_allows_no_more(sites: Sites, citizen: Browser) -> None:
    asking = sites["asking"]
    asking.answer(citizen, scope="openid email")
    assert "code" in asking.silent(citizen, scope="openid email")
    assert asking.silent(citizen, scope="openid email phone")["error"] == "consent_required"


@check("prompt-consent", CORE, "3.1.2.1", MUST)
def test_prompt_consent_asks_again(site: Site, citizen: Browser) -> None:
    site.answer(citizen)
    page = site.page(citizen, prompt="consent")
    assert page.status_code == 200
    assert "code" in site.told(site.allow(citizen, page))


@check("prompt-select-account", CORE, "3.1.2.1", SHOULD)
def test_prompt_select_account_shows_the_account(site: Site, citizen: Browser) -> None:
    site.answer(citizen)
    page = site.page(citizen, prompt="select_account")
    assert page.status_code == 200
    assert "code" in site.told(citizen.follow(citizen.submit(page, "request", action="continue")))


@check("access-denied", OAUTH, "4.1.2.1", MUST)
def test_a_person_who_says_no_gives_nothing(site: Site, citizen: Browser) -> None:
    page = site.page(citizen, prompt="consent")
    found = site.told(site.allow(citizen, page, action="deny"))
    assert found["error"] == "access_denied"
    assert "code" not in found


@check("pkce-plain", "RFC 7636", "4.2", SHOULD)
@pytest.mark.parametrize("method", ["plain", None, "s256", "S512"])
def test_no_challenge_but_s256_is_taken(site: Site, citizen: Browser, method: str | None) -> None:
    assert site.told(site.ask(citizen, code_challenge_method=method))["error"] == "invalid_request"


@check("pkce-required-confidential", BCP, "2.1.1", SHOULD)
@pytest.mark.parametrize("name", ["main", "public"])
def test_pkce_is_required_of_every_client(sites: Sites, citizen: Browser, name: str) -> None:
    site = sites[name]
    found = site.told(site.ask(citizen, code_challenge=None, code_challenge_method=None))
    assert found["error"] == "invalid_request"


@check("state-verbatim", OAUTH, "4.1.2", MUST)
def test_the_state_comes_back_as_it_was(site: Site, citizen: Browser) -> None:
    state = "a b+c%2B&=d/?#é一渡通"
    assert site.answer(citizen, state=state)["state"] == state


@check("nonce-verbatim", CORE, "2", MUST)
def test_the_nonce_stands_in_the_token_as_it_was(site: Site, citizen: Browser) -> None:
    nonce = "a b+c%2B&=d/?#é一渡通"
    assert site.claims(citizen, nonce=nonce)["nonce"] == nonce


@check("answer-uncached", OAUTH, "5.1", MUST)
def test_an_answer_with_a_code_is_not_kept(site: Site, citizen: Browser) -> None:
    assert "no-store" in site.back(citizen).headers["Cache-Control"]


@check("referrer-leakage", BCP, "4.2.4", MUST)
def test_no_page_and_no_answer_tells_its_address_to_others(site: Site, citizen: Browser) -> None:
    safe = {"no-referrer", "same-origin", "strict-origin", "origin"}
    assert site.back(citizen).headers["Referrer-Policy"] == "no-referrer"
    page = site.page(citizen, prompt="consent")
    assert page.headers["Referrer-Policy"] in safe
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@check("redirect-303", BCP, "4.12", MUST)
def test_no_redirect_carries_a_form_on(site: Site, arriving: object, nobody: Browser) -> None:
    """307 would send the password, or the word of consent, to the site."""
    page = site.page(nobody, prompt="consent")
    answer = nobody.submit(page, "password", login="walker", password="ferry-walker")
    assert answer.status_code in (302, 303)
    assert nobody.submit(nobody.follow(answer), "request", action="grant").status_code in (302, 303)


@check("clickjacking", BCP, "4.16", MUST)
def test_the_page_of_consent_cannot_be_framed(site: Site, citizen: Browser) -> None:
    headers = site.page(citizen, prompt="consent").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


@check("consent-csrf", BCP, "4.7", MUST)
def test_nobody_else_says_yes_for_the_person(site: Site, citizen: Browser) -> None:
    page = site.page(citizen, prompt="consent")
    form = next(found for found in forms(page) if "request" in found.names)
    values = {name: value for name, value in form.values.items() if name != "csrfmiddlewaretoken"}
    assert citizen.post(form.action, {**values, "action": "grant"}).status_code == 403


@check("consent-of-another", BCP, "4.7", MUST)
def test_a_request_that_waits_is_answered_for_whoever_is_signed_in(
    site: Site, citizen: Browser, walker: Browser
) -> None:
    """A handle that was stolen gives the thief an answer about the thief, not about the victim."""
    page = site.page(citizen, prompt="consent")
    answer = walker.follow(walker.get(page.url))
    found = site.told(site.allow(walker, answer) if answer.status_code == 200 else answer)
    told = site.verified(site.exchange(found["code"]).json()["id_token"])
    assert told["sub"] == site.claims(walker)["sub"]


@check("no-token-in-query", BCP, "4.3.2", MUST)
def test_an_access_token_in_the_query_counts_for_nothing(site: Site, citizen: Browser) -> None:
    token = site.tokens(citizen)["access_token"]
    answer = citizen.get(f"{site.endpoint('userinfo')}?access_token={token}")
    assert answer.status_code == 401, text(answer)


@check("parameters-bounded", BCP, "4.11", SHOULD)
@pytest.mark.parametrize("changes", [{"state": "x" * 20_000}, {"nonce": "\0"}, {"claims": "[" * 4000}, {"scope": ""}])
def test_odd_parameters_are_refused_and_break_nothing(site: Site, citizen: Browser, changes: dict[str, str]) -> None:
    answer = citizen.post(site.endpoint("authorization"), site.parameters(**changes))
    assert answer.status_code in (302, 400, 414)
    assert "code=" not in answer.headers.get("Location", "")
