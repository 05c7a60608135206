"""A daughter asks, her mother accepts; a form is sent for the mother; then the mother ends it while one is open."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.journeys.test_citizen import CODE, fill_in, go_on, receipt_of

Visit = Callable[..., Page]
FOR = "CHAN Tai Man for LEUNG Mei Ling"


def ask(page: Page) -> None:
    """For what a mandate does not allow yet that the demonstration has: to act for a friend."""
    page.goto("/en/account/mandates/ask/")
    page.locator("[name=address]").fill("mother")
    page.locator("label[for=field-kind-4]").click()
    page.locator("main form button").last.click()
    expect(page).to_have_url(re.compile("/account/mandates/$"))


def test_ask_accept_act_and_be_refused_kindly_once_it_is_ended(visit: Visit) -> None:
    child, mother = visit("/en/account/mandates/"), visit("/en/account/mandates/")
    sign_in(child, "citizen")
    sign_in(mother, "mother")
    ask(child)

    mother.reload()
    mother.get_by_role("link", name="CHAN Tai Man would act for you").click()
    expect(mother.locator("main")).to_contain_text("Not allowed")
    mother.get_by_role("button", name="Accept").click()
    expect(mother.locator("main")).to_contain_text("LEUNG Mei Ling accepted it.")
    address = mother.url

    child.goto(address)
    child.get_by_role("button", name="Act now").click()
    child.goto(f"/en/functions/{CODE}/form/")
    expect(child.locator(".acting")).to_contain_text("You are acting for LEUNG Mei Ling")
    expect(child.locator("[name=applicant_hkid]")).to_have_value("C123456(9)")
    fill_in(child)
    go_on(child)
    expect(child.locator("main")).to_contain_text(FOR)
    go_on(child)
    receipt = receipt_of(child)
    mother.goto(f"/en/calls/{receipt}/")
    expect(mother.locator(".made-by").first).to_have_text(FOR)

    child.goto(f"/en/functions/{CODE}/form/")
    fill_in(child, office="Sha Tin")
    mother.goto(address)
    mother.get_by_role("button", name="End it now").click()
    expect(mother.locator("main")).to_contain_text("LEUNG Mei Ling ended it.")
    go_on(child)
    expect(child.locator("h1")).to_have_text("You cannot act under this mandate now")
    expect(child.locator("main")).to_contain_text("Sha Tin")
    expect(child.locator("main")).not_to_contain_text("C123456(9)")
    child.locator("main").get_by_role("button", name="Go on as yourself").click()
    expect(child.locator(".acting")).to_have_count(0)
