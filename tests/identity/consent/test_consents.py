"""A consent is given for one purpose, field by field, and holds until it is withdrawn, replaced or runs out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import flows, records
from identity.consent.models import Consent
from tests.factories import UserFactory

PURPOSE = {"recipient": "td", "purpose": "td-site"}


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def give(person: User, **facts: Any) -> Consent:
    return flows.give(person, **{**PURPOSE, "fields": ["phone", "name_en"], **facts})


def test_a_consent_is_in_force_once_given(person: User) -> None:
    assert flows.in_force(person, **PURPOSE) is None
    given = give(person)
    assert flows.in_force(person, **PURPOSE) == given
    assert given.fields == ["name_en", "phone"]


@pytest.mark.parametrize("other", [{"recipient": "immd"}, {"purpose": "td-app"}])
def test_a_consent_for_one_is_none_for_another(person: User, other: dict[str, str]) -> None:
    give(person)
    assert flows.in_force(person, **{**PURPOSE, **other}) is None


def test_a_consent_of_one_person_is_not_that_of_another(person: User) -> None:
    give(person)
    assert flows.in_force(UserFactory(), **PURPOSE) is None


def test_a_withdrawn_consent_is_not_in_force(person: User) -> None:
    withdrawn = flows.withdraw(give(person))
    assert withdrawn.ended_by == "withdrawn"
    assert flows.in_force(person, **PURPOSE) is None


def test_a_consent_runs_out_by_itself(person: User) -> None:
    given = give(person, until=timezone.now() + timedelta(days=1))
    later = timezone.now() + timedelta(days=2)
    assert (given.is_in_force(later), Consent.objects.in_force(later).exists()) == (False, False)


def test_giving_again_replaces_the_earlier_one(person: User) -> None:
    earlier = give(person)
    later = give(person, fields=["phone"])
    earlier.refresh_from_db()
    assert (earlier.ended_by, flows.in_force(person, **PURPOSE)) == ("replaced", later)


def test_withdrawing_a_replaced_consent_leaves_the_newer_one(person: User) -> None:
    earlier = give(person)
    later = give(person)
    assert flows.withdraw(earlier).ended_by == "replaced"
    assert flows.in_force(person, **PURPOSE) == later


@pytest.mark.django_db(transaction=True)
def test_two_consents_given_at_once_leave_one_in_force() -> None:
    person = UserFactory()

    def given(_: int) -> None:
        try:
            give(person)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(given, range(8)))
    assert Consent.objects.in_force().filter(person=person).count() == 1


def test_a_record_says_who_gets_what_why_until_when(person: User) -> None:
    until = timezone.now() + timedelta(days=90)
    wording = {"why": {"en": "To fill in your form"}, "fields": {"phone": {"en": "Phone"}}}
    record = records.record(give(person, fields=["phone"], until=until, wording=wording))
    (purpose,) = record["processing"]["purposes"]
    assert purpose["pii_information"] == [{"pii_type": "phone", "pii_attribute_names": {"en": "Phone"}}]
    assert (purpose["pii_controllers"], record["processing"]["language"]) == (["td"], ["en"])
    assert purpose["valid_until"].startswith(until.strftime("%Y-%m-%d"))


def test_a_record_of_a_withdrawn_consent_says_so(person: User) -> None:
    record = records.record(flows.withdraw(give(person)))
    assert [event["event_state"] for event in record["events"]] == ["given", "withdrawn"]
