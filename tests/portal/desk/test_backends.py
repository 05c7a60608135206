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
    "timeout_seconds": "20",
    "max_concurrency": "8",
    "service_window": "null",
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
