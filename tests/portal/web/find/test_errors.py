"""What goes wrong is said plainly, with the way on."""

import json

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import Client, RequestFactory

from portal.web import errors
from tests.factories import UserFactory
from tests.portal.web.find.conftest import published

LOGIN = "/accounts/login/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/en/functions/td-vehicle-license/", "/en/functions/td-vehicle-license/form/"])
def test_an_unknown_function_gets_its_near_matches(client: Client, path: str) -> None:
    function = published("Renew a vehicle licence", code="td-vehicle-licence-renew")
    page = client.get(path)
    assert page.status_code == 404
    assert f'<a href="/en/functions/{function.code}/">Renew a vehicle licence</a>' in page.text


@pytest.mark.django_db
def test_an_unknown_page_leads_to_the_search(client: Client) -> None:
    page = client.get("/zh-hans/nowhere/")
    assert page.status_code == 404
    assert 'action="/zh-hans/search/"' in page.text


@pytest.mark.django_db
def test_below_the_api_an_unknown_address_is_a_problem_document(client: Client) -> None:
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status"}


@pytest.mark.django_db
def test_a_form_that_waited_too_long_is_not_lost() -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    page = client.post(LOGIN, {"login": "chan", "csrfmiddlewaretoken": "x" * 64})
    assert page.status_code == 403
    assert "Go back: what you typed is still there." in page.text


@pytest.mark.django_db
def test_a_browser_without_cookies_is_told_about_them() -> None:
    page = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "chan"})
    assert page.status_code == 403
    assert "Please allow cookies" in page.text


@pytest.mark.django_db
def test_too_many_attempts_say_when_to_come_back(client: Client) -> None:
    answer = errors.throttled(RequestFactory().get("/en/"))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"


def broken_by(error: Exception, path: str = "/en/") -> tuple[int, str, str]:
    """What the error page says of an exception that nobody caught."""
    try:
        raise error
    except type(error):
        answer = errors.broken(RequestFactory().get(path))
    return answer.status_code, answer.text, answer.headers.get("Retry-After", "")


@pytest.mark.parametrize("error", [OperationalError("the database is gone"), InterfaceError("closed")])
def test_a_database_out_of_reach_is_a_rest_and_asks_it_nothing(error: Exception) -> None:
    status, page, retry_after = broken_by(error)  # this test may not touch the database
    assert (status, retry_after) == (503, "60")
    assert "resting for a moment" in page
    assert "the database is gone" not in page


@pytest.mark.parametrize("error", [ValueError("a secret"), ProgrammingError("a secret")])
def test_our_own_mistake_is_called_ours_and_tells_no_secrets(error: Exception) -> None:
    status, page, _ = broken_by(error)
    assert status == 500
    assert "Something went wrong on our side" in page
    assert "a secret" not in page


@pytest.mark.parametrize(("error", "status"), [(OperationalError("x"), 503), (ValueError("x"), 500)])
def test_below_the_api_a_breakdown_is_a_problem_document(error: Exception, status: int) -> None:
    given, text, _ = broken_by(error, "/api/v1/functions/")
    assert given == status
    assert json.loads(text)["status"] == status


@pytest.mark.django_db
def test_a_forbidden_page_knows_who_reads_it(client: Client) -> None:
    client.force_login(UserFactory(username="chan"))
    request = RequestFactory().get("/en/")
    answer = errors.forbidden(request)
    assert answer.status_code == 403
