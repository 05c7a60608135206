"""One running portal for all journeys, and a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.stack import Stack, running

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
PHONE = {"width": 360, "height": 740}
MAX_WAIT_MS = 20_000
expect.set_options(timeout=MAX_WAIT_MS)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make run` starts, on ports of its own."""
    rates = {"API_READ_RATE": "100000/min", "API_CALL_RATE": "100000/min"}
    with running(tmp_path_factory.mktemp("portal"), **rates) as stack:
        yield stack


@pytest.fixture(autouse=True)
def healthy(portal: Stack) -> Iterator[None]:
    """Every department well again after each journey."""
    yield
    portal.set_mode("_all", "ok")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def visit(browser: Browser, portal: Stack) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own: a phone with JavaScript and English unless said otherwise."""
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": PHONE, "locale": "en-HK", "base_url": portal.url, **options})
        context.set_default_timeout(MAX_WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page, username: str) -> None:
    """On the sign-in page, with the demonstration's password."""
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(f"ferry-{username}")
    page.locator("main form button").first.click()


@pytest.fixture
def shots(portal: Stack) -> Path:
    """Where a journey may leave pictures."""
    folder = portal.var / "shots"
    folder.mkdir(exist_ok=True)
    return folder
