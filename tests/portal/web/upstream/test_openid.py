"""Any OpenID Provider as an upstream, by settings alone."""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from joserfc.jwk import ECKey, OctKey
from structlog.testing import capture_logs

from identity.accounts.models import User
from tests.factories import UserFactory
from tests.identity.upstream.openid_server import CLIENT, SECRET, OpenIDServer, serve
from tests.identity.upstream.running import told
from tests.portal.web.upstream.walking import text_of

pytestmark = pytest.mark.django_db
START = "/accounts/oidc/city/login/"


@pytest.fixture
def city(settings: Any) -> Iterator[OpenIDServer]:
    server = OpenIDServer()
    httpd = serve(server)
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "city",
                    "name": "City log-in",
                    "client_id": CLIENT,
                    "secret": SECRET,
                    "settings": {"server_url": server.issuer, "assurance": "basic"},
                }
            ]
        }
    }
    yield server
    httpd.shutdown()
    httpd.server_close()


def leave(browser: Client, query: str = "") -> str:
    """Press the button; the address at the provider."""
    page = text_of(browser.post(START + query))
    found = re.search(r'class="button" href="([^"]+)"', page)
    assert found
    return found[1]


def come_back(address: str) -> str:
    """Agree at the provider; where the browser goes then."""
    parts = urlsplit(requests.get(address, allow_redirects=False, timeout=10).headers["Location"])
    return f"{parts.path}?{parts.query}"


def who(browser: Client) -> str:
    return str(browser.session.get("_auth_user_id", ""))


def test_the_button_stands_on_the_sign_in_page(desktop: Client, city: OpenIDServer) -> None:
    assert "Sign in with City log-in" in text_of(desktop.get("/accounts/login/"))


def test_state_nonce_and_pkce_go_along(desktop: Client, city: OpenIDServer) -> None:
    asked = told(leave(desktop))
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked["state"]), len(asked["nonce"])) >= 22
    assert asked["scope"] == "openid"


def test_somebody_signs_in_and_is_found_again_by_their_subject(desktop: Client, city: OpenIDServer) -> None:
    desktop.get(come_back(leave(desktop)))
    other = Client()
    other.get(come_back(leave(other)))
    assert who(desktop) == who(other) != ""
    person = User.objects.get(pk=who(desktop))
    assert (person.email, person.assurance) == ("", "basic")


def test_nobody_is_found_by_an_address(desktop: Client, city: OpenIDServer) -> None:
    owner = UserFactory(email="chan@example.hk")
    desktop.get(come_back(leave(desktop)))
    assert who(desktop) not in {"", str(owner.pk)}


def test_nothing_personal_is_copied(desktop: Client, city: OpenIDServer) -> None:
    desktop.get(come_back(leave(desktop)))
    assert SocialAccount.objects.get().extra_data == {"iss": city.issuer}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another client"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "another"},
        {"exp": int(time.time()) - 3600},
        {"iat": int(time.time()) - 3600},
        {"azp": "another client"},
        {"aud": [CLIENT, "another client"]},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_that_is_not_for_us_now_is_refused(desktop: Client, city: OpenIDServer, claims: dict[str, Any]) -> None:
    city.claims = claims
    address = come_back(leave(desktop))
    with capture_logs() as lines:
        page = desktop.get(address)
    assert who(desktop) == ""
    assert "The sign-in did not work" in text_of(page)
    assert "upstream_token_forged" in [line["event"] for line in lines]


def test_a_token_signed_by_somebody_else_is_refused(desktop: Client, city: OpenIDServer) -> None:
    city.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    desktop.get(come_back(leave(desktop)))
    assert who(desktop) == ""


def test_a_token_sealed_with_the_shared_secret_is_refused(desktop: Client, city: OpenIDServer) -> None:
    city.alg, city.signs_with = "HS256", OctKey.import_key(SECRET * 2)
    desktop.get(come_back(leave(desktop)))
    assert who(desktop) == ""


def test_an_answer_counts_once(desktop: Client, city: OpenIDServer) -> None:
    address = come_back(leave(desktop))
    desktop.get(address)
    desktop.post("/accounts/logout/")
    with capture_logs() as lines:
        assert "The sign-in did not work" in text_of(desktop.get(address))
    assert "upstream_login_refused" in [line["event"] for line in lines]


def test_an_answer_brought_by_another_browser_is_refused(desktop: Client, city: OpenIDServer) -> None:
    address = come_back(leave(desktop))
    victim = Client()
    victim.get(address)
    assert who(victim) == ""


def test_what_a_visitor_adds_does_not_reach_the_provider(desktop: Client, city: OpenIDServer) -> None:
    asked = told(leave(desktop, "?scope=admin&auth_params=prompt%3Dnone%26nonce%3Dx"))
    assert (asked["scope"], asked.get("prompt"), asked["nonce"] == "x") == ("openid", None, False)


def test_a_provider_that_names_another_issuer_is_refused(desktop: Client, city: OpenIDServer) -> None:
    city.issuer = "https://elsewhere.example"
    assert "The sign-in did not work" in text_of(desktop.post(START))


def test_linking_needs_a_recent_proof(desktop: Client, city: OpenIDServer) -> None:
    desktop.force_login(UserFactory())
    assert "/account/prove/" in desktop.post(START, {"process": "connect"})["Location"]


def test_a_provider_that_is_not_configured_is_not_there(desktop: Client, city: OpenIDServer) -> None:
    assert desktop.post("/accounts/oidc/unknown/login/").status_code == 404
