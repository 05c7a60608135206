"""The page of what failed on a day."""

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.portal.control.conftest import Undelivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ops")]


def today() -> str:
    return f"/control/days/{timezone.localdate()}/"


def test_a_day_lists_what_failed_and_leads_to_it(client: Client, undelivered: Undelivered) -> None:
    code = undelivered().backend.code
    found = html.fromstring(client.get(today()).content)
    links = found.xpath("//table//a/@href")
    assert links == [f"/control/backends/{code}/", f"/control/calls/?backend={code}"]
    assert "could not be reached" in found.xpath("string(//table)")


def test_a_day_without_failures_says_so_and_when_it_was_asked(client: Client) -> None:
    text = client.get(today()).content.decode()
    assert ("Nothing failed" in text, "Asked at" in text) == (True, True)


def test_the_list_begins_with_today(client: Client) -> None:
    assert client.get("/control/days/")["Location"] == today()


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "1066-10-14", "2026-02-30"])
def test_a_day_that_is_none_is_not_found(client: Client, day: str) -> None:
    assert client.get(f"/control/days/{day}/").status_code == 404


@pytest.mark.parametrize("times", [1, 20])
def test_queries_do_not_grow_with_the_failures(
    client: Client, undelivered: Undelivered, times: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(times):
        undelivered()
    with django_assert_num_queries(8):
        client.get(today())
