"""A form that the law wants signed: at a desktop, with the identity app on a phone, with and without JavaScript."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

Visit = Callable[..., Page]
DESKTOP = {"width": 1280, "height": 800}
FORM = "/en/functions/jud-small-claims/form/"
ANSWERS = {
    "defendant": "Calm Waters Ltd", "amount": "12000", "ground": "The ferry never came.",
    "applicant_name": "CHAN Tai Man", "applicant_hkid": "A123456(3)", "contact_phone": "91234567",
    "contact_email": "chan@example.hk",
}  # fmt: skip


def on_the_phone(desktop: Page, phone: Page, button: str) -> None:
    """Scan what the desktop shows, and press that button."""
    desktop.get_by_role("link", name="Show the QR code").click()
    phone.goto(str(desktop.locator("a.address").get_attribute("href")))
    if phone.get_by_role("button", name=re.compile("CHAN Tai Man")).count():
        phone.get_by_role("button", name=re.compile("CHAN Tai Man")).click()
    phone.get_by_role("button", name=button).click()


def go_on(desktop: Page, *, script: bool, name: str = "Continue") -> None:
    """What the page does by itself with JavaScript."""
    if not script:
        desktop.get_by_role("button", name=name).click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_form_is_signed_on_the_phone_sent_and_checked_by_a_stranger(
    visit: Visit, portal: Stack, shots: Path, tmp_path: Path, script: bool
) -> None:
    desktop = visit("/accounts/login/", viewport=DESKTOP, java_script_enabled=script)
    phone = visit("/en/")
    desktop.get_by_role("button", name="Sign in with Demonstration identity app").click()
    on_the_phone(desktop, phone, "Approve")
    expect(desktop.locator("main .lead")).to_contain_text(re.compile("No account is linked|You are about to sign in"))
    desktop.locator("main form button").first.click()

    desktop.goto(FORM)
    desktop.get_by_role("link", name=re.compile("Use your identity app")).click()
    desktop.locator("main form button").first.click()
    on_the_phone(desktop, phone, "Approve")
    go_on(desktop, script=script)
    expect(desktop).to_have_url(re.compile(FORM))

    for name, answer in ANSWERS.items():
        if desktop.locator(f"[name={name}]").count():
            desktop.locator(f"[name={name}]").fill(answer)
    desktop.get_by_label("Flat, floor, building").fill("1 Pier Road")
    desktop.get_by_label("District").select_option("Wan Chai")
    desktop.get_by_role("button", name="Continue").click()
    expect(desktop.locator("h1")).to_have_text("Check before you send")
    desktop.get_by_role("button", name="Sign and send").click()
    expect(desktop.locator("h1")).to_have_text("This is what you sign")
    expect(desktop.locator("pre.signed-text")).to_contain_text("The ferry never came.")
    desktop.screenshot(path=shots / f"signing-{script}.png", full_page=True)

    desktop.get_by_role("button", name="Sign in Demonstration identity app").click()
    digits = desktop.locator("#identification-code").inner_text()
    desktop.get_by_role("link", name="Show the QR code").click()
    phone.goto(str(desktop.locator("a.address").get_attribute("href")))
    expect(phone.locator("#code")).to_have_text(digits)
    phone.screenshot(path=shots / f"signing-phone-{script}.png", full_page=True)
    phone.locator("button[value=approve]").click()
    go_on(desktop, script=script)
    go_on(desktop, script=script, name="Send now")
    expect(desktop.locator("main .lead").first).to_contain_text("We have received your form.")
    expect(desktop.locator("main")).to_contain_text("Signed by")
    desktop.screenshot(path=shots / f"signing-receipt-{script}.png", full_page=True)

    with desktop.expect_download() as download:
        desktop.get_by_role("link", name="Sealed receipt (PDF)").click()
    paper = tmp_path / "sealed.pdf"
    download.value.save_as(paper)
    stranger = visit("/en/verify/", java_script_enabled=script)
    stranger.locator("[name=document]").set_input_files(paper)
    stranger.get_by_role("button", name="Check").click()
    expect(stranger.locator("main")).to_contain_text("This document is whole")
    expect(stranger.locator("main")).to_contain_text("CHAN Tai Man")
    stranger.screenshot(path=shots / f"signing-checked-{script}.png", full_page=True)
    paper.write_bytes(paper.read_bytes().replace(b"/Contents", b"/Contentz", 1))
    stranger.locator("[name=document]").set_input_files(paper)
    stranger.get_by_role("button", name="Check").click()
    expect(stranger.locator("main")).not_to_contain_text("This document is whole")
