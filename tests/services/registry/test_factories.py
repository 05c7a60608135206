"""The factories that every other test relies on make what their docstrings say."""

import pytest

from services.registry.models import ServiceFunction
from tests.factories import FunctionVersionFactory, OfficerFactory, ServiceFunctionFactory, version_of

pytestmark = pytest.mark.django_db


def test_a_function_is_published_with_its_version() -> None:
    function = ServiceFunctionFactory(version__action="pay")
    function.refresh_from_db()
    assert function.state == ServiceFunction.State.PUBLISHED
    assert version_of(function).action == "pay"
    assert version_of(function).backend.department == function.department


def test_a_version_is_a_draft_of_a_function_that_nobody_sees() -> None:
    version = FunctionVersionFactory()
    assert version.is_open
    assert version.function.state == ServiceFunction.State.DRAFT


def test_an_officer_belongs_to_a_department_and_a_group() -> None:
    officer = OfficerFactory()
    assert officer.memberships.count() == 1
    assert officer.has_perm("registry.change_functionversion")
