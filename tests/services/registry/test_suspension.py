"""Suspending, resuming and retiring a published function."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from identity.accounts.models import User
from services.registry import errors, flows
from services.registry.models import Change, ServiceFunction
from services.registry.tasks import end_suspensions
from tests.factories import Maker, OfficerFactory, OperatorFactory, ServiceFunctionFactory

pytestmark = pytest.mark.django_db

REASONS = {"en": "We are moving house.", "zh-hant": "我們正在搬遷。"}


@pytest.fixture
def function() -> ServiceFunction:
    return ServiceFunctionFactory()


@pytest.fixture
def officer(function: ServiceFunction) -> User:
    return OfficerFactory(department=function.department)


@pytest.fixture
def suspended(function: ServiceFunction, officer: User) -> ServiceFunction:
    until = timezone.now() + timedelta(days=1)
    return flows.suspend(function, by=officer, reasons=REASONS, until=until)


def test_a_suspended_function_is_still_found_and_says_why(suspended: ServiceFunction) -> None:
    found = ServiceFunction.objects.public().get(pk=suspended.pk)
    assert (found.state, found.suspended_reason_zh_hans) == ("suspended", "我们正在搬迁。")


def test_a_suspension_needs_its_reason_in_both_scripts(function: ServiceFunction, officer: User) -> None:
    with pytest.raises(errors.Incomplete) as caught:
        flows.suspend(function, by=officer, reasons={"en": "We are moving house."})
    assert len(caught.value.missing) == 2


def test_a_suspension_ends_in_the_future(function: ServiceFunction, officer: User) -> None:
    with pytest.raises(errors.Incomplete):
        flows.suspend(function, by=officer, reasons=REASONS, until=timezone.now())


def test_the_database_refuses_a_suspension_without_a_reason(function: ServiceFunction) -> None:
    with pytest.raises(IntegrityError, match="function_suspended_says_why"), transaction.atomic():
        ServiceFunction.objects.filter(pk=function.pk).update(state="suspended")


@pytest.mark.parametrize("stranger", [OfficerFactory, OperatorFactory])
def test_only_officers_of_the_department_suspend(function: ServiceFunction, stranger: Maker[User]) -> None:
    with pytest.raises(errors.NotAllowed):
        flows.suspend(function, by=stranger(), reasons=REASONS)


def test_a_resumed_function_forgets_its_reason(suspended: ServiceFunction, officer: User) -> None:
    resumed = flows.resume(suspended, by=officer)
    assert (resumed.state, resumed.suspended_reason_en, resumed.suspended_until) == ("published", "", None)


def test_a_published_function_cannot_be_resumed(function: ServiceFunction, officer: User) -> None:
    with pytest.raises(errors.NotOpen):
        flows.resume(function, by=officer)


def test_a_suspension_that_has_run_out_ends_by_itself(suspended: ServiceFunction) -> None:
    assert flows.end_suspensions(timezone.now() + timedelta(days=2)) == 1
    suspended.refresh_from_db()
    assert suspended.state == "published"
    assert Change.objects.filter(verb="function.resumed", actor=None, function=suspended).exists()


def test_a_suspension_is_not_ended_early(suspended: ServiceFunction) -> None:
    end_suspensions()
    suspended.refresh_from_db()
    assert suspended.state == "suspended"


def test_a_suspension_without_an_end_waits_for_an_officer(function: ServiceFunction, officer: User) -> None:
    flows.suspend(function, by=officer, reasons=REASONS)
    assert flows.end_suspensions(timezone.now() + timedelta(days=999)) == 0


def test_publishing_does_not_lift_a_suspension(suspended: ServiceFunction, officer: User) -> None:
    draft = flows.submit(flows.start_draft(suspended, by=officer), by=officer)
    flows.approve(draft, by=OfficerFactory(department=suspended.department))
    suspended.refresh_from_db()
    assert (suspended.state, suspended.published) == ("suspended", draft)


def test_a_retired_function_is_found_no_more(function: ServiceFunction, officer: User) -> None:
    flows.retire(function, by=officer)
    assert not ServiceFunction.objects.public().filter(pk=function.pk).exists()


def test_a_retired_function_gets_no_new_versions(function: ServiceFunction, officer: User) -> None:
    flows.retire(function, by=officer)
    with pytest.raises(errors.NotOpen):
        flows.start_draft(function, by=officer)


def test_a_version_in_review_is_not_published_after_retirement(function: ServiceFunction, officer: User) -> None:
    draft = flows.submit(flows.start_draft(function, by=officer), by=officer)
    flows.retire(function, by=officer)
    with pytest.raises(errors.NotOpen):
        flows.approve(draft, by=OfficerFactory(department=function.department))
