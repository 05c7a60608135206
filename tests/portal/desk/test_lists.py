from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import ServiceFunctionFactory
from tests.portal.desk.conftest import Desk

FUNCTIONS = reverse("admin:registry_servicefunction_changelist")


def test_functions_are_found_by_their_chinese_name(desk: Desk) -> None:
    page = desk.browser.get(FUNCTIONS, {"q": "續領td-note"}).content.decode()
    assert "/functions/td-note/" in page


def test_what_is_not_found_is_not_listed(desk: Desk) -> None:
    assert "/functions/td-note/" not in desk.browser.get(FUNCTIONS, {"q": "nothing like it"}).content.decode()


def test_a_row_of_the_list_leads_to_the_function(desk: Desk) -> None:
    answer = desk.browser.get(reverse("admin:registry_servicefunction_change", args=[desk.function.pk]))
    assert answer["Location"] == "/admin/functions/td-note/"


@pytest.mark.parametrize("address", ["/admin/", FUNCTIONS])
def test_queries_do_not_grow_with_the_rows(desk: Desk, address: str, django_assert_num_queries: Any) -> None:

    with CaptureQueriesContext(connection) as few:
        desk.browser.get(address)
    ServiceFunctionFactory.create_batch(5, department=desk.department, version__backend=desk.backend)
    with django_assert_num_queries(len(few)):
        desk.browser.get(address)


def test_the_language_is_switched_in_the_admin(desk: Desk) -> None:
    desk.browser.post("/admin/i18n/setlang/", {"language": "zh-hant", "next": "/admin/"})
    assert '<html lang="zh-hant"' in desk.browser.get("/admin/").content.decode()


@pytest.mark.parametrize(
    "model", ["registry_servicefunction", "registry_backend", "registry_change", "gateway_servicecall"]
)
def test_a_chinese_list_has_chinese_headings(desk: Desk, model: str) -> None:
    desk.browser.post("/admin/i18n/setlang/", {"language": "zh-hant", "next": "/admin/"})
    page = desk.browser.get(reverse(f"admin:{model}_changelist")).content.decode()
    assert [word for word in ("Is idempotent", "Attempt count", "Subject") if word in page] == []


def test_an_empty_list_says_so_and_offers_no_new_item(desk: Desk) -> None:
    page = desk.browser.get(FUNCTIONS, {"q": "nothing like it"}).content.decode()
    assert "Nothing fits your search and filters." in page
    assert "Create a new item" not in page
