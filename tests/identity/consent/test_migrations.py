"""Lines that were written before there were chains keep their order, and are found to be whole."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import verification
from identity.consent.models import Disclosure
from tests.factories import UserFactory
from tests.identity.consent.lines import note

STEP = "0004_chain_earlier_lines"
LOOSEN = """
ALTER TABLE consent_disclosure DISABLE TRIGGER USER, ALTER chain DROP NOT NULL, ALTER sequence DROP NOT NULL,
    ALTER visible_from DROP NOT NULL
"""
EARLIER = """
INSERT INTO consent_disclosure (person_id, recipient, recipient_names, purpose_names, fields, reference, at, kind,
    purpose, ground, salt, digest, previous, hash)
VALUES (%s, 'td', '{"en": "Transport"}', '{}', '{phone}', %s, %s, 'call', '', '', '', '', '', '')
"""


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def test_earlier_lines_get_their_places(person: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOOSEN)
        for number, key in enumerate([person.pk, None, person.pk]):
            cursor.execute(EARLIER, [key, f"FRY-{number}", timezone.now()])
        cursor.execute("ALTER TABLE consent_chain DISABLE TRIGGER USER")
    apps = MigrationLoader(connection).project_state(("consent", STEP)).apps
    import_module(f"identity.consent.migrations.{STEP}").chain(apps, None)
    note(person, reference="FRY-3")
    own = Disclosure.objects.filter(chain=person.pk).order_by("sequence").values_list("sequence", "reference")
    assert list(own) == [(1, "FRY-0"), (2, "FRY-2"), (3, "FRY-3")]
    assert list(verification.problems()) == []
