"""`python -m tests.pictures`: the pictures of the README, taken from a running portal of their own."""

import re
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.journeys.conftest import FLAGS, sign_in
from tests.journeys.test_citizen import CODE, fill_in, go_on
from tests.stack import running

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PHONE, DESK = ViewportSize(width=360, height=720), ViewportSize(width=1280, height=800)
GAP, PAPER = 24, "#e7e2d5"


def phone(browser: Browser, url: str) -> list[Path]:
    """The citizen's crossing, one screen after another."""
    page = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="zh-HK", base_url=url).new_page()
    shots: list[Path] = []

    def shoot() -> None:
        shots.append(Path(tempfile.mkdtemp()) / "shot.png")
        page.screenshot(path=shots[-1])

    page.goto("/zh-hant/")
    shoot()
    page.goto("/zh-hant/search/?q=唔見咗身份證")
    shoot()
    page.goto(f"/zh-hant/functions/{CODE}/form/")
    sign_in(page, "citizen")
    shoot()
    fill_in(page, office="灣仔")
    go_on(page)
    go_on(page)
    page.wait_for_url(re.compile("/calls/FRY"))
    page.wait_for_timeout(2000)
    shoot()
    return shots


def desk(browser: Browser, url: str, username: str, path: str, name: str) -> None:
    """One page of the staff's."""
    page: Page = browser.new_context(viewport=DESK, base_url=url).new_page()
    page.goto(f"/accounts/login/?next={path}")
    sign_in(page, username)
    page.goto(path)
    page.wait_for_timeout(1000)
    page.screenshot(path=PICTURES / f"{name}.png")


def side_by_side(shots: list[Path], target: Path) -> None:
    """One picture of several screens."""
    images = [Image.open(shot) for shot in shots]
    width = sum(image.width for image in images) + GAP * 2 * (len(images) + 1)
    sheet = Image.new("RGB", (width, images[0].height + 4 * GAP), PAPER)
    left = 2 * GAP
    for image in images:
        sheet.paste(image, (left, 2 * GAP))
        left += image.width + 2 * GAP
    sheet.resize((width // 2, sheet.height // 2), Image.Resampling.LANCZOS).save(target, optimize=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        side_by_side(phone(browser, stack.url), PICTURES / "citizen.png")
        desk(browser, stack.url, "officer", "/admin/", "desk")
        desk(browser, stack.url, "ops", "/control/", "control")
        browser.close()


if __name__ == "__main__":
    main()
