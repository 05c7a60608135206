"""Searching: in one's own words, with filters and pages, honest about what is not found and what has failed."""

import pytest
from django.db import connection
from django.test import Client

from services.registry import flows as registry
from services.search import flows as search
from tests.factories import DepartmentFactory, OfficerFactory, ServiceFunctionFactory
from tests.portal.web.find.conftest import published

pytestmark = pytest.mark.django_db
SEARCH = "/en/search/"
TYPING = {"HX-Request": "true"}


def test_a_function_is_found_by_its_words(client: Client) -> None:
    function = published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "vehicle licence"})
    assert f'href="/en/functions/{function.code}/"' in page.text


def test_found_words_are_marked(client: Client) -> None:
    published("Renew a vehicle licence")
    assert "<mark>vehicle</mark>" in client.get(SEARCH, {"q": "vehicle licence"}).text


def test_what_is_typed_is_never_taken_for_markup(client: Client) -> None:
    page = client.get(SEARCH, {"q": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.text


def test_a_typing_error_is_mended_and_said(client: Client) -> None:
    published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "vehcle licence"})
    assert "1 service for “vehicle licence”" in page.text
    assert "“vehcle licence”" in page.text


def test_words_that_fit_nothing_are_told_so(client: Client) -> None:
    published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "qqzzxxy"})
    assert "No service fits these words" in page.text
    assert page.status_code == 200


def test_nothing_asked_offers_the_subjects(client: Client) -> None:
    assert f'href="{SEARCH}?category=transport"' in client.get(SEARCH).text


def test_typing_brings_the_results_alone(client: Client) -> None:
    published("Renew a vehicle licence")
    part = client.get(SEARCH, {"q": "vehicle"}, headers=TYPING)
    assert "<html" not in part.text
    assert "1 service for “vehicle”" in part.text


def test_the_window_is_named_while_typing(client: Client) -> None:
    assert "<title>“vehicle” – search" in client.get(SEARCH, {"q": "vehicle"}, headers=TYPING).text


def test_going_back_in_history_brings_the_whole_page(client: Client) -> None:
    part = client.get(SEARCH, {"q": "vehicle"}, headers={**TYPING, "HX-History-Restore-Request": "true"})
    assert "<html" in part.text


def test_the_answer_varies_with_how_it_is_asked(client: Client) -> None:
    assert "HX-Request" in client.get(SEARCH, {"q": "vehicle"}).headers["Vary"]


def test_a_subject_by_itself_is_a_page_with_its_name(client: Client) -> None:
    published(version__category="transport")
    page = client.get(SEARCH, {"category": "transport"})
    assert "<h1>Transport</h1>" in page.text
    assert "1 service" in page.text


def test_filters_narrow_what_is_found(client: Client) -> None:
    published("Renew a vehicle licence", version__audience=["citizen"])
    page = client.get(SEARCH, {"q": "vehicle licence", "audience": "visitor"})
    assert "/en/functions/" not in page.text


def test_a_filter_can_be_taken_away_again(client: Client) -> None:
    published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "vehicle licence", "audience": "citizen", "action": "apply"})
    assert f'href="{SEARCH}?q=vehicle+licence&amp;action=apply"' in page.text


def test_filters_go_along_with_the_next_words(client: Client) -> None:
    page = client.get(SEARCH, {"q": "vehicle", "audience": "citizen"})
    assert '<input type="hidden" name="audience" value="citizen">' in page.text


@pytest.mark.parametrize("name", ["category", "audience", "action", "department", "page"])
def test_a_filter_that_makes_no_sense_is_as_none(client: Client, name: str) -> None:
    published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "vehicle licence", name: "<Nonsense>"})
    assert "1 service for" in page.text


@pytest.mark.parametrize("words", ["\x00", "a\x00b", "%", "'", "x" * 5000, "*/--", "\ud7ff🚢"])
def test_any_text_is_harmless(client: Client, words: str) -> None:
    assert client.get(SEARCH, {"q": words}).status_code == 200


def test_many_results_come_in_pages(client: Client) -> None:
    department = DepartmentFactory()
    functions = [
        ServiceFunctionFactory(department=department, version__name_en=f"Vehicle permit {n}") for n in range(21)
    ]
    search.index([function.pk for function in functions])
    first = client.get(SEARCH, {"q": "vehicle permit"})
    assert "21 services" in first.text
    assert "page=2" in first.text
    second = client.get(SEARCH, {"q": "vehicle permit", "page": "2"})
    assert second.text.count('class="result stack"') == 1


def test_a_page_beyond_the_last_leads_to_the_first(client: Client) -> None:
    published("Renew a vehicle licence")
    page = client.get(SEARCH, {"q": "vehicle licence", "page": "7"})
    assert page.headers["Location"] == f"{SEARCH}?q=vehicle+licence"


def test_a_suspended_function_is_found_and_called_paused(client: Client) -> None:
    function = published("Renew a vehicle licence")
    officer = OfficerFactory(department=function.department)
    registry.suspend(function, by=officer, reasons={"en": "A move.", "zh-hant": "搬遷。"})
    assert "Paused" in client.get(SEARCH, {"q": "vehicle licence"}).text


def test_a_name_in_another_language_is_marked_as_such(client: Client) -> None:
    published("", version__name_zh_hant="續領車輛牌照")
    page = client.get(SEARCH, {"q": "續領車輛牌照"})
    assert 'lang="zh-Hant-HK"><mark>' in page.text
    assert "not given this text in your language" in page.text


@pytest.mark.parametrize("headers", [{}, TYPING])
def test_a_failed_search_says_so_and_is_no_empty_list(client: Client, headers: dict[str, str]) -> None:
    published("Renew a vehicle licence")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE search_term RENAME TO search_term_gone")
    page = client.get(SEARCH, {"q": "vehicle"}, headers=headers)
    assert page.status_code == 503
    assert "We could not search just now" in page.text
    assert "No service fits" not in page.text


@pytest.mark.parametrize("count", [1, 25])
def test_searching_takes_at_most_four_queries(
    signed_in: Client, count: int, django_assert_max_num_queries: object
) -> None:
    department = DepartmentFactory()
    functions = [
        ServiceFunctionFactory(department=department, version__name_en=f"Vehicle permit {n}") for n in range(count)
    ]
    search.index([function.pk for function in functions])
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        page = signed_in.get(SEARCH, {"q": "vehicle permit"})
    assert page.text.count('class="result stack"') == min(count, 20)
