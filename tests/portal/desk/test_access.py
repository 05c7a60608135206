"""Who reaches what: every address of the desk, by role."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.desk import urls
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.portal.desk.conftest import Desk, browser

LISTS = [
    "registry_servicefunction_changelist", "registry_backend_changelist", "registry_change_changelist",
    "gateway_servicecall_changelist",
]  # fmt: skip
READ = ["", "versions/1/", "versions/1/try/", "compare/", "history/", "suspend/", "filing/", "looks/"]
WRITE = [
    "draft/start/", "resume/", "retire/", "versions/1/submit/", "versions/1/withdraw/", "versions/1/approve/",
    "versions/1/refuse/", "versions/1/bring-back/", "filing/1/extend/", "filing/1/remove/",
]  # fmt: skip


def test_every_address_of_a_function_is_named_here() -> None:
    patterns: list[Any] = urls.urlpatterns
    named = {pattern.name for pattern in patterns if "functions/<slug:code>" in str(pattern.pattern)}
    assert len(named) == len(READ) + len(WRITE) + 1  # and the draft, below


@pytest.mark.parametrize("page", [*READ, *WRITE, "draft/"])
def test_a_function_of_another_department_looks_unknown(desk: Desk, page: str) -> None:
    stranger = browser(OfficerFactory())
    ask = stranger.post if page in WRITE else stranger.get
    assert ask(desk.address(page)).status_code == 404


@pytest.mark.parametrize("page", [*READ, "draft/"])
def test_a_citizen_is_refused(desk: Desk, page: str) -> None:
    answer = browser(UserFactory()).get(desk.address(page), follow=True)
    assert answer.status_code == 403


@pytest.mark.parametrize("page", ["", *[f"functions/td-note/{page}" for page in READ], "functions/new/", "waiting/"])
def test_a_stranger_is_asked_to_log_in(desk: Desk, page: str) -> None:
    answer = Client().get(f"/admin/{page}", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.parametrize("page", READ)
def test_an_officer_reads_their_own(desk: Desk, page: str) -> None:
    assert desk.browser.get(desk.address(page)).status_code == 200


@pytest.mark.parametrize("page", READ)
def test_operations_read_every_department(desk: Desk, page: str) -> None:
    assert browser(OperatorFactory()).get(desk.address(page)).status_code == 200


@pytest.mark.parametrize("page", [page for page in WRITE if page not in {"versions/1/submit/"}])
def test_operations_change_no_function(desk: Desk, page: str) -> None:
    before = desk.function.changes.count()
    browser(OperatorFactory()).post(desk.address(page), {"sure": "on", "note": "x"})
    assert desk.function.changes.count() == before


@pytest.mark.parametrize("page", WRITE)
def test_nothing_is_done_by_looking(desk: Desk, page: str) -> None:
    assert desk.browser.get(desk.address(page)).status_code == 405


@pytest.mark.parametrize("name", LISTS)
def test_lists_show_the_own_department_only(desk: Desk, name: str) -> None:
    page = browser(OfficerFactory()).get(reverse(f"admin:{name}"))
    assert page.status_code == 200
    assert "td-note" not in page.content.decode()


@pytest.mark.parametrize("what", ["change", "history", "delete"])
def test_a_guessed_id_of_another_department_leads_nowhere(desk: Desk, what: str) -> None:
    address = reverse(f"admin:registry_backend_{what}", args=[desk.backend.pk])
    answer: Any = browser(OfficerFactory()).get(address)
    assert answer.status_code in {302, 403, 404}


def test_an_officer_cannot_change_where_a_system_is(desk: Desk) -> None:
    address = reverse("admin:registry_backend_change", args=[desk.backend.pk])
    assert desk.browser.post(address, {"address": "http://169.254.169.254/"}).status_code == 403


def test_a_filter_by_another_department_shows_nothing(desk: Desk) -> None:
    page = browser(OfficerFactory()).get(reverse("admin:registry_servicefunction_changelist"), {"department": "td"})
    assert "td-note" not in page.content.decode()


def test_only_the_admin_may_evaluate_expressions(desk: Desk) -> None:
    assert "'unsafe-eval'" in desk.browser.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in desk.browser.get("/accounts/login/")["Content-Security-Policy"]
