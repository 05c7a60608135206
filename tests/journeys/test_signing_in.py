"""Signing in without a password: by a passkey that the browser keeps, and from one browser to another by a picture."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from identity.accounts.factors import picture
from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture
def home(portal: Stack) -> str:
    """The portal where browsers allow passkeys: no IP address has any, and without https only localhost does."""
    return f"http://localhost:{urlsplit(portal.url).port}"


def add_authenticator(page: Page) -> None:
    """A device of the browser's own that keeps passkeys and always finds its owner's finger (WebAuthn section 11)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def prove_by_password(page: Page, username: str) -> None:
    page.locator("[name=password]").fill(f"ferry-{username}")
    page.locator("main form button").first.click()


@pytest.fixture
def passkeys_forgotten(portal: Stack) -> Iterator[None]:
    """Whoever signs in after this test has the password alone again."""
    yield
    code = (
        "from allauth.mfa.models import Authenticator; Authenticator.objects.filter(user__username='approver').delete()"
    )
    portal.manage("shell", "-v", "0", "-c", code)


@pytest.mark.usefixtures("passkeys_forgotten")
def test_a_passkey_is_made_and_signs_in_without_a_name(visit: Visit, home: str) -> None:
    page = visit("/accounts/login/?next=/en/account/security/", base_url=home)
    add_authenticator(page)
    sign_in(page, "approver")
    page.get_by_role("link", name="Add a passkey").click()
    prove_by_password(page, "approver")
    page.locator("[name=name]").fill("My test device")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("term")).to_have_text("My test device")

    page.goto("/accounts/logout/")
    page.locator("main form button").first.click()
    page.goto("/accounts/login/?next=/en/account/security/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("/en/account/security/$"))
    expect(page.get_by_text("last used on")).to_be_visible()


def test_a_browser_without_the_passkey_is_told_what_else_works(visit: Visit, home: str) -> None:
    page = visit("/accounts/login/", base_url=home)
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')) }")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Sign in with your password or with a code by email.")


def test_at_an_ip_address_the_page_leads_to_where_passkeys_work(visit: Visit, home: str) -> None:
    page = visit("/accounts/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    expect(page.get_by_role("link", name="Go where they do")).to_have_attribute("href", f"{home}/accounts/login/")


def scan(portal: Stack, desktop: Page) -> str:
    """What the picture says: the address that gives just this picture, with the token of this browser's session."""
    key = next(each["value"] for each in desktop.context.cookies() if each["name"] == "ferry_session")
    code = f"from identity.accounts.sessions import SessionStore; print(SessionStore({key!r})['phone_ticket']['token'])"
    address = f"{portal.url}/en/account/phone/{portal.manage('shell', '-v', '0', '-c', code).split()[-1]}/"
    path = re.search(r' d="([^"]+)"', picture(address))
    assert path
    assert desktop.locator(".qr path").get_attribute("d") == path[1]
    return address


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "no script"])
def test_a_phone_signs_a_desktop_in(portal: Stack, visit: Visit, javascript: bool) -> None:
    desktop = visit("/accounts/login/?next=/en/calls/", viewport=DESKTOP, java_script_enabled=javascript)
    desktop.get_by_role("button", name="Sign in with your phone").click()
    number = desktop.locator(".match-number").inner_text()
    phone = visit("/accounts/login/")
    sign_in(phone, "citizen")
    phone.goto(scan(portal, desktop))
    expect(phone.get_by_text("On the same network as this phone")).to_be_visible()
    phone.get_by_role("button", name=number, exact=True).click()
    expect(phone.get_by_role("heading", name="The other screen is signed in")).to_be_visible()
    expect(desktop).to_have_url(re.compile("/en/calls/$"))
