"""A citizen with a profile, functions to do, and the way through their pages."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.profile import flows as profile
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import ServiceFunctionFactory, UserFactory, form_for
from tests.identity.accounts.signing_in import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture
def citizen(db: None) -> User:
    """Name and HKID vouched for by the Immigration Department, the rest told by the person."""
    person = UserFactory(username="chan")
    for name, value in {"name_en": "CHAN Tai Man", "hkid": "A123456(3)"}.items():
        profile.store(person, name, value, source="immd", checked_on=date(2025, 3, 12))
    address = {"line_1": "1 Pier Road", "district": "central-and-western"}
    for name, told in {"phone": "+85291234567", "email": "chan@example.hk", "address": address}.items():
        profile.store(person, name, told, source="person", checked_on=date(2026, 1, 20))
    return person


@pytest.fixture
def signed_in(citizen: User) -> Client:
    return sign_in(citizen)


@pytest.fixture
def function(db: None) -> ServiceFunction:
    """Asks for a mark and a number of months, and may take a photo."""
    return made("mark:vehicle_mark;months:int;photo:file", action="renew")


def made(spec: str, *, action: str = "apply", assurance: str = "basic", **extra: Any) -> ServiceFunction:
    form = form_for(spec, action=action, assurance=assurance)
    values: dict[str, Any] = {"version__form": form, "version__action": action, "version__assurance": assurance}
    return ServiceFunctionFactory(**values, **extra)


GOOD = {
    "mark": "AB1234", "months": "12", "applicant_name": "CHAN Tai Man", "applicant_hkid": "A123456(3)",
    "contact_phone": "91234567", "contact_email": "chan@example.hk",
}  # fmt: skip


def address_of(function: ServiceFunction, step: str = "form") -> str:
    return f"/en/functions/{function.code}/{step}/"


def hidden(response: Any) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def fill_in(client: Client, function: ServiceFunction, **answers: Any) -> Any:
    """Open the form and post it with good answers, except for those given."""
    form = client.get(address_of(function))
    return client.post(address_of(function), {**hidden(form), **GOOD, **answers})


def to_review(client: Client, function: ServiceFunction, **answers: Any) -> dict[str, str]:
    """The hidden fields of the review page, reached with good answers."""
    assert fill_in(client, function, **answers).status_code == 302
    return hidden(client.get(address_of(function, "review")))


def send(client: Client, function: ServiceFunction, **answers: Any) -> ServiceCall:
    """Fill in, look over, send."""
    client.post(address_of(function, "review"), to_review(client, function, **answers))
    return ServiceCall.objects.latest("accepted_at")


def finish(call: ServiceCall, status: str, **values: Any) -> ServiceCall:
    """As a worker leaves it, with the first rule of that outcome and these values read from the answer."""
    rules = [number for number, rule in enumerate(call.version.answer_map) if rule["outcome"] == status]
    call.status = status
    call.answer = {"rule": rules[0], "values": values} if rules else None
    call.finished_at = timezone.now() if call.is_final else None
    call.save()
    return call
