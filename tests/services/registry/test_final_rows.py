"""What was approved, recorded or disclosed stays as it was, even for someone with a database prompt."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from identity.consent.flows import disclose
from identity.consent.models import Disclosure
from services.registry import record
from services.registry.models import Change, FunctionVersion
from tests.factories import FunctionVersionFactory, ServiceFunctionFactory, version_of

pytestmark = pytest.mark.django_db

ALTERED = {
    "number": 9,
    "state": "draft",
    "name_en": "Something else",
    "keywords": ["else"],
    "fee_hkd": "1.00",
    "form": {"type": "object"},
    "request_map": {},
    "answer_map": [],
    "created_at": timezone.now(),
}


@pytest.fixture
def version() -> FunctionVersion:
    return version_of(ServiceFunctionFactory())


@pytest.mark.parametrize("column", ALTERED)
def test_an_approved_version_cannot_be_altered(version: FunctionVersion, column: str) -> None:
    with pytest.raises(IntegrityError, match="approved"), transaction.atomic():
        FunctionVersion.objects.filter(pk=version.pk).update(**{column: ALTERED[column]})


def test_an_approved_version_cannot_be_deleted(version: FunctionVersion) -> None:
    version.function.published = None
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM registry_functionversion WHERE id = %s", [version.pk])


def test_an_approved_version_cannot_be_saved_either(version: FunctionVersion) -> None:
    with pytest.raises(PermissionDenied):
        version.save()


def test_a_draft_can_be_altered() -> None:
    draft = FunctionVersionFactory()
    assert FunctionVersion.objects.filter(pk=draft.pk).update(name_en="Something else") == 1


@pytest.mark.parametrize("act", [lambda rows: rows.update(verb="nothing"), lambda rows: rows.delete()])
def test_the_record_of_changes_cannot_be_altered(
    version: FunctionVersion, act: Callable[[QuerySet[Any]], object]
) -> None:
    record.of_version("approved", version, by=None)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        act(Change.objects.all())


@pytest.mark.parametrize("act", [lambda rows: rows.update(reference="other"), lambda rows: rows.delete()])
def test_the_disclosure_log_cannot_be_altered(act: Callable[[QuerySet[Any]], object]) -> None:
    names = {"en": "Transport Department"}
    disclose(
        person=None,
        recipient="td",
        recipient_names=names,
        purpose_names=names,
        fields=["hkid"],
        reference="FRY-1",
        at=timezone.now(),
    )
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        act(Disclosure.objects.all())
