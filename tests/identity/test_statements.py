"""Rows read by prepared statements are those that the ORM reads."""

from typing import Any

import pytest
from django.forms.models import model_to_dict

from identity import statements
from identity.consent.models import Consent
from identity.provider.models import Client, TokenFamily
from tests.identity.provider.party import Party, register, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def family() -> TokenFamily:
    """A family with a consent, lists, and a claims request."""
    from tests.factories import UserFactory

    party = Party(*register(), scope="openid email")
    sign_in(party.browser, UserFactory(assurance="basic"))
    party.tokens(claims='{"userinfo": {"name": {"essential": true}}}')
    return TokenFamily.objects.get()


def values(row: Any) -> dict[str, Any]:
    """Every column, those that no form shows among them."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_is_the_one_that_the_orm_reads(family: TokenFamily) -> None:
    found = statements.find(TokenFamily, "it.id = %s", [family.pk], along=("client", "person"))
    assert found is not None
    assert values(found) == values(family)
    assert values(found.client) == values(family.client)
    assert values(found.person) == values(family.person)
    assert model_to_dict(found) == model_to_dict(family)


def test_rows_that_come_along_are_not_asked_for_again(family: TokenFamily, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = statements.find(TokenFamily, "it.id = %s", [family.pk], along=("client", "person"))
        assert found is not None
        assert (found.client.client_id, str(found.person)) != ("", "")


def test_a_row_that_was_found_can_be_changed(family: TokenFamily) -> None:
    found = statements.find(Client, "it.id = %s", [family.client_id])
    assert found is not None
    found.name_en = "Another"
    found.save()
    assert Client.objects.get(pk=found.pk).name_en == "Another"


def test_where_there_is_no_row_there_is_none(family: TokenFamily) -> None:
    assert statements.find(Consent, "it.purpose = %s", ["nobody's"]) is None
