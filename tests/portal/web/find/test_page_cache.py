"""Pages kept ready for those who are not signed in: quick, never stale after a publication, never someone else's."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.urls import resolve

from portal.web.pagecache import SignedOutPageCache
from services.registry import flows as registry
from tests.factories import OfficerFactory, ServiceFunctionFactory
from tests.portal.web.find.conftest import published

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip"}


def test_a_second_visitor_costs_no_query(client: Client, django_assert_num_queries: Any) -> None:
    function = ServiceFunctionFactory()
    first = client.get(f"/en/functions/{function.code}/")
    with django_assert_num_queries(0):
        second = Client().get(f"/en/functions/{function.code}/")
    assert second.content == first.content


def test_what_is_published_or_suspended_shows_at_once(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    function = published()
    assert "Paused" not in client.get(f"/en/functions/{function.code}/").text
    officer = OfficerFactory(department=function.department)
    with django_capture_on_commit_callbacks(execute=True):
        registry.suspend(function, by=officer, reasons={"en": "A move.", "zh-hant": "搬遷。"})
    assert "Paused" in client.get(f"/en/functions/{function.code}/").text


def test_a_signed_in_page_is_shown_to_nobody_else(client: Client, signed_in: Client) -> None:
    assert "chan" in signed_in.get("/en/").text
    assert "chan" not in client.get("/en/").text


def test_a_signed_out_page_is_not_shown_to_someone_signed_in(client: Client, signed_in: Client) -> None:
    client.get("/en/")
    page = signed_in.get("/en/").text
    assert "chan" in page
    assert 'class="sign-in"' not in page


def test_the_page_varies_with_the_session(client: Client) -> None:
    for _ in range(2):
        assert "Cookie" in client.get("/en/").headers["Vary"]


def test_a_kept_page_has_every_header_of_a_new_one(client: Client) -> None:
    first, second = client.get("/en/"), Client().get("/en/")
    of_one_request = {"Vary", "X-Request-Id", "traceresponse"}
    kept = {name: value for name, value in first.items() if name not in of_one_request}
    assert {name: value for name, value in second.items() if name not in of_one_request} == kept
    assert "default-src 'self'" in second.headers["Content-Security-Policy"]
    assert second.headers["X-Frame-Options"] == "DENY"
    assert second.headers["X-Content-Type-Options"] == "nosniff"
    assert set(first.headers["Vary"].split(", ")) == set(second.headers["Vary"].split(", "))


def test_a_compressed_page_goes_only_to_those_who_take_it(client: Client) -> None:
    for _ in range(2):
        assert client.get("/en/", headers=GZIP).headers["Content-Encoding"] == "gzip"
    for _ in range(2):
        assert "Content-Encoding" not in client.get("/en/").headers


def test_the_results_alone_are_not_taken_for_the_page(client: Client) -> None:
    published()
    client.get("/en/search/", {"q": "vehicle"}, headers={"HX-Request": "true"})
    assert "<html" in client.get("/en/search/", {"q": "vehicle"}).text


def test_languages_do_not_mix(client: Client) -> None:
    client.get("/en/")
    assert 'lang="zh-Hant-HK"' in client.get("/zh-hant/").text


def test_an_error_is_not_kept(client: Client) -> None:
    code = "later"
    assert client.get(f"/en/functions/{code}/").status_code == 404
    ServiceFunctionFactory(code=code)
    assert client.get(f"/en/functions/{code}/").status_code == 200


def test_no_key_holds_what_people_typed(client: Client, settings: LazySettings) -> None:
    client.get("/en/search/", {"q": "A123456(3)"})
    keys = [key.decode() for key in redis.Redis.from_url(settings.REDIS_URL).scan_iter()]
    assert any("page:" in key for key in keys)
    assert not any("A123456" in key for key in keys)


def test_without_the_broker_pages_are_made_each_time(client: Client, settings: LazySettings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    for _ in range(2):
        assert client.get("/en/").status_code == 200


def _with_token(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">')


def _with_nonce(request: HttpRequest) -> HttpResponse:
    request.csp_nonce = "once"  # type: ignore[attr-defined]
    return HttpResponse("<script nonce='once'></script>")


def _with_cookie(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("hello")
    response.set_cookie("ferry_session", "theirs")
    return response


@pytest.mark.parametrize("view", [_with_token, _with_nonce, _with_cookie])
def test_whatever_belongs_to_one_visitor_is_never_kept(view: Callable[[HttpRequest], HttpResponse]) -> None:
    made = []

    def answer(request: HttpRequest) -> HttpResponse:
        made.append(request)
        request.resolver_match = resolve(request.path_info)
        return view(request)

    door = SignedOutPageCache(answer)
    for _ in range(2):
        door(RequestFactory().get("/en/"))
    assert len(made) == 2
