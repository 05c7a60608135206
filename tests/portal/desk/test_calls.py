import pytest
from django.db import connection

from services.gateway import receipts
from services.gateway.models import ServiceCall
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.portal.desk.conftest import Desk, browser


@pytest.fixture
def call(desk: Desk) -> ServiceCall:
    version = desk.function.published
    assert version is not None
    person = UserFactory(first_name="Mei", last_name="Secret")
    return ServiceCall.objects.create(
        receipt=receipts.new(), function=desk.function, version=version, backend=desk.backend, person=person,
        caller=f"user:{person.pk}", idempotency_key="k", payload={"form": {"topic": "PRIVATE"}, "files": {}},
        sent_sha256="0" * 64,
    )  # fmt: skip


def test_the_technical_record_names_nobody(desk: Desk, call: ServiceCall) -> None:
    page = desk.browser.get(f"/admin/calls/{call.receipt}/").content.decode()
    assert call.receipt in page
    assert "PRIVATE" not in page
    assert "Secret" not in page


@pytest.mark.parametrize("address", ["/admin/calls/{}/", "/admin/gateway/servicecall/", "/admin/"])
def test_what_was_sent_is_not_even_decrypted(desk: Desk, call: ServiceCall, address: str) -> None:
    with connection.cursor() as cursor:  # what cannot be decrypted would break the page that tries
        cursor.execute("UPDATE gateway_servicecall SET payload = convert_to('no token', 'UTF8')")
    assert desk.browser.get(address.format(call.receipt)).status_code == 200


def test_calls_of_another_department_look_unknown(desk: Desk, call: ServiceCall) -> None:
    assert browser(OfficerFactory()).get(f"/admin/calls/{call.receipt}/").status_code == 404


def test_operations_see_them(desk: Desk, call: ServiceCall) -> None:
    assert browser(OperatorFactory()).get(f"/admin/calls/{call.receipt}/").status_code == 200


def test_a_call_is_found_by_its_receipt(desk: Desk, call: ServiceCall) -> None:
    page = desk.browser.get("/admin/gateway/servicecall/", {"q": call.receipt}).content.decode()
    assert f"/calls/{call.receipt}/" in page
