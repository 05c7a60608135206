"""Requests that are too large: refused unread, in the person's language, with nothing lost."""

from io import BytesIO

import pytest
from django.conf import LazySettings
from django.test import Client

pytestmark = pytest.mark.django_db
TOO_MUCH = str(10 * 1024 * 1024)


def test_ten_megabytes_get_a_page_that_says_what_is_allowed(client: Client) -> None:
    answer = client.generic("POST", "/zh-hant/search/", CONTENT_LENGTH=TOO_MUCH)
    assert answer.status_code == 413
    assert '<html lang="zh-Hant-HK">' in answer.text


def test_the_refusal_carries_the_security_headers(client: Client) -> None:
    answer = client.generic("POST", "/en/", CONTENT_LENGTH=TOO_MUCH)
    assert "Content-Security-Policy" in answer.headers
    assert "nosniff" in answer.headers["X-Content-Type-Options"]


def test_the_body_is_not_read(client: Client) -> None:
    class Unreadable(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    extra = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": TOO_MUCH}
    assert client.generic("POST", "/accounts/login/", **extra).status_code == 413  # type: ignore[arg-type]


def test_a_body_of_unknown_size_is_refused(client: Client) -> None:
    answer = client.generic("POST", "/en/", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 413


def test_the_largest_request_allowed_passes(client: Client, settings: LazySettings) -> None:
    answer = client.generic("GET", "/en/", CONTENT_LENGTH=str(settings.REQUEST_MAX_BYTES))
    assert answer.status_code == 200


@pytest.mark.parametrize("announced", ["", "-1", "many"])
def test_a_size_that_makes_no_sense_does_no_harm(client: Client, announced: str) -> None:
    assert client.generic("GET", "/en/about/", CONTENT_LENGTH=announced).status_code == 200


def test_below_the_api_it_is_a_problem_document(client: Client) -> None:
    answer = client.generic("POST", "/api/v1/files", CONTENT_LENGTH=TOO_MUCH)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 413


def test_a_form_of_many_letters_gets_the_same_page(client: Client) -> None:
    answer = client.post("/accounts/login/", f"login={'x' * 1_100_000}", "application/x-www-form-urlencoded")
    assert answer.status_code == 413


def test_a_form_of_many_fields_gets_the_same_page(client: Client) -> None:
    answer = client.post("/accounts/login/", {f"field{n}": "x" for n in range(2000)})
    assert answer.status_code == 413
