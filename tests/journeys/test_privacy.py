"""Row 98 of the comparison: no identifier in a URL, a log or a cache key."""

import re
from collections.abc import Callable

import redis
from playwright.sync_api import Page

from tests.faults.citizen import Citizen
from tests.journeys.conftest import sign_in
from tests.stack import Stack

Visit = Callable[..., Page]
CODE, BACKEND = "immd-hkid-replace-lost", "immd-soap"
PERSON = re.compile("A123456|CHAN Tai Man|陳大文|91234567|chan\\.taiman|Sunrise House|1988-06-15")


def test_neither_logs_nor_keys_hold_anything_of_the_person(portal: Stack) -> None:
    citizen = Citizen(portal)
    for mode in ("ok", "garbage", "error"):
        portal.set_mode(BACKEND, mode)
        citizen.call(CODE)
    citizen.post(CODE, {"lost_at": "A123456(3)"})
    portal.set_mode(BACKEND, "ok")
    citizen.wait([citizen.call("hkpost-track")], seconds=30)
    logs = {path.name: path.read_text(errors="replace") for path in (portal.var / "log").glob("*.log")}
    assert {name: PERSON.findall(text) for name, text in logs.items() if PERSON.search(text)} == {}
    broker = redis.Redis.from_url(portal.environment()["REDIS_URL"])
    keys = [key.decode(errors="replace") for key in broker.scan_iter("*")]
    assert keys
    assert [key for key in keys if PERSON.search(key)] == []


def test_no_address_on_the_way_holds_anything_of_the_person(visit: Visit) -> None:
    page = visit(f"/en/functions/{CODE}/form/")
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    sign_in(page, "citizen")
    page.goto("/en/profile/")
    page.goto("/en/calls/")
    assert seen
    assert [url for url in seen if PERSON.search(url)] == []
