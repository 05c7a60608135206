"""Calls under a mandate: asked again in the transaction, and told to the department."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates import flows as mandates
from identity.mandates.acting import owner
from identity.mandates.errors import NotUsable
from identity.mandates.models import Mandate
from identity.profile import flows as profile
from services.gateway import flows, proof
from services.gateway.delivery import delivery_of
from services.gateway.errors import AssuranceTooLow
from services.gateway.mapping import compose
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import ServiceFunctionFactory, UserFactory
from tests.mandates import accepted, limits


@pytest.fixture
def agent(db: None) -> User:
    return UserFactory(first_name="CHAN Siu Ling")


@pytest.fixture
def principal(db: None) -> User:
    person = UserFactory(first_name="LEUNG Mei Ling")
    known: dict[str, Any] = {"name_en": "LEUNG Mei Ling", "hkid": "C123456(9)", "phone": "+85291234567"}
    for name, value in known.items():
        profile.store(person, name, value, source="immd", checked_on=date(2025, 3, 12))
    profile.store(person, "email", "mei@example.hk", source="person", checked_on=date(2025, 3, 12))
    address = {"line_1": "1 Pier Road", "district": "central-and-western"}
    profile.store(person, "address", address, source="person", checked_on=date(2025, 3, 12))
    return person


def send(function: ServiceFunction, agent: User, mandate: Mandate, key: str = "one") -> ServiceCall:
    call, _ = flows.submit(
        function, {"topic": "Parking"}, person=agent, caller=owner(mandate), idempotency_key=key, language="en",
        acr="basic",
        mandate=mandate,
    )  # fmt: skip
    return call


def test_the_departments_request_names_who_acted_for_whom(agent: User, principal: User) -> None:
    call = send(ServiceFunctionFactory(), agent, accepted(agent, principal))
    delivery = delivery_of(call)
    actor = compose(delivery.request_map["body"], delivery.context)["actor"]
    assert (actor["name"]["en"], actor["for"]["name"]["en"]) == ("CHAN Siu Ling", "LEUNG Mei Ling")
    assert actor["kind"] == "agent"


def test_nobody_acts_in_the_request_of_a_persons_own_call(principal: User) -> None:
    call, _ = flows.submit(
        ServiceFunctionFactory(), {"topic": "Parking"}, person=principal, caller=f"user:{principal.pk}",
        idempotency_key="one", language="en", acr="basic",
    )  # fmt: skip
    delivery = delivery_of(call)
    assert "actor" not in compose(delivery.request_map["body"], delivery.context)


def test_the_signed_proof_names_them_too(agent: User, principal: User) -> None:
    call = send(ServiceFunctionFactory(), agent, accepted(agent, principal))
    assert proof.bundle(call, timezone.now())["actor"]["for"]["name"]["en"] == "LEUNG Mei Ling"


def test_a_mandate_that_ended_since_it_was_read_sends_nothing(agent: User, principal: User) -> None:
    mandate = accepted(agent, principal)
    mandates.end(mandate, by=principal)
    assert mandate.state == "accepted"  # as the request has read it
    with pytest.raises(NotUsable, match="ended"):
        send(ServiceFunctionFactory(), agent, mandate)
    assert not ServiceCall.objects.exists()


def test_limits_that_changed_since_it_was_read_hold(agent: User, principal: User) -> None:
    mandate = accepted(agent, principal)
    mandates.limit(mandate, by=principal, limits=limits(functions=("another",)))
    with pytest.raises(NotUsable, match="outside_function"):
        send(ServiceFunctionFactory(), agent, mandate)


def test_what_takes_a_signature_takes_the_right_to_sign(agent: User, principal: User) -> None:
    function = ServiceFunctionFactory(version__assurance="none")
    assert function.published is not None
    assert send(function, agent, accepted(agent, principal)).for_person == principal
    function.published.assurance = "plus"
    with pytest.raises(AssuranceTooLow):
        send(function, agent, Mandate.objects.get(), key="two")


def test_the_database_refuses_a_call_for_another_without_a_mandate(agent: User, principal: User) -> None:
    call = send(ServiceFunctionFactory(), agent, accepted(agent, principal))
    with pytest.raises(IntegrityError, match="call_for_one_other"), transaction.atomic():
        ServiceCall.objects.filter(pk=call.pk).update(mandate=None)


@pytest.mark.django_db(transaction=True)
def test_an_end_among_many_submissions_lets_none_through_after_it(agent: User, principal: User) -> None:
    """Whatever was accepted stands before the end in the journal: the row's lock decides."""
    function, mandate = ServiceFunctionFactory(), accepted(agent, principal)

    def work(number: int) -> bool:
        try:
            if number == 4:
                mandates.end(mandate, by=principal)
            else:
                send(function, agent, mandate, key=f"key-{number}")
        except NotUsable:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(work, range(9)))
    ended_at = Mandate.objects.get().ended_at
    assert ended_at is not None
    assert ServiceCall.objects.count() == sum(sent) - 1
    with pytest.raises(NotUsable, match="ended"):
        send(function, agent, mandate, key="afterwards")
