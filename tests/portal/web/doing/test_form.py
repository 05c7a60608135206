from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from services.forms.models import Draft, StoredFile
from services.registry import flows as registry
from services.registry.models import FunctionVersion, ServiceFunction
from tests.factories import (
    BackendFactory,
    FunctionVersionFactory,
    OfficerFactory,
    ServiceFunctionFactory,
    UserFactory,
    form_for,
)
from tests.portal.web.doing.conftest import GOOD, PNG, address_of, fill_in, hidden, made, send


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_form_is_filled_in_and_says_from_where(signed_in: Client, function: ServiceFunction) -> None:
    page = text_of(signed_in.get(address_of(function)))
    assert 'value="A123456(3)"' in page
    assert "From your profile: Immigration Department, identity card record, checked 12 March 2025" in page
    assert "From your profile: you told us on 20 January 2026" in page


def test_nobody_signed_in_goes_to_the_log_in_and_comes_back(client: Client, function: ServiceFunction) -> None:
    answer = client.get(address_of(function))
    assert answer["Location"] == f"/accounts/login/?next={address_of(function)}"


def test_a_function_for_anyone_needs_no_log_in(client: Client, db: None) -> None:
    function = made("topic:text", assurance="none", action="enquire")
    assert client.get(address_of(function)).status_code == 200
    answer = fill_in(client, function, topic="Parking")
    assert answer["Location"] == address_of(function, "review")


def test_a_mistake_is_explained_beside_its_field_and_nothing_is_lost(
    signed_in: Client, function: ServiceFunction
) -> None:
    answer = fill_in(signed_in, function, months="many", mark="AB1234")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert 'href="#field-months"' in page
    assert 'id="field-months-error"' in page
    assert 'value="many"' in page
    assert 'value="AB1234"' in page
    assert Draft.objects.get().data["months"] == "many"


def test_a_file_survives_a_mistake_elsewhere(signed_in: Client, function: ServiceFunction) -> None:
    answer = fill_in(signed_in, function, months="", photo=SimpleUploadedFile("me.png", PNG))
    stored = StoredFile.objects.get()
    assert answer.status_code == 422
    assert "me.png" in text_of(answer)
    assert hidden(answer).get("photo.id") or f'name="photo.id" value="{stored.pk}"' in text_of(answer)
    again = signed_in.post(address_of(function), {**hidden(answer), **GOOD, "photo.id": str(stored.pk)})
    assert again.status_code == 302
    assert Draft.objects.get().data["photo"] == str(stored.pk)


@pytest.mark.parametrize("content", [b"MZ\x90\x00 not a photo", b"", b"\x89PNG\r\n\x1a\n" + b"0" * (5 * 1024 * 1024)])
def test_a_file_that_cannot_be_taken_is_explained_beside_its_field(
    signed_in: Client, function: ServiceFunction, content: bytes
) -> None:
    answer = fill_in(signed_in, function, photo=SimpleUploadedFile("me.png", content))
    assert answer.status_code == 422
    assert 'id="field-photo-error"' in text_of(answer)
    assert 'value="AB1234"' in text_of(answer)


def test_what_is_kept_is_encrypted(signed_in: Client, function: ServiceFunction) -> None:
    fill_in(signed_in, function, mark="XY9876")
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM forms_draft")
        assert b"XY9876" not in bytes(cursor.fetchone()[0])
    assert Draft.objects.get().data["mark"] == "XY9876"


def test_a_session_that_ran_out_loses_nothing(citizen: User, signed_in: Client, function: ServiceFunction) -> None:
    form = hidden(signed_in.get(address_of(function)))
    signed_in.cookies.pop("ferry_session")
    answer = signed_in.post(
        address_of(function), {**form, **GOOD, "months": "not yet", "photo": SimpleUploadedFile("me.png", PNG)}
    )
    assert answer["Location"] == f"/accounts/login/?next={address_of(function)}%3Fkept"
    assert "What you filled in is kept" in text_of(signed_in.get(answer["Location"]))
    login = {"login": "chan", "password": "a-quiet-crossing", "next": f"{address_of(function)}?kept"}
    page = text_of(signed_in.post("/accounts/login/", login, follow=True))
    assert 'value="not yet"' in page
    assert "me.png" in page
    assert "We kept what you filled in" in page
    assert Draft.objects.get().caller == f"user:{citizen.pk}"
    assert StoredFile.objects.get().caller == f"user:{citizen.pk}"


def test_a_function_paused_meanwhile_says_why_and_keeps_the_form(signed_in: Client, function: ServiceFunction) -> None:
    form = hidden(signed_in.get(address_of(function)))
    reasons = {"en": "The system is being moved.", "zh-hant": "系統搬遷中。", "zh-hans": "系统迁移中。"}
    officer = OfficerFactory(department=function.department)
    registry.suspend(function, by=officer, reasons=reasons, until=timezone.now() + timedelta(days=1))
    answer = signed_in.post(address_of(function), {**form, **GOOD})
    assert answer.status_code == 409
    assert "The system is being moved." in text_of(answer)
    assert "We kept what you filled in" in text_of(answer)
    assert Draft.objects.get().data["mark"] == "AB1234"


@pytest.mark.parametrize(
    ("needed", "has", "said"),
    [
        ("plus", "basic", "You need a second way to sign in"),
        ("basic", "none", "Your identity has not been checked yet"),
    ],
)
def test_whoever_cannot_do_it_learns_so_before_filling_in(db: None, needed: str, has: str, said: str) -> None:
    client = Client()
    client.force_login(UserFactory(assurance=has))
    answer = client.get(address_of(made("topic:text", assurance=needed)), follow=True)
    assert said in text_of(answer)
    assert 'method="post" action="/en/functions' not in text_of(answer)


def test_a_system_not_connected_yet_is_no_form(signed_in: Client) -> None:
    backend = BackendFactory(connector="telex")
    function = ServiceFunctionFactory(department=backend.department)
    assert "You cannot do this here yet" in text_of(signed_in.get(address_of(function)))


def publish_another(function: ServiceFunction, spec: str) -> FunctionVersion:
    """A second version with another form."""
    form = form_for(spec, action="renew")
    function.published = FunctionVersionFactory(function=function, state="approved", form=form, action="renew")
    function.save()
    return function.published


def test_a_form_is_taken_in_the_version_in_which_it_was_shown(signed_in: Client, function: ServiceFunction) -> None:
    first = function.published
    form = hidden(signed_in.get(address_of(function)))
    publish_another(function, "colour:text")
    assert signed_in.post(address_of(function), {**form, **GOOD}).status_code == 302
    assert Draft.objects.get().version == first


def test_a_version_that_nobody_was_shown_is_not_taken(signed_in: Client, function: ServiceFunction) -> None:
    second = publish_another(function, "colour:text")
    signed_in.post(address_of(function), {**GOOD, "version": "1", "colour": "green"})
    assert Draft.objects.get().version == second


def test_a_draft_moves_to_the_new_version_when_its_form_is_opened(signed_in: Client, function: ServiceFunction) -> None:
    fill_in(signed_in, function, contact_phone="61234567")
    publish_another(function, "colour:text")
    page = text_of(signed_in.get(address_of(function)))
    assert 'value="+85261234567"' in page
    assert 'name="colour"' in page
    assert "AB1234" not in page


def test_coming_back_to_a_form_just_sent_shows_its_receipt(signed_in: Client, function: ServiceFunction) -> None:
    call = send(signed_in, function)
    page = text_of(signed_in.get(address_of(function)))
    assert "You have sent this form" in page
    assert f"/en/calls/{call.receipt}/" in page


def test_an_unknown_function_is_a_page_not_found(signed_in: Client) -> None:
    assert signed_in.get("/en/functions/no-such-thing/form/").status_code == 404


def test_nothing_of_it_is_kept_by_a_cache(signed_in: Client, function: ServiceFunction) -> None:
    assert "no-store" in signed_in.get(address_of(function))["Cache-Control"]


def test_too_much_posted_is_a_page_that_says_so(signed_in: Client, function: ServiceFunction) -> None:
    answer = signed_in.post(address_of(function), {**GOOD, "mark": "x" * (9 * 1024 * 1024)})
    assert answer.status_code == 413
