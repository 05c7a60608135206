import json

import pytest
from django.urls import reverse

from services.registry.models import Change
from tests.factories import OperatorFactory
from tests.portal.desk.conftest import Desk, browser

FILLED = {
    "connector": "rest",
    "credentials": "",
    "settings": "{}",
    "connect_timeout_seconds": "3",
    "read_timeout_seconds": "15",
    "timeout_seconds": "20",
    "max_concurrency": "8",
    "max_per_minute": "",
    "service_window": "",
}


def post(desk: Desk, **changed: str) -> str:
    address = reverse("admin:registry_backend_change", args=[desk.backend.pk])
    return browser(OperatorFactory()).post(address, FILLED | changed).content.decode()


def test_operations_change_an_address_and_it_is_recorded(desk: Desk) -> None:
    post(desk, address="https://td.example.hk/api/")
    desk.backend.refresh_from_db()
    assert desk.backend.address == "https://td.example.hk/api/"
    assert Change.objects.filter(verb="backend.changed", subject=desk.backend.code).exists()


@pytest.mark.parametrize("address", ["gopher://x", "http://user:word@x/", "x"])
def test_an_address_that_cannot_be_reached_is_refused_beside_its_field(desk: Desk, address: str) -> None:
    assert "Give an address that begins with http:// or https://" in post(desk, address=address)


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        ({"scheme": "magic"}, "$.auth.scheme: "),
        ({"scheme": "basic"}, "$.auth: "),
        ({"scheme": "bearer"}, "$.auth: Name the environment variable that holds the secret"),
    ],
)
def test_a_credential_that_cannot_work_is_refused_beside_the_settings(
    desk: Desk, auth: dict[str, str], says: str
) -> None:
    page = post(desk, address="https://td.example.hk/api/", settings=json.dumps({"auth": auth}))
    assert f'id="id_settings_error"><li>{says}' in page


def test_the_time_outs_and_the_rate_are_kept(desk: Desk) -> None:
    post(desk, address="https://td.example.hk/api/", read_timeout_seconds="7", max_per_minute="120")
    desk.backend.refresh_from_db()
    assert (desk.backend.read_timeout_seconds, desk.backend.max_per_minute) == (7, 120)


# --- Opening hours --------------------------------------------------------------------------------
HOURS = "mon-fri 09:00-13:00, 14:00-17:00\nsat 9:00-13:00\ngeneral holidays closed"


def test_opening_hours_are_written_as_lines(desk: Desk) -> None:
    post(desk, address="https://td.example.hk/api/", service_window=HOURS)
    desk.backend.refresh_from_db()
    day = [["09:00", "13:00"], ["14:00", "17:00"]]
    weekdays = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), day)
    assert desk.backend.service_window == weekdays | {"sat": [["09:00", "13:00"]], "general_holidays": "closed"}


def test_opening_hours_come_back_as_lines(desk: Desk) -> None:
    post(desk, address="https://td.example.hk/api/", service_window=HOURS)
    page = browser(OperatorFactory()).get(reverse("admin:registry_backend_change", args=[desk.backend.pk]))
    assert HOURS.replace(" 9:00", " 09:00") in page.content.decode()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("mo 9-5", "“mo 9-5” is not understood"),
        ("mon 09:00-25:00", "is not possible"),
        ("mon 17:00-09:00", "closes before it opens"),
        ("general holidays closed", "is not possible"),
    ],
)
def test_hours_that_cannot_be_are_refused_beside_the_field(desk: Desk, typed: str, says: str) -> None:
    page = post(desk, address="https://td.example.hk/api/", service_window=typed)
    desk.backend.refresh_from_db()
    assert (says in page, desk.backend.service_window) == (True, None)
