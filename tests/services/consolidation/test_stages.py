"""How far an app is, read from facts."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from services.consolidation import flows, stages
from services.gateway import receipts
from services.gateway.models import ServiceCall
from services.registry.models import Department, LegacyApp, ServiceFunction
from tests.factories import BackendFactory, LegacyAppFactory, ServiceFunctionFactory, version_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)


def call(function: ServiceFunction, status: str) -> None:
    version = version_of(function)
    ServiceCall.objects.create(
        receipt=receipts.new(), function=function, version=version, backend=version.backend, caller="session:test",
        idempotency_key=uuid4().hex, payload={"form": {}, "files": {}}, sent_sha256="0" * 64, status=status,
        finished_at=timezone.now() if status == "completed" else None,
    )  # fmt: skip


def steps_of(app: LegacyApp) -> dict[str, bool]:
    return dict(stages.of_apps(LegacyApp.objects.filter(pk=app.pk), stages.carried())[0].steps)


def test_an_app_without_functions_has_taken_no_step() -> None:
    assert set(steps_of(LegacyAppFactory()).values()) == {False}


def test_a_step_is_taken_when_all_functions_have_taken_it() -> None:
    app = LegacyAppFactory()
    ServiceFunctionFactory(app=app)
    before = steps_of(app)["published"]
    ServiceFunctionFactory(app=app, version=False)
    assert (before, steps_of(app)["published"]) == (True, False)


def test_a_call_on_its_way_is_tried_but_not_used() -> None:
    function = ServiceFunctionFactory(app=LegacyAppFactory())
    call(function, "accepted")
    count = stages.of_apps(LegacyApp.objects.all(), stages.carried())[0].functions
    assert (count.tried, count.used) == (1, 0)


def test_an_app_is_used_here_once_a_call_was_completed() -> None:
    app = LegacyAppFactory()
    call(ServiceFunctionFactory(app=app), "completed")
    assert steps_of(app)["used"]


def test_a_function_behind_a_protocol_nobody_speaks_cannot_be_done_here() -> None:
    backend = BackendFactory(connector="telex")
    ServiceFunctionFactory(app=LegacyAppFactory(), department=backend.department, version__backend=backend)
    count = stages.of_apps(LegacyApp.objects.all(), stages.carried())[0].functions
    assert (count.published, count.doable) == (1, 0)


def test_an_app_past_its_planned_day_is_overdue() -> None:
    LegacyAppFactory(status="consolidating", retire_by=TODAY - timedelta(days=1))
    assert stages.of_apps(LegacyApp.objects.all(), stages.carried())[0].is_overdue(TODAY)


def test_open_blockers_come_with_their_app() -> None:
    app = LegacyAppFactory()
    blocker = flows.open_blocker(app, what="a contract", owner="Supplies", by=None)
    closed = flows.open_blocker(app, what="a database", owner="IT", by=None)
    flows.close_blocker(closed, outcome="exported", by=None)
    assert stages.of_apps(LegacyApp.objects.all(), stages.carried())[0].blockers == [blocker]


def test_a_department_adds_up_its_apps() -> None:
    app = LegacyAppFactory(status="consolidating", retire_by=TODAY + timedelta(days=30))
    LegacyAppFactory(department=app.department, status="retired", retire_by=TODAY - timedelta(days=30))
    apps = stages.of_apps(LegacyApp.objects.all(), stages.carried())
    (row,) = stages.of_departments(apps, [], Department.objects.all(), TODAY)
    assert (row.once, row.now, row.retired, row.next_on) == (2, 1, 1, TODAY + timedelta(days=30))
