"""Departments' own sites sign people in through us, each on a client that nobody here wrote."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.relying import running
from tests.relying.conftest import Register
from tests.relying.running import Site
from tests.stack import Stack

Visit = Callable[..., Page]
NAME = "CHAN Tai Man"


def answer(page: Page) -> dict[str, Any]:
    """What the site shows as JSON."""
    shown = page.locator("#answer")
    expect(shown).to_be_visible()
    found: dict[str, Any] = json.loads(shown.inner_text())
    return found


def log_in(visit: Visit, start: str) -> Page:
    """From the department's site to ours, through log-in and consent, and back to it."""
    page = visit(start)
    sign_in(page, "citizen")
    page.get_by_role("button", name="Allow and continue").click()
    return page


def is_signed_in(page: Page, portal: Stack) -> bool:
    found = page.context.request.get(f"{portal.url}/en/account/", max_redirects=0)
    return found.status == 200


@pytest.fixture
def authlib(portal: Stack, port: int, register: Register, tmp_path: Path) -> Iterator[Site]:
    with running.python_site("authlib", port, portal.url, register("/callback"), tmp_path) as site:
        yield site


@pytest.fixture
def mozilla(portal: Stack, port: int, register: Register, tmp_path: Path) -> Iterator[Site]:
    client = register("/oidc/callback/", id_token_signed_response_alg="RS256")
    with running.python_site("mozilla", port, portal.url, client, tmp_path) as site:
        yield site


@pytest.fixture
def apache(portal: Stack, port: int, register: Register) -> Iterator[Site]:
    with running.apache_site(port, portal.url, register("/oidc/callback")) as site:
        yield site


def test_authlib(authlib: Site, visit: Visit, portal: Stack) -> None:
    page = log_in(visit, f"{authlib.url}/login")
    shown = answer(page)
    assert shown["claims"]["sub"] == shown["userinfo"]["sub"]
    assert shown["userinfo"]["name"] == NAME
    assert shown["refreshed"] is True
    page.goto(f"{authlib.url}/logout")
    assert answer(page) == {"path": "/bye", "state": "back-again"}
    assert not is_signed_in(page, portal)


@pytest.mark.parametrize("how", ["secret", "private_key_jwt"])
def test_openid_client(how: str, portal: Stack, port: int, register: Register, tmp_path: Path, visit: Visit) -> None:
    key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"}) if how != "secret" else None
    client = register("/callback", key=key, id_token_signed_response_alg="ES256" if key else "RS256")
    with running.node_site(port, portal.url, client, tmp_path) as site:
        page = log_in(visit, f"{site.url}/login?max_age=600{'&par=1' if key else ''}")
        shown = answer(page)
        assert shown.get("error") is None, shown
        assert shown["userinfo"]["name"] == NAME
        assert shown["refreshed"] is True
        assert shown["iss"] == portal.url
        page.goto(f"{site.url}/logout")
        assert answer(page) == {"path": "/bye", "state": "back-again"}
        assert not is_signed_in(page, portal)


def test_mozilla_django_oidc(mozilla: Site, visit: Visit, portal: Stack) -> None:
    page = log_in(visit, f"{mozilla.url}/oidc/authenticate/")
    assert answer(page)["signed_in"] is True
    assert "@" in answer(page)["email"]
    page.get_by_role("button", name="Log out").click()
    assert answer(page)["path"] == "/bye"
    assert not is_signed_in(page, portal)


def test_apache_with_mod_auth_openidc(apache: Site, visit: Visit, portal: Stack) -> None:
    page = log_in(visit, f"{apache.url}/private/")
    expect(page.locator("#answer")).to_have_text("Inside")
    info = page.context.request.get(f"{apache.url}/oidc/callback?info=json").json()
    assert info["userinfo"]["name"] == NAME
    before = info["access_token"]
    page.goto(f"{apache.url}/oidc/callback?refresh={apache.url}/private/&access_token={before}")
    expect(page.locator("#answer")).to_have_text("Inside")
    assert page.context.request.get(f"{apache.url}/oidc/callback?info=json").json()["access_token"] != before
    page.goto(f"{apache.url}/oidc/callback?logout={apache.url}/bye.html")
    expect(page.locator("#answer")).to_have_text("Bye")
    assert not is_signed_in(page, portal)


def test_apache_hears_that_somebody_signed_out_here(portal: Stack, port: int, register: Register, visit: Visit) -> None:
    """By back channel: its session is over though its browser never came by."""
    address = f"http://127.0.0.1:{port}/oidc/callback?logout=backchannel"
    client = register("/oidc/callback", backchannel_logout_uri=address)
    with running.apache_site(port, portal.url, client) as site:
        page = log_in(visit, f"{site.url}/private/")
        expect(page.locator("#answer")).to_have_text("Inside")
        page.goto(f"{portal.url}/accounts/logout/")
        page.locator("main form button").first.click()
        inside = f"{site.url}/private/"
        deadline = time.monotonic() + 20
        while page.context.request.get(inside, max_redirects=0).status == 200 and time.monotonic() < deadline:
            page.wait_for_timeout(250)
        assert page.context.request.get(inside, max_redirects=0).status == 302
