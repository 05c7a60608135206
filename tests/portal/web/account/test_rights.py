import html
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from identity.accounts.models import User
from identity.profile import ending, exporting
from identity.profile.models import Closing, DataExport
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import PASSWORD, OfficerFactory, UserFactory
from tests.portal.web.doing.conftest import GOOD, PNG, address_of, citizen, finish, function, hidden, send, signed_in

__all__ = ["citizen", "function", "signed_in"]  # fixtures
RIGHTS = "/en/account/rights/"


@pytest.fixture
def proved(signed_in: Client) -> Client:
    """Has just typed the password again."""
    signed_in.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return signed_in


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def taken(client: Client) -> zipfile.ZipFile:
    client.post(f"{RIGHTS}export/")
    made = DataExport.objects.get()
    answer = client.post(f"{RIGHTS}export/{made.pk}/")
    assert answer["Content-Disposition"] == 'attachment; filename="ferry-my-data.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_the_hub_leads_there(signed_in: Client) -> None:
    assert f'href="{RIGHTS}"' in text_of(signed_in.get("/en/account/"))


def test_a_person_takes_everything_along(proved: Client, function: ServiceFunction) -> None:
    call = finish(send(proved, function, photo=SimpleUploadedFile("me.png", PNG, "image/png")), "completed")
    proved.post(address_of(function), {**hidden(proved.get(address_of(function))), **GOOD, "mark": "XY999"})
    with taken(proved) as bundle:
        data = json.loads(bundle.read("data.json"))["data"]
        assert data["calls"][0]["receipt"] == call.receipt
        assert data["calls"][0]["sent"]["form"]["mark"] == "AB1234"
        assert data["calls"][0]["timeline"]
        assert data["drafts"][0]["data"]["mark"] == "XY999"
        assert {line["reference"] for line in data["disclosures"]} == {call.receipt}
        assert {field["name"] for field in data["profile"]} == {"name_en", "hkid", "phone", "email", "address"}
        page = bundle.read("data.html").decode()
        assert call.receipt in page
        files = [name for name in bundle.namelist() if name.startswith(f"files/{call.receipt}/")]
        assert [bundle.read(name) for name in files] == [PNG]


@pytest.mark.parametrize("path", ["export/", "delete/"])
def test_it_asks_first_who_it_is(db: None, path: str) -> None:
    client = Client()
    client.force_login(UserFactory())
    answer = client.post(f"{RIGHTS}{path}", {"sure": "true"})
    assert "/account/prove/" in answer["Location"]
    assert not DataExport.objects.exists()
    assert not Closing.objects.exists()


def test_the_archive_of_someone_else_is_not_found(citizen: User, proved: Client) -> None:
    made = exporting.ask(UserFactory(), language="en")
    assert proved.post(f"{RIGHTS}export/{made.pk}/").status_code == 404


def test_a_link_alone_takes_nothing(citizen: User, proved: Client) -> None:
    made = exporting.ask(citizen, language="en")
    assert proved.get(f"{RIGHTS}export/{made.pk}/")["Location"] == RIGHTS


def test_before_deleting_it_says_what_goes_and_what_is_kept_and_until_when(
    proved: Client, function: ServiceFunction
) -> None:
    send(proved, function)
    page = text_of(proved.get(f"{RIGHTS}delete/"))
    assert "Everything under “My data”, and the history of your sign-ins" in page
    assert "1 call that is still on its way" in page
    assert "at the latest 730 days after each call has ended" in page
    assert "The log of who got your data" in page


def test_deleting_takes_a_tick_and_a_week_and_can_be_called_off(citizen: User, proved: Client) -> None:
    assert proved.post(f"{RIGHTS}delete/").status_code == 422
    assert proved.post(f"{RIGHTS}delete/", {"sure": "true"})["Location"] == RIGHTS
    assert "Your account will be deleted on " in text_of(proved.get(RIGHTS))
    proved.post(f"{RIGHTS}keep/")
    assert ending.of(citizen) is None
    assert "Your account will be deleted" not in text_of(proved.get(RIGHTS))


def test_staff_are_told_who_ends_their_account(db: None) -> None:
    client = Client()
    client.force_login(OfficerFactory())
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert "Your department ends it." in text_of(client.post(f"{RIGHTS}delete/", {"sure": "true"}))
    assert not Closing.objects.exists()


@pytest.mark.parametrize("path", ["", "export/", "delete/", "keep/"])
def test_signed_out_it_asks_for_the_log_in(client: Client, db: None, path: str) -> None:
    assert client.post(f"{RIGHTS}{path}")["Location"].startswith("/accounts/login/?next=")
    assert not ServiceCall.objects.exists()
