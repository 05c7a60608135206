"""Changing how a backend is reached."""

from typing import Any

import pytest

from identity.accounts.models import User
from services.registry import errors, flows
from services.registry.models import Backend, Change
from tests.factories import BackendFactory, OfficerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def backend() -> Backend:
    return BackendFactory()


@pytest.fixture
def officer(backend: Backend) -> User:
    return OfficerFactory(department=backend.department)


def test_a_change_is_kept_and_recorded(backend: Backend, officer: User) -> None:
    backend.timeout_seconds = 5
    flows.save_backend(backend, by=officer)
    change = Change.objects.get(verb="backend.changed", subject=backend.code)
    assert change.details == {"changed": {"timeout_seconds": [20, 5]}}


def test_saving_without_a_change_records_nothing(backend: Backend, officer: User) -> None:
    flows.save_backend(backend, by=officer)
    assert not Change.objects.exists()


def test_a_new_backend_is_recorded(officer: User) -> None:
    department = officer.memberships.get().department
    flows.save_backend(BackendFactory.build(department=department, code="new-rest"), by=officer)
    assert Change.objects.filter(verb="backend.created", department=department).exists()


def test_only_officers_of_the_department_change_it(backend: Backend) -> None:
    with pytest.raises(errors.NotAllowed):
        flows.save_backend(backend, by=OfficerFactory())


def test_a_backend_stays_with_its_department(backend: Backend) -> None:
    elsewhere = OfficerFactory()
    backend.department = elsewhere.memberships.get().department
    with pytest.raises(errors.NotAllowed):
        flows.save_backend(backend, by=elsewhere)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service_window", {"mon": [["17:00", "09:00"]]}),
        ("settings", {"no_such_setting": True}),
        ("address", "ftp://example.hk/"),
        ("address", "https://user:secret@example.hk/"),
        ("address", "example.hk"),
    ],
)
def test_what_could_not_be_reached_is_refused_with_the_field(
    backend: Backend, officer: User, field: str, value: Any
) -> None:
    setattr(backend, field, value)
    with pytest.raises(errors.Unusable) as caught:
        flows.save_backend(backend, by=officer)
    assert caught.value.field == field


@pytest.mark.parametrize("connector", ["rest", "soap"])
def test_a_backend_of_any_protocol_may_name_the_secret_of_its_webhooks(officer: User, connector: str) -> None:
    department = officer.memberships.get().department
    values = {"soap": True} if connector == "soap" else {}
    made = BackendFactory.build(department=department, code="new", **values)
    made.settings["webhook_secret"] = "TD_WEBHOOK_SECRET"
    assert flows.save_backend(made, by=officer).settings["webhook_secret"] == "TD_WEBHOOK_SECRET"


@pytest.mark.parametrize("secret", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "", "lower", 7, None, ["A"]])
def test_the_secret_itself_is_refused(backend: Backend, officer: User, secret: Any) -> None:
    backend.settings["webhook_secret"] = secret
    with pytest.raises(errors.Unusable, match="webhook_secret"):
        flows.save_backend(backend, by=officer)
