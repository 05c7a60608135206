"""What people read about a deadline: on the service's page, its form, the review, and their receipt."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from services.gateway.models import Incident, ServiceCall
from services.registry.models import FilingPeriod, ServiceFunction
from tests.factories import version_of
from tests.portal.web.doing.conftest import address_of, send, to_review
from tests.portal.web.doing.test_calls import page_of, text_of
from tests.portal.web.doing.test_receipt_pdf import paper
from tests.portal.web.doing.test_receipt_pdf import text_of as words_of

DAY = timedelta(days=1)


def file_between(function: ServiceFunction, opens: int, closes: int) -> None:
    now = timezone.now()
    FilingPeriod.objects.create(function=function, opens_at=now + opens * DAY, closes_at=now + closes * DAY)
    cache.clear()


def was_down(function: ServiceFunction) -> None:
    start = timezone.now() - 3 * DAY
    Incident.objects.create(backend=version_of(function).backend, started_at=start, ended_at=start + timedelta(hours=2))


def page(function: ServiceFunction) -> str:
    return f"/en/functions/{function.code}/"


def test_the_service_says_until_when(client: Client, function: ServiceFunction) -> None:
    file_between(function, -5, 5)
    assert "File by " in text_of(client.get(page(function)))


def test_every_page_on_the_way_says_that_it_moved_and_why(signed_in: Client, function: ServiceFunction) -> None:
    file_between(function, -5, 5)
    was_down(function)
    to_review(signed_in, function)
    for address in (page(function), address_of(function), address_of(function, "review")):
        said = text_of(signed_in.get(address))
        assert "It has moved to" in said
        assert "The department's system was down from" in said


def test_the_receipt_proves_that_it_was_in_time(signed_in: Client, function: ServiceFunction) -> None:
    file_between(function, -5, 5)
    was_down(function)
    call = send(signed_in, function)
    for said in (text_of(signed_in.get(page_of(call))), words_of(paper(signed_in, call)).replace("\n", " ")):
        assert "It has moved to" in said
        assert "Your receipt proves it." in said


def test_a_receipt_without_a_deadline_says_nothing_of_one(signed_in: Client, function: ServiceFunction) -> None:
    assert "Deadline" not in text_of(signed_in.get(page_of(send(signed_in, function))))


def test_too_late_is_said_kindly_and_what_was_filled_in_is_kept(signed_in: Client, function: ServiceFunction) -> None:
    hidden = to_review(signed_in, function)
    file_between(function, -5, -1)
    answer = signed_in.post(address_of(function, "review"), hidden)
    assert answer.status_code == 409
    assert "The time to file ended on" in text_of(answer)
    assert "Nothing has been sent." in text_of(answer)
    assert not ServiceCall.objects.exists()


@pytest.mark.parametrize(("opens", "closes", "words"), [(-5, -1, "The time to file is over"), (1, 5, "Not open yet")])
def test_outside_the_period_there_is_no_button(
    client: Client, function: ServiceFunction, opens: int, closes: int, words: str
) -> None:
    file_between(function, opens, closes)
    said = text_of(client.get(page(function)))
    assert words in said
    assert address_of(function) not in said


def test_a_page_that_is_kept_ready_follows_the_deadline(signed_in: Client, function: ServiceFunction) -> None:
    file_between(function, -5, 5)
    assert "It has moved to" not in text_of(signed_in.get(page(function)))
    was_down(function)
    assert "It has moved to" in text_of(signed_in.get(page(function)))


@pytest.mark.parametrize(("has_period", "most"), [(False, 1), (True, 3)])
def test_a_page_that_is_kept_ready_asks_little(
    client: Client, function: ServiceFunction, has_period: bool, most: int, django_assert_max_num_queries: Any
) -> None:
    if has_period:
        file_between(function, -5, 5)
    client.get(page(function))
    with django_assert_max_num_queries(most):
        client.get(f"{page(function)}?again")
