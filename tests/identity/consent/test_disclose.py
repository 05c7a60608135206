"""Lines of the disclosure log stand in chains, one for each person, that only grow."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from identity.accounts.models import User
from identity.consent import ledger
from identity.consent.models import Chain, Disclosure
from tests.factories import UserFactory
from tests.identity.consent.lines import note


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def test_a_line_is_linked_to_the_one_before(person: User) -> None:
    first, second = note(person), note(person)
    assert (first.sequence, first.previous) == (1, ledger.genesis(person.pk))
    assert (second.sequence, second.previous) == (2, first.hash)


def test_the_database_computes_the_hash_that_the_documentation_describes(person: User) -> None:
    note(person)
    line = note(person, recipient_names={"zh-hant": "運輸署", "en": 'a "quoted" \\ name'})
    assert line.hash == ledger.link(line.digest, line.previous, 2)
    assert ledger.digest(Disclosure.objects.get(pk=line.pk)) == line.digest


def test_people_have_chains_of_their_own(person: User) -> None:
    note(person)
    assert note(UserFactory()).sequence == 1


def test_a_line_for_somebody_else_stands_in_their_chain_and_both_read_it(person: User) -> None:
    other = UserFactory()
    line = note(person, for_person=other)
    assert line.chain == other.pk
    assert list(Disclosure.objects.of(person)) == list(Disclosure.objects.of(other)) == [line]


def test_a_line_of_nobody_stands_in_one_of_the_lanes(db: None) -> None:
    assert note(None).chain in ledger.LANES


def test_a_line_takes_one_statement(person: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        note(person)


@pytest.mark.django_db(transaction=True)
def test_fifty_lines_of_one_person_written_at_once_make_one_chain() -> None:
    person = UserFactory()

    def write(_: int) -> None:
        try:
            with transaction.atomic():
                note(person)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=50) as pool:
        list(pool.map(write, range(50)))
    lines = list(Disclosure.objects.order_by("sequence"))
    assert [line.sequence for line in lines] == list(range(1, 51))
    assert [line.previous for line in lines[1:]] == [line.hash for line in lines[:-1]]


def test_the_end_of_a_chain_cannot_be_set_back(person: User) -> None:
    note(person)
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        Chain.objects.update(sequence=5)


def test_a_look_without_the_officer_is_refused(person: User) -> None:
    with pytest.raises(IntegrityError, match="disclosure_names_who_looked"), transaction.atomic():
        note(person, kind="officer")
