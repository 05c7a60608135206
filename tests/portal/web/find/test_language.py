"""Which language a person gets, and that it stays theirs."""

import pytest
from django.test import Client

COOKIE = "ferry_language"


@pytest.mark.parametrize(
    ("browser", "language"),
    [
        ("zh-HK,zh;q=0.9,en;q=0.8", "zh-hant"),
        ("zh-TW", "zh-hant"),
        ("zh-Hant-MO", "zh-hant"),
        ("yue-HK", "zh-hant"),
        ("zh-CN,zh;q=0.9", "zh-hans"),
        ("zh-Hans-HK", "zh-hans"),
        ("zh-SG", "zh-hans"),
        ("zh", "zh-hans"),
        ("en-GB,zh-HK;q=0.7", "en"),
        ("fr,zh-HK;q=0.5", "zh-hant"),
        ("fil", "en"),
        ("", "en"),
        ("*", "en"),
        (";;;q=x", "en"),
    ],
)
def test_the_front_door_opens_in_the_browsers_language(client: Client, browser: str, language: str) -> None:
    answer = client.get("/", headers={"Accept-Language": browser})
    assert answer.headers["Location"] == f"/{language}/"


def test_the_front_door_says_what_its_answer_depends_on(client: Client) -> None:
    vary = client.get("/").headers["Vary"]
    assert "Accept-Language" in vary
    assert "Cookie" in vary


def test_a_language_once_chosen_is_remembered(client: Client) -> None:
    client.get("/zh-hans/")
    assert client.get("/", headers={"Accept-Language": "zh-HK"}).headers["Location"] == "/zh-hans/"


def test_a_page_that_is_kept_ready_remembers_it_too(client: Client) -> None:
    Client().get("/zh-hant/")
    assert client.get("/zh-hant/").cookies[COOKIE].value == "zh-hant"


def test_the_cookie_is_set_only_when_it_changes(client: Client) -> None:
    client.get("/zh-hans/")
    assert COOKIE not in client.get("/zh-hans/").cookies


@pytest.mark.django_db
def test_a_page_without_a_language_in_its_address_takes_the_one_asked_for(client: Client) -> None:
    page = client.get("/accounts/login/", {"lang": "zh-hant"})
    assert '<html lang="zh-Hant-HK">' in page.text
    assert '<html lang="zh-Hant-HK">' in client.get("/accounts/login/").text


def test_a_language_that_we_do_not_speak_is_not_remembered(client: Client) -> None:
    page = client.get("/styleguide/", {"lang": "de"})
    assert COOKIE not in page.cookies
    assert '<html lang="en">' in page.text


@pytest.mark.django_db
def test_the_api_sets_no_cookie(client: Client) -> None:
    assert COOKIE not in client.get("/api/v1/functions/", {"lang": "zh-hans"}).cookies
