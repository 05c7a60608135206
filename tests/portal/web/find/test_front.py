"""The front page, departments, and the pages that the footer leads to."""

import pytest
from django.test import Client

from services.registry.models import ServiceFunction
from tests.factories import DepartmentFactory, ServiceFunctionFactory
from tests.portal.web.find.conftest import published

pytestmark = pytest.mark.django_db


def test_the_front_page_has_one_search_box_that_works_without_script(client: Client) -> None:
    page = client.get("/en/")
    assert page.text.count('role="search" action="/en/search/" method="get"') == 1


def test_the_front_page_leads_to_every_subject(client: Client) -> None:
    assert client.get("/en/").text.count('href="/en/search/?category=') == 15


@pytest.mark.parametrize(("language", "words"), [("en", "passport"), ("zh-hant", "換護照"), ("zh-hans", "换护照")])
def test_what_many_look_for_is_offered_in_the_readers_language(client: Client, language: str, words: str) -> None:
    assert f">{words}</a>" in client.get(f"/{language}/").text


def test_the_front_page_asks_the_database_nothing(client: Client, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        client.get("/en/")


@pytest.mark.parametrize("path", ["/en/about/", "/zh-hant/about/", "/zh-hans/about/"])
def test_the_about_page_is_open_to_all(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_departments_are_listed_with_what_they_offer(client: Client) -> None:
    function = ServiceFunctionFactory(department=DepartmentFactory(code="td", name_en="Transport Department"))
    ServiceFunctionFactory(department=function.department)
    page = client.get("/en/departments/")
    assert '<a href="/en/departments/td/">Transport Department</a>' in page.text
    assert "2 services" in page.text


def test_a_department_that_offers_nothing_is_not_listed(client: Client) -> None:
    ServiceFunctionFactory(version=False, department=DepartmentFactory(name_en="Quiet Department"))
    assert "Quiet Department" not in client.get("/en/departments/").text


def test_departments_stand_in_the_order_of_their_readers(client: Client) -> None:
    for name in ("運輸署", "入境事務處", "房屋署"):
        ServiceFunctionFactory(department=DepartmentFactory(name_zh_hant=name, name_zh_hans=name))
    by_strokes = client.get("/zh-hant/departments/").text
    places = [by_strokes.index(name) for name in ("入境事務處", "房屋署", "運輸署")]  # 2, 8 and 13 strokes
    assert places == sorted(places)


def test_words_asked_are_looked_for_in_the_department_chosen(client: Client) -> None:
    ServiceFunctionFactory(department=DepartmentFactory(code="td"))
    page = client.get("/en/departments/", {"q": "licence"})
    assert 'href="/en/search/?q=licence&amp;department=td"' in page.text


def test_a_department_shows_what_it_offers(client: Client) -> None:
    function = published("Renew a vehicle licence", department=DepartmentFactory(code="td", name_en="Transport & Co"))
    other = published("Apply for a dog licence")
    page = client.get("/en/departments/td/").text
    assert "<title>Transport &amp; Co – Ferry" in page
    assert function.code in page
    assert other.code not in page


@pytest.mark.parametrize("code", ["nowhere", "N0", "%00", "x" * 300])
def test_an_unknown_department_is_not_found(client: Client, code: str) -> None:
    assert client.get(f"/en/departments/{code}/").status_code == 404


@pytest.mark.parametrize("count", [1, 20])
def test_departments_take_one_query(client: Client, count: int, django_assert_num_queries: object) -> None:
    for _ in range(count):
        ServiceFunctionFactory()
    assert ServiceFunction.objects.count() == count
    with django_assert_num_queries(1):  # type: ignore[operator]
        client.get("/en/departments/")
