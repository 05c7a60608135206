"""Whoever has to sign in again comes back to a page that can be shown."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
PAGE = "/en/account/devices/"
BUTTON = "/en/account/devices/sign-out/"


def come_from(address: str) -> str:
    response = Client().post(BUTTON, {"session": "others"}, headers={"Referer": address})
    assert response.status_code == 302
    return str(response["Location"])


def test_a_button_pressed_too_late_leads_back_to_its_page() -> None:
    assert come_from(f"http://testserver{PAGE}?ended=one") == f"{reverse('account_login')}?next={PAGE}%3Fended%3Done"


@pytest.mark.parametrize(
    "address", ["", "http://elsewhere.example/trap/", "http://testserver//elsewhere.example/", "http://["]
)
def test_a_page_that_is_not_ours_is_never_led_back_to(address: str) -> None:
    assert come_from(address) == f"{reverse('account_login')}?next={BUTTON}"


def test_a_page_that_was_asked_for_is_come_back_to() -> None:
    response = Client().get(PAGE, headers={"Referer": "http://testserver/en/"})
    assert response["Location"] == f"{reverse('account_login')}?next={PAGE}"
