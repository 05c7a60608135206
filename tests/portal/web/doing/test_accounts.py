import html
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from identity.accounts.models import User
from portal.web.templatetags.account_forms import device

OPEN = ["login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/", "inactive/",
        "confirm-email/", "password/reset/key/1-x/"]  # fmt: skip
SIGNED_IN = ["logout/", "password/change/", "email/", "reauthenticate/"]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def assert_ours(page: str) -> None:
    assert 'class="page page-narrow"' in page
    assert len(re.findall(r"<h1\b", page)) == 1
    assert " – Ferry 一渡通</title>" in page
    assert re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")(?![^>]*class=")', page) == []


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_every_page_for_visitors_looks_like_ours(client: Client, db: None, path: str, language: str) -> None:
    assert_ours(text_of(client.get(f"/accounts/{path}?lang={language}", follow=True)))


@pytest.mark.parametrize("path", SIGNED_IN)
@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_every_page_for_people_looks_like_ours(signed_in: Client, path: str, language: str) -> None:
    assert_ours(text_of(signed_in.get(f"/accounts/{path}?lang={language}", follow=True)))


def test_signing_in_leads_where_the_person_wanted_to_go(client: Client, citizen: User) -> None:
    page = client.get("/accounts/login/?next=/en/calls/")
    assert 'name="next" value="/en/calls/"' in text_of(page)
    login = {"login": "chan", "password": "a-quiet-crossing", "next": "/en/calls/"}
    assert client.post("/accounts/login/", login)["Location"] == "/en/calls/"


def test_signing_in_leads_nowhere_else(client: Client, citizen: User) -> None:
    login = {"login": "chan", "password": "a-quiet-crossing", "next": "https://elsewhere.example/"}
    assert "elsewhere" not in client.post("/accounts/login/", login)["Location"]


def test_a_wrong_password_is_explained_and_the_name_stays(client: Client, citizen: User) -> None:
    page = text_of(client.post("/accounts/login/", {"login": "chan", "password": "wrong"}))
    assert "<title>Error: " in page
    assert "This name and this password do not belong together" in page
    assert 'value="chan"' in page
    assert "wrong" not in re.findall(r'value="([^"]*)"', page)


def test_what_is_missing_is_said_beside_its_field(client: Client, db: None) -> None:
    page = text_of(client.post("/accounts/login/", {}))
    assert 'href="#field-password"' in page
    assert 'id="field-login-error"' in page


def test_a_new_account_can_be_opened(client: Client, db: None) -> None:
    new = {"username": "lee", "email": "lee@example.hk", "password1": "calm-water-9", "password2": "calm-water-9"}
    assert client.post("/accounts/signup/", new).status_code == 302
    assert User.objects.get(username="lee").assurance == "none"


def test_a_weak_password_is_explained(client: Client, db: None) -> None:
    new = {"username": "lee", "email": "lee@example.hk", "password1": "password", "password2": "password"}
    page = text_of(client.post("/accounts/signup/", new))
    assert "Use at least 10 characters." in page
    assert "Many people use this password" in page


@pytest.mark.parametrize("page", ["login/", "signup/"])
@pytest.mark.parametrize("language", ["zh-hant", "zh-hans"])
def test_labels_and_mistakes_are_in_the_persons_language(client: Client, db: None, language: str, page: str) -> None:
    sent = {"login": "lee", "password": "wrong", "username": "a b", "email": "a", "password1": "1", "password2": "2"}
    page_text = text_of(client.post(f"/accounts/{page}?lang={language}", sent, follow=True))
    shown = re.findall(r"(?s)(<main.*)</main>", page_text)[0]
    words = re.sub(r"<[^>]*>|&[a-z]+;|name@example\.com", " ", shown)
    assert re.findall(r"[A-Za-z]{2,}", words) == []


def test_a_forgotten_password_is_replaced_by_a_link(client: Client, citizen: User) -> None:
    client.post("/accounts/password/reset/", {"email": citizen.email})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Choose a new password" in text_of(form)
    new = {"password1": "calm-water-9", "password2": "calm-water-9"}
    done = client.post(form.request["PATH_INFO"], new, follow=True)
    assert "Your new password is saved" in text_of(done)
    assert "This link does not work any more" in text_of(Client().get(link[1], follow=True))


def test_signing_in_leaves_no_message_cookie_behind(client: Client, citizen: User) -> None:
    client.post("/accounts/login/", {"login": "chan", "password": "a-quiet-crossing"})
    assert "messages" not in client.cookies


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/130 Safari/537 Edg/130", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        ("", "An unknown device"),
    ],
)  # fmt: skip
def test_a_device_is_named_as_people_name_it(agent: str, name: str) -> None:
    assert device(agent) == name
