"""What the database itself refuses of a client."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from identity.accounts import closing
from identity.provider.models import PairwiseSubject
from tests.factories import UserFactory
from tests.identity.provider.party import Party, register

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "values",
    [
        {"approved_by": None},
        {"kind": "public"},
        {"token_endpoint_auth_method": "none", "kind": "confidential"},
        {"token_endpoint_auth_method": "private_key_jwt", "secret_digest": "x"},
    ],
    ids=str,
)
def test_a_client_that_cannot_be(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        register(**values)


def test_a_client_approved_by_the_officer_who_made_it() -> None:
    officer = UserFactory()
    with pytest.raises(IntegrityError):
        register(created_by=officer, approved_by=officer)


def test_a_person_has_one_subject_in_a_sector() -> None:
    person = UserFactory()
    PairwiseSubject.objects.create(sector="td", person=person, sub="one")
    with pytest.raises(IntegrityError):
        PairwiseSubject.objects.create(sector="td", person=person, sub="two")


def test_a_deleted_account_leaves_no_token_and_no_subject(party: Party) -> None:
    token = party.tokens()["access_token"]
    with transaction.atomic():
        closing.registry.rooms["sites"].erase(party.browser_person())
    assert party.userinfo(token).status_code == 401
    assert not PairwiseSubject.objects.exists()
