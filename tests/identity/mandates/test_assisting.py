from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates import assisting, flows
from identity.mandates.errors import MandateError, NotYours, WrongCode, WrongLimits
from identity.mandates.models import Confirmation, Mandate
from services.registry import roles
from tests.factories import OfficerFactory

NAMES = {"en": "Transport Department", "zh-hant": "運輸署", "zh-hans": "运输署"}


def begin(officer: User, method: str = "phone", **more: Any) -> tuple[Mandate, str, str]:
    values = {"address": "mother", "department": "td", "functions": ["td-renew"]} | more
    return assisting.begin(by=officer, department_names=NAMES, method=method, **values)


def test_the_citizen_says_yes_with_the_code_on_the_counters_screen(counter_officer: User, mother: User) -> None:
    mandate, code, _ = begin(counter_officer)
    assert assisting.pending(mother) == [mandate]
    mandate = assisting.approve(mandate, by=mother, code=code)
    assert mandate.names["agent"]["en"] == "Wing Yan Lee"
    assert not mandate.obstacle(timezone.now())
    assert mandate.valid_until - mandate.valid_from == timedelta(minutes=30)
    assert mandate.acts == ["read", "prepare", "submit"]


def test_nothing_is_in_force_before_the_citizen_says_yes(counter_officer: User, mother: User) -> None:
    mandate, _, _ = begin(counter_officer)
    with pytest.raises(MandateError, match="not_accepted"):
        flows.use(mandate, by=counter_officer, act="read", function="td-renew")


def test_the_officer_cannot_say_yes_for_the_citizen(
    counter_officer: User, mother: User, security_log: list[dict[str, str]]
) -> None:
    mandate, code, _ = begin(counter_officer)
    with pytest.raises(NotYours):
        assisting.approve(mandate, by=counter_officer, code=code)
    with pytest.raises(NotYours):
        flows.accept(mandate, by=counter_officer)
    assert security_log[0]["event"] == "counter_refused"


def test_a_code_works_once_and_only_for_its_own_ask(counter_officer: User, mother: User) -> None:
    first, code, _ = begin(counter_officer)
    other, _, _ = begin(counter_officer, functions=["td-other"])
    for mandate in (first, other):
        with pytest.raises(WrongCode):
            assisting.approve(mandate, by=mother, code=code)


def test_five_wrong_codes_close_it(counter_officer: User, mother: User, security_log: list[dict[str, str]]) -> None:
    mandate, code, _ = begin(counter_officer)
    wrong = "000000" if code != "000000" else "000001"
    for _attempt in range(Confirmation.MOST_TRIES):
        with pytest.raises(WrongCode):
            assisting.approve(mandate, by=mother, code=wrong)
    with pytest.raises(WrongCode):
        assisting.approve(mandate, by=mother, code=code)
    assert {line["event"] for line in security_log} == {"counter_code_refused"}


def test_a_code_that_ran_out_is_refused(counter_officer: User, mother: User) -> None:
    mandate, code, _ = begin(counter_officer)
    Confirmation.objects.filter(pk=mandate.pk).update(expires_at=timezone.now())
    with pytest.raises(WrongCode):
        assisting.approve(mandate, by=mother, code=code)


def test_by_e_mail_only_a_confirmed_address_gets_the_code(counter_officer: User, mother: User) -> None:
    assert begin(counter_officer, "contact")[2] == ""
    EmailAddress.objects.create(user=mother, email="mei@example.hk", verified=True)
    mandate, code, to = begin(counter_officer, "contact")
    assert to == "mei@example.hk"
    assert assisting.confirm_by_code(mandate, by=counter_officer, code=code).state == "accepted"


def test_a_code_for_the_screen_does_not_work_as_one_by_e_mail(counter_officer: User, mother: User) -> None:
    mandate, code, _ = begin(counter_officer)
    with pytest.raises(WrongCode):
        assisting.confirm_by_code(mandate, by=counter_officer, code=code)


def test_a_document_takes_a_second_officer_of_the_same_department(counter_officer: User, mother: User) -> None:
    mandate, _, _ = begin(counter_officer, "document", document_reference="HKID seen")
    second = OfficerFactory()
    second.groups.add(roles.ensure_counter())
    for by, department in ((counter_officer, "td"), (second, "ird"), (OfficerFactory(), "td")):
        with pytest.raises(NotYours):
            assisting.confirm_by_document(mandate, by=by, department=department)
    mandate = assisting.confirm_by_document(mandate, by=second, department="td")
    assert (mandate.state, mandate.confirmation.second_officer) == ("accepted", second)


def test_without_a_document_there_is_nothing_to_confirm(counter_officer: User, mother: User) -> None:
    with pytest.raises(WrongLimits):
        begin(counter_officer, "document")


def test_an_officer_of_no_counter_begins_nothing(mother: User) -> None:
    with pytest.raises(NotYours):
        begin(OfficerFactory())


def test_functions_must_be_named(counter_officer: User, mother: User) -> None:
    with pytest.raises(WrongLimits):
        begin(counter_officer, functions=[])


def test_the_officer_is_not_told_whether_there_is_such_a_citizen(counter_officer: User) -> None:
    mandate, code, to = begin(counter_officer, address="no-such-person")
    assert (mandate.state, len(code), to) == ("asked", 6, "")


def test_the_citizen_ends_it_at_once(counter_officer: User, mother: User) -> None:
    mandate, code, _ = begin(counter_officer)
    flows.end(assisting.approve(mandate, by=mother, code=code), by=mother)
    with pytest.raises(MandateError, match="ended"):
        flows.use(mandate, by=counter_officer, act="read", function="td-renew")


def test_the_database_refuses_more_than_half_an_hour(counter_officer: User, mother: User) -> None:
    mandate, _, _ = begin(counter_officer)
    with pytest.raises(IntegrityError, match="mandate_assisted_is_short"), transaction.atomic():
        Mandate.objects.filter(pk=mandate.pk).update(valid_until=mandate.valid_from + timedelta(minutes=31))
