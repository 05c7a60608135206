import threading
from contextlib import suppress
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from identity.accounts.models import SignIn, User
from identity.consent import flows as consents
from identity.consent.models import Consent, Disclosure
from identity.profile import corrections, ending, exporting, flows, tasks
from identity.profile.errors import NotClosable, NotOpen
from identity.profile.models import Closing, CorrectionRequest, ProfileField
from services.forms.models import StoredFile
from services.gateway import flows as gateway
from services.gateway.models import ServiceCall
from tests.factories import PASSWORD, OfficerFactory, ServiceFunctionFactory, UserFactory, form_for

FORM = form_for("topic:text", action="enquire")
DATA = {"topic": "A matter", "applicant_name": "CHAN Tai Man", "applicant_hkid": "A123456(3)"}


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory(username="chan", first_name="CHAN Tai Man")
    flows.store(made, "hkid", "A123456(3)", source="immd", checked_on=date(2025, 3, 12))
    EmailAddress.objects.create(user=made, email=made.email, verified=True)
    Authenticator.objects.create(user=made, type="recovery_codes", data={})
    consents.give(made, recipient="td", purpose="td-site", fields=["email"])
    corrections.report(made, "hkid", remark="My number is another")
    SignIn.objects.create(person=made, outcome="signed_in")
    exporting.ask(made, language="en")
    return made


def called(person: User) -> ServiceCall:
    function = ServiceFunctionFactory(version__form=FORM, version__action="enquire")
    call, _ = gateway.submit(
        function, DATA, person=person, caller=f"user:{person.pk}", idempotency_key="1", language="en", acr="basic"
    )
    return call


def closed(person: User) -> User:
    """A week later."""
    ending.ask(person)
    Closing.objects.update(asked_at=timezone.now() - timedelta(days=8), due_at=timezone.now() - timedelta(days=1))
    tasks.close_accounts()
    person.refresh_from_db()
    return person


def test_nothing_happens_before_the_week_is_over(person: User) -> None:
    ending.ask(person)
    tasks.close_accounts()
    person.refresh_from_db()
    assert (person.is_active, person.username) == (True, "chan")
    assert ProfileField.objects.exists()


def test_afterwards_nothing_tells_who_it_was(person: User) -> None:
    closed(person)
    assert person.username.startswith("deleted-")
    assert (person.first_name, person.last_name, person.email, person.is_active) == ("", "", "", False)
    assert not person.has_usable_password()
    for kind in (ProfileField, EmailAddress, Authenticator, SignIn):
        assert not kind.objects.exists()
    kept = CorrectionRequest.objects.get()
    assert (kept.value, kept.remark) == (None, None)
    assert flows.find_by_hkid("A123456(3)") is None
    assert not Consent.objects.in_force().exists()


def test_the_log_in_is_gone_and_sessions_end(person: User) -> None:
    client = Client()
    client.force_login(person)
    assert client.get("/en/profile/").status_code == 200
    closed(person)
    assert client.get("/en/profile/").status_code == 302
    assert authenticate(None, username="chan", password=PASSWORD) is None


def test_the_disclosure_log_stays_and_still_verifies(person: User) -> None:
    call = called(person)
    before = list(Disclosure.objects.values())
    closed(person)
    assert list(Disclosure.objects.values()) == before
    assert Disclosure.objects.get(reference=call.receipt).person == person
    call_command("verify_disclosures")


def test_a_call_on_its_way_goes_on_and_what_was_sent_waits_for_its_time(person: User) -> None:
    call = called(person)
    closed(person)
    call.refresh_from_db()
    assert (call.status, call.payload["form"]["topic"]) == ("accepted", "A matter")


def test_files_that_were_not_sent_go(person: User) -> None:
    StoredFile.objects.create(caller=f"user:{person.pk}", name="x.png", type="image/png", size=1, content=b"1")
    closed(person)
    assert not StoredFile.objects.exists()


def test_whoever_thinks_better_of_it_keeps_everything(person: User) -> None:
    ending.cancel(ending.ask(person))
    Closing.objects.update(asked_at=timezone.now() - timedelta(days=8), due_at=timezone.now() - timedelta(days=1))
    tasks.close_accounts()
    person.refresh_from_db()
    assert person.is_active
    assert ProfileField.objects.exists()


def test_what_was_carried_out_is_not_cancelled(person: User) -> None:
    closed(person)
    with pytest.raises(NotOpen):
        ending.cancel(Closing.objects.get())


def test_asking_twice_does_not_begin_the_week_again(person: User) -> None:
    assert ending.ask(person).due_at == ending.ask(person).due_at


def test_an_account_of_staff_is_its_departments(db: None) -> None:
    with pytest.raises(NotClosable):
        ending.ask(OfficerFactory())


def test_the_name_is_free_for_a_new_account(person: User) -> None:
    closed(person)
    again = UserFactory(username="chan")
    flows.store(again, "hkid", "A123456(3)", source="immd", checked_on=date(2025, 3, 12))
    assert flows.find_by_hkid("A123456(3)") == again


def test_cancelling_and_carrying_out_at_once_end_in_one_of_both(transactional_db: None) -> None:
    people = [UserFactory() for _each in range(6)]
    for person in people:
        ending.ask(person)
    Closing.objects.update(asked_at=timezone.now() - timedelta(days=8), due_at=timezone.now() - timedelta(days=1))
    start = threading.Barrier(2)

    def cancel() -> None:
        start.wait()
        for asked in Closing.objects.all():
            with suppress(NotOpen):
                ending.cancel(asked)
        connection.close()

    def carry_out() -> None:
        start.wait()
        ending.carry_out_due(timezone.now())
        connection.close()

    threads = [threading.Thread(target=work) for work in (cancel, carry_out)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for asked in Closing.objects.select_related("person"):
        assert asked.person.is_active is (asked.cancelled_at is not None)
        assert (asked.cancelled_at is None) != (asked.done_at is None)
