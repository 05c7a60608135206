"""Officers register, approve and publish; operations get a dead call delivered."""

import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.faults.citizen import Citizen
from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
DESK = {"width": 1280, "height": 900}
DEAD = (
    "from services.gateway.models import ServiceCall; from django.utils import timezone; "
    "ServiceCall.objects.filter(receipt='{}').update(status='failed', finished_at=timezone.now(), attempt_count=8)"
)


def staff(visit: Visit, username: str, path: str) -> Page:
    page = visit(f"/accounts/login/?next={path}", viewport=DESK)
    sign_in(page, username)
    page.wait_for_url(re.compile(re.escape(path)))
    return page


def press(page: Page, act: str) -> None:
    page.locator(f"button[name=act][value={act}]").last.click()


def register(page: Page, name: str) -> str:
    """A new function with one question of its own; its code."""
    page.locator("[name=name_en]").fill(name)
    page.locator("[name=name_zh_hant]").fill("預約泊車位")
    page.locator("[name=summary_en]").fill("Book a place to park for a day.")
    page.locator("[name=summary_zh_hant]").fill("預約一日泊車位。")
    page.locator("[name=action]").select_option("apply")
    page.locator("[name=backend]").select_option(label="td-rest (REST)")
    press(page, "row-add")
    page.locator("[name=row-5-title-en]").fill("Which car park?")
    page.locator("[name=row-5-title-zh-hant]").fill("哪個停車場？")
    page.locator("[name=row-5-name]").fill("car_park")
    press(page, "save-try")
    page.wait_for_url(re.compile("/try/"))
    found = re.search("/functions/([a-z0-9-]+)/", page.url)
    assert found
    return found[1]


def test_an_officer_registers_a_colleague_approves_and_a_citizen_calls(visit: Visit, portal: Stack) -> None:
    """Rows 47, 66, 69 and 71 of the comparison."""
    name = f"Book a parking place {uuid4().hex[:6]}"
    officer = staff(visit, "officer", "/admin/functions/new/")
    code = register(officer, name)
    officer.get_by_role("button", name="Send it now").click()
    expect(officer.locator("#result")).to_contain_text("It works")
    expect(officer.locator("body")).to_contain_text("receiptNo")
    officer.get_by_role("button", name="Send for approval").click()
    officer.goto(f"/admin/functions/{code}/versions/1/")
    expect(officer.get_by_role("button", name="Approve and publish")).to_have_count(0)

    approver = staff(visit, "approver", "/admin/waiting/")
    approver.get_by_role("link", name=name).first.click()
    approver.get_by_role("button", name="Approve and publish").click()
    expect(approver.locator("body")).to_contain_text("Citizens find it from now on")

    citizen = Citizen(portal)
    assert code in [row["code"] for row in citizen.get("/api/v1/functions/", q=name).json()["results"]]
    page = visit(f"/en/functions/{code}/form/")
    sign_in(page, "citizen")
    page.locator("[name=car_park]").fill("Star Ferry")
    page.locator("main form button").last.click()
    page.locator("main form button").last.click()
    page.wait_for_url(re.compile("/calls/FRY"))
    expect(page.locator("main")).to_contain_text("The department has your application")


def test_an_officer_sees_only_the_own_department(visit: Visit) -> None:
    """Row 73 of the comparison."""
    officer = staff(visit, "officer", "/admin/")
    answer = officer.goto("/admin/functions/immd-hkid-replace-lost/")
    assert answer is not None
    assert answer.status == 404


def test_a_suspended_function_tells_citizens_why_and_until_when(visit: Visit) -> None:
    code = "td-international-permit"
    officer = staff(visit, "officer", f"/admin/functions/{code}/suspend/")
    officer.locator("[name=reason-en]").fill("We move the counter.")
    officer.locator("[name=reason-zh-hant]").fill("櫃位搬遷。")
    officer.locator("[name=until]").fill("2027-12-31T18:00")
    officer.get_by_role("button", name="Suspend it").click()
    expect(officer.locator("body")).to_contain_text("Citizens read why")
    page = visit(f"/en/functions/{code}/")
    expect(page.locator("main")).to_contain_text("We move the counter.")
    expect(page.locator("main")).to_contain_text("31 December 2027")


def test_operations_get_a_dead_call_delivered(visit: Visit, portal: Stack) -> None:
    """Row 81 of the comparison."""
    citizen = Citizen(portal)
    portal.set_mode("hkpost-rest", "error")
    receipt = citizen.call("hkpost-track")
    portal.manage("shell", "-c", DEAD.format(receipt))
    portal.set_mode("hkpost-rest", "ok")
    ops = staff(visit, "ops", "/control/calls/")
    ops.get_by_role("link", name=receipt).first.click()
    ops.locator("[name=reason]").first.fill("The department mended its system.")
    ops.locator("button[value=retry]").first.click()
    expect(ops.locator("main")).to_contain_text("is on its way again")
    assert citizen.wait([receipt], seconds=60) == {receipt: "completed"}


def test_operations_see_consolidation_at_a_glance(visit: Visit) -> None:
    """Row 75 of the comparison."""
    ops = staff(visit, "ops", "/control/")
    for number in ("114", "72", "36", "1,300"):
        expect(ops.locator("main")).to_contain_text(number)
    expect(ops.locator("svg.burndown-picture").filter(visible=True)).to_have_count(1)
