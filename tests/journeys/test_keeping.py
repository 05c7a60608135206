"""Never a keystroke lost: in a real browser, the session or the tab ends at a field, and another device has it all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in

Visit = Callable[..., Page]
FORM = "/en/functions/immd-hkid-replace-lost/form/"
REPORT = "[name=police_report_number]"


def opened(visit: Visit, *, java_script: bool = True, size: tuple[int, int] = (360, 740)) -> Page:
    """The form in a browser of its own, signed in; begun anew if there was a draft."""
    width, height = size
    page = visit(FORM, java_script_enabled=java_script, viewport={"width": width, "height": height})
    sign_in(page, "citizen")
    expect(page.locator(REPORT)).to_be_visible()
    return page


def begun_anew(page: Page) -> Page:
    anew = page.get_by_role("button", name="Start anew")
    if anew.count():
        anew.click()
        expect(anew).to_have_count(0)
    return page


def sign_out_everywhere_else(page: Page) -> None:
    page.goto("/en/account/devices/")
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("All other devices are signed out")).to_be_visible()


def test_a_tab_that_is_closed_loses_nothing(visit: Visit) -> None:
    phone = begun_anew(opened(visit))
    phone.locator(REPORT).press_sequentially("MK 4711")
    expect(phone.locator("[data-draft-said]")).to_contain_text("Kept at")
    phone.locator(REPORT).press_sequentially("-8")
    phone.close()
    expect(opened(visit).locator(REPORT)).to_have_value("MK 4711-8")


@pytest.mark.parametrize("java_script", [True, False], ids=["script", "no-script"])
def test_a_session_that_is_ended_elsewhere_loses_nothing(visit: Visit, java_script: bool) -> None:
    phone = begun_anew(opened(visit, java_script=java_script))
    desktop = visit("/accounts/login/?next=/en/account/devices/")
    sign_in(desktop, "citizen")
    sign_out_everywhere_else(desktop)
    phone.locator(REPORT).press_sequentially("MK 0815")
    if java_script:
        expect(phone.locator("[data-draft-said]")).to_contain_text("You were signed out")
    else:
        phone.locator("main form button").last.click()
        expect(phone.get_by_text("What you filled in is kept")).to_be_visible()
    desktop.goto(FORM)
    expect(desktop.locator(REPORT)).to_have_value("MK 0815")


def test_a_network_that_fails_is_told_and_made_up_for(visit: Visit) -> None:
    phone = begun_anew(opened(visit))
    phone.context.set_offline(True)
    phone.locator(REPORT).press_sequentially("MK 99")
    expect(phone.locator("[data-draft-said]")).to_contain_text("no connection")
    phone.context.set_offline(False)
    expect(phone.locator("[data-draft-said]")).to_contain_text("Kept at")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_sessions_fit_their_screen(visit: Visit, shots: Path, width: int, scheme: str) -> None:
    page = visit(
        "/accounts/login/?next=/en/account/devices/", viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    sign_in(page, "citizen")
    expect(page.locator("h1")).to_have_text("Where you are signed in")
    for name, path in {
        "devices": "/en/account/devices/",
        "history": "/en/account/devices/history/",
        "prove": "/en/account/prove/?acr=plus&next=/en/calls/",
        "form": FORM,
    }.items():
        page.goto(path)
        page.screenshot(path=shots / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
