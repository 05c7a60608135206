"""Every kind of page: nothing that axe finds, nothing wider than the phone, light enough for a slow line."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

from tests.faults.citizen import Citizen
from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CODE = "immd-hkid-replace-lost"
PUBLIC = ["", "search/?q=passport", "search/?q=zzzz", "functions/td-vehicle-licence-renew/", f"functions/{CODE}/",
          "departments/", "departments/td/", "about/", "functions/no-such-thing/"]  # fmt: skip
OWN = [f"functions/{CODE}/form/", "calls/", "profile/"]
MAX_FIRST_VISIT_BYTES = 60_000
STAFF = [
    ("officer", "/admin/functions/new/"),
    ("officer", "/admin/"),
    ("ops", "/control/"),
    ("ops", "/control/apps/"),
    ("ops", "/control/backends/"),
    ("ops", "/control/calls/"),
]


def faults(page: Page) -> list[str]:
    """What axe finds, and a page that is wider than its window. Best practice too, where the frame is our own."""
    rules = WCAG if "/admin/" in page.url else [*WCAG, "best-practice"]
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    listed = [f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found]
    return listed + (["wider than the window"] if wide else [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_public_pages_are_accessible(visit: Visit, language: str, scheme: str) -> None:
    page = visit("/styleguide/", color_scheme=scheme)
    found = {"styleguide": faults(page)}
    for path in PUBLIC:
        page.goto(f"/{language}/{path}")
        found[path] = faults(page)
    page.goto("/accounts/login/")
    found["login"] = faults(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_a_persons_own_pages_are_accessible(visit: Visit, portal: Stack, language: str) -> None:
    receipt = Citizen(portal).call(CODE)
    page = visit("/accounts/login/", color_scheme="dark" if language == "zh-hant" else "light")
    sign_in(page, "citizen")
    found = {}
    for path in [*OWN, f"calls/{receipt}/"]:
        page.goto(f"/{language}/{path}")
        found[path] = faults(page)
    page.goto(f"/{language}/functions/{CODE}/form/")
    page.locator("main form").last.evaluate("form => form.noValidate = true")
    page.locator("main form button").last.click()
    found["form with errors"] = faults(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("username", "path"), STAFF)
def test_staff_pages_are_accessible(visit: Visit, username: str, path: str) -> None:
    page = visit(f"/accounts/login/?next={path}", viewport={"width": 1280, "height": 900})
    sign_in(page, username)
    page.goto(path)
    assert faults(page) == []


@pytest.mark.parametrize("path", ["/en/", "/zh-hant/search/?q=passport", f"/en/functions/{CODE}/", "/accounts/login/"])
def test_a_first_visit_is_light(visit: Visit, path: str) -> None:
    """With its style sheets, scripts and pictures, as it comes over the wire."""
    page = visit("about:blank")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path, wait_until="networkidle")
    sizes = {answer.url: sum(_parts(answer)) for answer in answers}
    assert sum(sizes.values()) < MAX_FIRST_VISIT_BYTES, sizes


def _parts(answer: Response) -> tuple[int, int]:
    sizes = answer.request.sizes()
    return sizes["responseBodySize"], sizes["responseHeadersSize"]


def test_no_page_asks_another_site_for_anything(visit: Visit, portal: Stack) -> None:
    page = visit("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/en/", "/en/search/?q=tax", "/accounts/login/"):
        page.goto(path, wait_until="networkidle")
    assert [url for url in asked if not url.startswith(portal.url)] == []


def test_the_policy_lets_no_inline_script_run(visit: Visit) -> None:
    page = visit("about:blank")
    answer = page.goto("/en/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert not re.search(r"unsafe-(inline|eval)", policy)
