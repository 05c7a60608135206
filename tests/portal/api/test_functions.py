from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from services.gateway.models import Incident
from services.registry.models import FilingPeriod, ServiceFunction
from services.search import flows as search
from tests.factories import ServiceFunctionFactory


def test_a_function_is_found_by_its_words(client: Client, function: ServiceFunction) -> None:
    found = client.get("/api/v1/functions/", {"q": "renew td-parking-renew"}).json()
    assert [row["code"] for row in found["results"]] == ["td-parking-renew"]


def test_names_come_in_the_language_asked_for(client: Client, function: ServiceFunction) -> None:
    found = client.get("/api/v1/functions/", {"lang": "zh-hant"}).json()
    assert found["results"][0]["name"] == "續領td-parking-renew"


def test_the_form_is_json_schema_in_the_language_asked_for(client: Client, function: ServiceFunction) -> None:
    form = client.get("/api/v1/functions/td-parking-renew/", {"lang": "zh-hans"}).json()["form"]
    assert form["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert form["properties"]["topic"]["title"] == "topic（简）"


def test_pages_link_to_each_other(client: Client, db: None) -> None:
    search.index([ServiceFunctionFactory().pk for _ in range(3)])
    first = client.get("/api/v1/functions/", {"page_size": 2}).json()
    second = client.get(first["next"]).json()
    assert (first["count"], len(second["results"]), second["next"]) == (3, 1, None)
    assert second["previous"].endswith("page_size=2&page=1")


@pytest.mark.parametrize(
    "query", [{"lang": "fr"}, {"category": "x"}, {"page": "0"}, {"page_size": "101"}, {"page": "a"}, {"q": "a\0b"}]
)
def test_a_parameter_that_is_none_of_the_values_is_named(client: Client, query: dict[str, str], db: None) -> None:
    answer = client.get("/api/v1/functions/", query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["parameter"] == next(iter(query))


def test_an_unknown_function_names_near_ones(client: Client, function: ServiceFunction) -> None:
    answer = client.get("/api/v1/functions/td-parking-renw/")
    assert answer.status_code == 404
    assert answer.json()["near"][0]["code"] == "td-parking-renew"


def test_a_draft_is_not_shown(client: Client, db: None) -> None:
    ServiceFunctionFactory(code="secret", version=False)
    assert client.get("/api/v1/functions/secret/").status_code == 404


def test_the_list_takes_as_many_queries_for_twenty_rows_as_for_one(
    client: Client, db: None, django_assert_max_num_queries: Any
) -> None:
    search.index([ServiceFunctionFactory().pk for _ in range(20)])
    for query in ({}, {"q": "renew"}, {"q": "renew", "page_size": "1"}):
        with django_assert_max_num_queries(4):
            client.get("/api/v1/functions/", query)


def test_a_function_says_until_when_it_can_be_filed_and_why_that_moved(api: Client, function: ServiceFunction) -> None:
    now = timezone.now().replace(microsecond=0, second=0)
    FilingPeriod.objects.create(function=function, opens_at=now - timedelta(days=9), closes_at=now + timedelta(days=9))
    start = now - timedelta(days=2)
    Incident.objects.create(backend=None, started_at=start, ended_at=start + timedelta(hours=1))
    deadline = api.get(f"/api/v1/functions/{function.code}/").json()["availability"]["deadline"]
    closes, holds = (datetime.fromisoformat(deadline[name]) for name in ("closes_at", "effective_at"))
    assert holds - closes == timedelta(hours=1)
    assert [outage["whose"] for outage in deadline["outages"]] == ["portal"]
    assert "It has moved to" in deadline["message"]


def test_a_function_without_a_filing_period_has_no_deadline(api: Client, function: ServiceFunction) -> None:
    assert api.get(f"/api/v1/functions/{function.code}/").json()["availability"]["deadline"] is None
