"""Maintenance notices at the desk: who may note one, and what citizens read of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from services.gateway import standing, story
from services.registry.models import Backend, Change, Maintenance
from tests.factories import OfficerFactory, OperatorFactory
from tests.portal.desk.conftest import Desk, browser

HOUR = timedelta(hours=1)


def said(**changed: str) -> dict[str, str]:
    begin = timezone.localtime() + HOUR
    usual = {
        "starts_at": f"{begin:%Y-%m-%dT%H:%M}", "ends_at": f"{begin + HOUR:%Y-%m-%dT%H:%M}",
        "reason-en": "New discs.", "reason-zh-hant": "更換硬碟。", "reason-zh-hans": "",
    }  # fmt: skip
    return usual | changed


def address(desk: Desk) -> str:
    return f"/admin/systems/{desk.backend.code}/"


def under_way(desk: Desk) -> Maintenance:
    now = timezone.now()
    words = {"reason_en": "New discs.", "reason_zh_hant": "更換硬碟。", "reason_zh_hans": "更换硬盘。"}
    return Maintenance.objects.create(backend=desk.backend, starts_at=now - HOUR, ends_at=now + HOUR, **words)


@pytest.mark.parametrize(
    ("role", "code", "count"),
    [("officer", 302, 1), ("operations", 302, 1), ("other officer", 404, 0), ("nobody", 302, 0)],
)
def test_who_may_note_a_maintenance(desk: Desk, role: str, code: int, count: int) -> None:
    visitors = {
        "officer": desk.browser, "operations": browser(OperatorFactory()), "other officer": browser(OfficerFactory()),
        "nobody": Client(),
    }  # fmt: skip
    assert visitors[role].post(address(desk), said()).status_code == code
    assert Maintenance.objects.count() == count


def test_a_maintenance_is_recorded_with_the_officers_name(desk: Desk) -> None:
    desk.browser.post(address(desk), said())
    change = Change.objects.get(verb="maintenance.noted")
    assert (change.actor, change.details["reasons"]["en"]) == (desk.officer, "New discs.")


def test_an_end_before_the_beginning_is_refused_and_nothing_is_lost(desk: Desk) -> None:
    response = desk.browser.post(address(desk), said(ends_at="2020-01-01T00:00"))
    page = response.content.decode()
    assert (response.status_code, "after the beginning" in page, "New discs." in page) == (422, True, True)


def test_an_officer_ends_it_early(desk: Desk) -> None:
    maintenance = under_way(desk)
    desk.browser.post(f"{address(desk)}maintenances/{maintenance.pk}/end/")
    maintenance.refresh_from_db()
    assert maintenance.ends_at <= timezone.now()


def test_what_is_over_is_not_ended_again(desk: Desk) -> None:
    maintenance = under_way(desk)
    end = f"{address(desk)}maintenances/{maintenance.pk}/end/"
    desk.browser.post(end)
    assert "over already" in desk.browser.post(end, follow=True).content.decode()


def test_another_department_cannot_end_it(desk: Desk) -> None:
    maintenance = under_way(desk)
    end = f"{address(desk)}maintenances/{maintenance.pk}/end/"
    assert browser(OfficerFactory()).post(end).status_code == 404
    assert Maintenance.objects.get() == maintenance


@pytest.mark.parametrize(
    ("language", "reason"), [("en", "New discs."), ("zh-hant", "更換硬碟。"), ("zh-hans", "更换硬盘。")]
)
def test_citizens_read_why_and_until_when(desk: Desk, language: str, reason: str) -> None:
    under_way(desk)
    function = standing.find(desk.function.code)
    assert function is not None
    with override(language):
        found = story.availability(function)
    assert (found.code, reason in found.message, found.is_accepting) == ("closed", True, True)


def test_the_page_of_the_function_says_it(desk: Desk) -> None:
    under_way(desk)
    page = Client().get(f"/en/functions/{desk.function.code}/").content.decode()
    assert ("closed for maintenance until" in page, "New discs." in page) == (True, True)


def test_outside_its_hours_without_maintenance_no_reason_is_given(desk: Desk) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).strftime("%a").lower()
    Backend.objects.update(service_window={tomorrow: [["09:00", "17:00"]]})
    function = standing.find(desk.function.code)
    assert function is not None
    assert "maintenance" not in story.availability(function).message


def test_the_list_of_systems_says_when_each_is_open(desk: Desk) -> None:
    assert "Always open" in desk.browser.get("/admin/registry/backend/").content.decode()
