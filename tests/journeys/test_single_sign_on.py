"""From a department's site through Ferry and back, in a real browser without JavaScript: its policies hold."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
VERIFIER = "a-verifier-that-only-the-site-knows-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address at which a department's site takes people back."""

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Site</title><h1>Back at the site</h1>")

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/callback"
        server.shutdown()


@pytest.fixture(scope="module")
def client_id(portal: Stack, site: str) -> str:
    return str(json.loads(portal.manage("demo_client", site))["client_id"])


def request(client_id: str, site: str, **more: str) -> str:
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": site, "scope": "openid profile email",
        "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/sso/authorize?{urlencode({**asked, **more})}"


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_person_signs_in_allows_and_is_back_at_the_site(
    visit: Visit, client_id: str, site: str, shots: Path, script: bool
) -> None:
    page = visit(request(client_id, site, prompt="consent"), java_script_enabled=script)
    sign_in(page, "citizen")
    expect(page.get_by_role("heading", name="Sign in to")).to_be_visible()
    page.screenshot(path=shots / "sso-consent.png", full_page=True)
    page.get_by_role("button", name="Allow and continue").click()
    expect(page.get_by_role("heading", name="Back at the site")).to_be_visible()
    assert "code=" in page.url


def test_a_person_who_allowed_it_before_is_back_from_the_log_in_page(visit: Visit, client_id: str, site: str) -> None:
    for _ in range(2):
        page = visit(request(client_id, site), java_script_enabled=False)
        sign_in(page, "mother")
        if (allow := page.get_by_role("button", name="Allow and continue")).count():
            allow.click()
        expect(page.get_by_role("heading", name="Back at the site")).to_be_visible()


def test_a_person_who_says_no_is_back_too(visit: Visit, client_id: str, site: str) -> None:
    page = visit(request(client_id, site, prompt="consent"))
    sign_in(page, "citizen")
    page.get_by_role("button", name="No, go back").click()
    expect(page.get_by_role("heading", name="Back at the site")).to_be_visible()
    assert "error=access_denied" in page.url


def test_a_site_that_nobody_knows_leads_nowhere(visit: Visit, site: str, shots: Path) -> None:
    page = visit(request("nobody", site))
    expect(page.get_by_role("heading", name="We could not sign you in to that site")).to_be_visible()
    page.screenshot(path=shots / "sso-refused.png", full_page=True)


def test_the_account_is_chosen_on_a_page_of_its_own(visit: Visit, client_id: str, site: str, shots: Path) -> None:
    page = visit("/accounts/login/")
    sign_in(page, "citizen")
    page.goto(request(client_id, site, prompt="select_account"))
    page.screenshot(path=shots / "sso-account.png", full_page=True)
    page.get_by_role("button", name="Use another account").click()
    sign_in(page, "mother")
    if (allow := page.get_by_role("button", name="Allow and continue")).count():
        allow.click()
    expect(page.get_by_role("heading", name="Back at the site")).to_be_visible()
