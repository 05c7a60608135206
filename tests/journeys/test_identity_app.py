"""Somebody sits at a desktop and has the identity app on a phone."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from services.twins.ports import Ports
from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
DESKTOP = {"width": 1280, "height": 800}
APP_PAGE = "/en/account/identity-app/"


@pytest.fixture
def app(portal: Stack) -> Iterator[str]:
    """The identity app's address; well again after the test."""
    port = int(portal.twins.rsplit(":", 1)[1])
    address = f"http://127.0.0.1:{Ports(port).identity}"
    yield address
    requests.post(f"{address}/_twins/identity/mode", json={"mode": "ok"}, timeout=10).raise_for_status()


def scan(desktop: Page, visit: Visit, person: str = "CHAN Tai Man") -> Page:
    """Show the QR code on the desktop; the phone that scans it, in the hand of that person."""
    desktop.get_by_role("link", name="Show the QR code").click()
    phone = visit(desktop.locator("a.address").get_attribute("href"))
    phone.get_by_role("button", name=re.compile(person)).click()
    return phone


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_desktop_signs_in_by_a_phone(visit: Visit, app: str, shots: Path, script: bool) -> None:
    desktop = visit("/accounts/login/", viewport=DESKTOP, java_script_enabled=script)
    desktop.get_by_role("button", name="Sign in with Demonstration identity app").click()
    desktop.screenshot(path=shots / "identity-app-waiting.png", full_page=True)
    phone = scan(desktop, visit)
    phone.screenshot(path=shots / "identity-app-phone.png", full_page=True)
    phone.get_by_role("button", name="Approve").click()
    expect(phone.locator("main")).to_contain_text("Approved")
    expect(desktop.locator("main .lead")).to_contain_text(re.compile("No account is linked|You are about to sign in"))
    desktop.screenshot(path=shots / "identity-app-whose.png", full_page=True)
    desktop.locator("main form button").first.click()
    desktop.goto("/en/account/")
    expect(desktop.locator("h1")).to_have_text("My account")


def test_a_phone_signs_in_by_its_own_app(visit: Visit, app: str) -> None:
    phone = visit("/accounts/login/")
    phone.get_by_role("button", name="Sign in with Demonstration identity app").click()
    phone.get_by_role("link", name="Open Demonstration identity app").click()
    phone.get_by_role("button", name=re.compile("TAM Mei Fong")).click()
    phone.get_by_role("button", name="Approve").click()
    phone.locator("main form button").first.click()
    phone.goto("/en/account/")
    expect(phone.locator("h1")).to_have_text("My account")


def test_a_refusal_in_the_app_is_said_on_the_desktop(visit: Visit, app: str) -> None:
    desktop = visit("/accounts/login/", viewport=DESKTOP)
    desktop.get_by_role("button", name="Sign in with Demonstration identity app").click()
    scan(desktop, visit).get_by_role("button", name="Refuse").click()
    expect(desktop.locator("main")).to_contain_text("You refused in the app")
    expect(desktop.get_by_role("link", name="Begin again")).to_be_visible()


def test_an_account_links_its_app_and_the_page_goes_on_by_itself(visit: Visit, app: str, shots: Path) -> None:
    desktop = visit(f"/accounts/login/?next={APP_PAGE}", viewport=DESKTOP)
    sign_in(desktop, "citizen")
    desktop.get_by_role("button", name="Link Demonstration identity app").click()
    phone = scan(desktop, visit, "WONG Wai Kit")
    phone.get_by_role("button", name="Approve").click()
    desktop.get_by_role("button", name="Yes, link it").click()
    desktop.goto(APP_PAGE)
    desktop.screenshot(path=shots / "identity-app-linked.png", full_page=True)
    desktop.get_by_role("button", name="Name, identity card, birth, sex").click()
    expect(desktop).to_have_url(re.compile("/identity-app/"))
    waiting = visit(f"{app}/app/", storage_state=phone.context.storage_state())
    waiting.get_by_role("link", name=re.compile("Give my identity details")).first.click()
    waiting.screenshot(path=shots / "identity-app-fields.png", full_page=True)
    waiting.get_by_role("button", name="Refuse").click()
    expect(desktop.locator("main")).to_contain_text("You refused in the app")
