"""A person finds a service in their own words and gets it done: on a phone, in three languages, with no script too."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
CODE = "immd-hkid-replace-lost"
BACKEND = "immd-soap"
RECEIPT = re.compile(r"FRY(-[0-9A-Y]{4}){3}")


@dataclass(frozen=True)
class Reader:
    """One language, with what a person who reads it types and sees."""

    code: str
    words: str
    name: str
    source: str
    problem: str
    answered: str


READERS = [
    Reader("en", "lost identity card", "Replace a lost, stolen or damaged identity card", "From your profile",
           "Problem", "The department has your application"),
    Reader("zh-hant", "唔見咗身份證", "補領遺失、失竊或損壞的身份證", "來自你的個人資料", "", "部門已收到你的申請"),
    Reader("zh-hans", "身份证丢了", "补领遗失、失窃或损坏的身份证", "来自您的个人资料", "", "部门已收到您的申请"),
]  # fmt: skip
in_each_language = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.code)


def find(page: Page, reader: Reader) -> None:
    """From the front page to the form, by the person's own words."""
    page.locator("[name=q]").fill(reader.words)
    page.locator("[name=q]").press("Enter")
    page.get_by_role("link", name=reader.name).first.click()
    expect(page.locator("h1")).to_have_text(reader.name)
    page.locator("main a.button, main .button").first.click()


def fill_in(page: Page, *, office: str = "Wan Chai") -> None:
    """Everything that the form of the lost identity card asks beyond the profile."""
    page.locator("[name=preferred_date]").fill("2027-01-15")
    page.locator("[name=office]").fill(office)
    page.locator("label[for=field-session]").click()
    page.locator("[name=lost_at]").fill("2026-11-20T10:00")
    page.locator("[name=police_report_number]").fill("MK 1")


def go_on(page: Page) -> None:
    """Press the main button at the end of the page's form."""
    page.locator("main form button").last.click()


def to_review(visit: Visit, **options: object) -> Page:
    """A signed-in person with a form that is filled in, looking it over."""
    page = visit(f"/en/functions/{CODE}/form/", **options)
    sign_in(page, "citizen")
    fill_in(page)
    go_on(page)
    expect(page).to_have_url(re.compile("/review/"))
    return page


def receipt_of(page: Page) -> str:
    page.wait_for_url(re.compile("/calls/FRY"))
    found = RECEIPT.search(page.url)
    assert found
    return found[0]


@in_each_language
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_citizen_gets_it_done(visit: Visit, portal: Stack, reader: Reader, script: bool) -> None:
    page = visit(f"/{reader.code}/", java_script_enabled=script)
    find(page, reader)
    sign_in(page, "citizen")
    expect(page.locator("[name=applicant_hkid]")).to_have_value("A123456(3)")
    expect(page.locator("main")).to_contain_text(reader.source)
    fill_in(page, office="")
    if script:  # the server, not the browser, shall explain the mistake
        page.locator("main form").last.evaluate("form => form.noValidate = true")
    go_on(page)
    expect(page.locator("#field-office")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=police_report_number]")).to_have_value("MK 1")
    fill_in(page)
    go_on(page)
    expect(page.locator("main")).to_contain_text("Wan Chai")
    go_on(page)
    receipt = receipt_of(page)
    expect(page.locator("main")).to_contain_text(receipt)
    expect(page.locator("main")).to_contain_text(reader.answered)
    assert portal.filed(BACKEND, receipt) == 1


def test_the_answer_arrives_on_the_same_page(visit: Visit, portal: Stack) -> None:
    page = to_review(visit)
    portal.set_mode(BACKEND, "slow", 1500)
    go_on(page)
    receipt_of(page)
    page.evaluate("window.sameage = 'never reloaded'")
    expect(page.locator("main")).to_contain_text("The department has your application")
    assert page.evaluate("window.sameage") == "never reloaded"


def test_two_presses_make_one_call(visit: Visit, portal: Stack) -> None:
    page = to_review(visit, java_script_enabled=False)
    portal.set_mode(BACKEND, "slow", 700)
    page.locator("main form button").last.dblclick(no_wait_after=True)
    receipt = receipt_of(page)
    expect(page.locator("main")).to_contain_text("The department has your application")
    page.goto("/en/calls/")
    assert portal.filed(BACKEND, receipt) == 1
    page.go_back()


def test_back_and_send_again_shows_the_first_receipt(visit: Visit) -> None:
    page = to_review(visit)
    review = page.url
    token = page.locator("main form").last.evaluate("form => Object.fromEntries(new FormData(form))")
    go_on(page)
    receipt = receipt_of(page)
    again = page.request.post(review, form=token, headers={"Referer": review})
    assert receipt in again.url


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_session_that_ran_out_loses_nothing(visit: Visit, script: bool) -> None:
    page = visit(f"/en/functions/{CODE}/form/", java_script_enabled=script)
    sign_in(page, "citizen")
    fill_in(page, office="Sha Tin")
    page.context.clear_cookies(name="ferry_session")
    go_on(page)
    sign_in(page, "citizen")
    expect(page.locator("[name=office]")).to_have_value("Sha Tin")
    expect(page.locator("[name=lost_at]")).to_have_value("2026-11-20T10:00")


def test_the_departments_no_comes_with_its_reason(visit: Visit) -> None:
    page = visit(f"/en/functions/{CODE}/form/")
    sign_in(page, "citizen")
    fill_in(page, office="VOID")
    go_on(page)
    go_on(page)
    receipt_of(page)
    expect(page.locator("main")).to_contain_text("said no")


def test_my_calls_lists_each_with_its_status(visit: Visit) -> None:
    page = to_review(visit)
    go_on(page)
    receipt = receipt_of(page)
    expect(page.locator("main")).to_contain_text("The department has your application")
    page.goto("/en/calls/")
    row = page.locator("main li, main tr").filter(has_text="Replace a lost").first
    expect(row).to_contain_text("Done")
    row.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/calls/FRY"))
    assert RECEIPT.search(page.url)
    assert receipt


def test_the_receipt_can_be_kept_as_a_pdf(visit: Visit) -> None:
    page = to_review(visit)
    go_on(page)
    receipt = receipt_of(page)
    kept = page.request.get(f"/en/calls/{receipt}/receipt.pdf")
    assert kept.headers["content-type"] == "application/pdf"
    assert kept.body().startswith(b"%PDF-")


def test_one_sign_out_ends_every_session(visit: Visit) -> None:
    """Row 1 of the comparison: one log-in, and one sign-out."""
    phone, desk = visit("/accounts/login/"), visit("/accounts/login/")
    for page in (phone, desk):
        sign_in(page, "citizen")
    phone.goto("/accounts/logout/")
    phone.locator("main form button").first.click()
    desk.goto("/en/calls/")
    expect(desk).to_have_url(re.compile("/accounts/login/"))


def test_a_mainframe_answers_like_any_other_department(visit: Visit, portal: Stack) -> None:
    page = visit("/en/functions/td-learner-licence/form/")
    sign_in(page, "citizen")
    page.locator("[name=vehicle_class]").fill("Private car")
    page.locator("label[for=field-eyesight_declaration]").click()
    go_on(page)
    expect(page).to_have_url(re.compile("/review/"))
    go_on(page)
    receipt = receipt_of(page)
    expect(page.locator("main")).to_contain_text("The department has your application")
    assert portal.filed("td-fixed-width", receipt) == 1


def test_a_form_that_waits_for_its_batch_can_be_taken_back(visit: Visit, portal: Stack) -> None:
    page = visit("/en/functions/immd-death-certificate-copy/form/", java_script_enabled=False)
    sign_in(page, "citizen")
    page.locator("[name=registration_number]").fill("D 12345")
    page.locator("[name=copies]").fill("1")
    go_on(page)
    go_on(page)
    receipt = receipt_of(page)
    page.get_by_role("link", name="Take this form back").click()
    page.get_by_role("button", name="Yes, take it back").click()
    expect(page.locator("main")).to_contain_text("You took this form back")
    assert portal.filed("immd-sftp-batch", receipt) == 0
