"""The verbs of consolidation, and what the database refuses."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone

from services.consolidation import flows, tasks
from services.consolidation.errors import AlreadyDone, NotReady
from services.consolidation.models import Aim, Blocker, Reading
from services.registry.models import Change, LegacyApp
from tests.factories import LegacyAppFactory, OperatorFactory, ServiceFunctionFactory

pytestmark = pytest.mark.django_db
DUE = date(2027, 12, 31)


def retired() -> LegacyApp:
    return LegacyAppFactory(status="retired", retire_by=date(2025, 3, 31))


def test_an_aim_halves_what_is_there_today() -> None:
    LegacyAppFactory.create_batch(5)
    retired()
    aim = flows.set_aim(by=OperatorFactory(), due_on=DUE)
    assert (aim.apps_at_start, aim.apps, aim.functions) == (5, 2, 1300)


def test_an_aim_stays_when_apps_go() -> None:
    app = LegacyAppFactory.create_batch(4)[0]
    flows.set_aim(by=None, due_on=DUE)
    flows.retire_app(app, by=None, reason="all moved")
    assert Aim.objects.get().apps_at_start == 4


def test_an_aim_above_its_start_is_refused() -> None:
    with pytest.raises(IntegrityError):
        Aim.objects.create(apps_at_start=3, apps=4, functions=1, due_on=DUE)


def test_a_blocker_says_who_noted_it() -> None:
    ops = OperatorFactory()
    app = LegacyAppFactory()
    flows.open_blocker(app, what="a contract", owner="Supplies", by=ops)
    change = Change.objects.get()
    assert (change.verb, change.actor, change.department) == ("blocker.opened", ops, app.department)


def test_nothing_is_in_the_way_of_a_retired_app() -> None:
    with pytest.raises(AlreadyDone):
        flows.open_blocker(retired(), what="a contract", owner="Supplies", by=None)


def test_a_blocker_is_closed_with_its_outcome() -> None:
    ops = OperatorFactory()
    blocker = flows.open_blocker(LegacyAppFactory(), what="a contract", owner="Supplies", by=None)
    closed = flows.close_blocker(blocker, outcome="notice given", by=ops)
    assert (closed.is_open, closed.closed_by, closed.outcome) == (False, ops, "notice given")


def test_a_blocker_is_closed_once() -> None:
    blocker = flows.open_blocker(LegacyAppFactory(), what="a contract", owner="Supplies", by=None)
    flows.close_blocker(blocker, outcome="notice given", by=None)
    with pytest.raises(AlreadyDone):
        flows.close_blocker(blocker, outcome="again", by=None)


@pytest.mark.parametrize(
    "values",
    [
        {"what": ""},
        {"owner": ""},
        {"closed_at": timezone.now()},
        {"outcome": "done"},
        {"closed_at": timezone.now() - timedelta(days=9), "outcome": "before it was there"},
    ],
)
def test_the_database_refuses_half_a_blocker(values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        Blocker.objects.create(**{"app": LegacyAppFactory(), "what": "a contract", "owner": "Supplies", **values})


def test_an_app_without_anything_in_its_way_is_switched_off() -> None:
    app = flows.retire_app(LegacyAppFactory(), by=OperatorFactory(), reason="all moved")
    assert (app.status, app.retire_by) == ("retired", timezone.localdate())


def test_an_app_with_an_open_blocker_stays() -> None:
    app = LegacyAppFactory()
    flows.open_blocker(app, what="a contract", owner="Supplies", by=None)
    with pytest.raises(NotReady):
        flows.retire_app(app, by=None, reason="all moved")


def test_an_app_with_an_unpublished_function_stays() -> None:
    app = LegacyAppFactory()
    ServiceFunctionFactory(app=app, version=False)
    with pytest.raises(NotReady) as caught:
        flows.retire_app(app, by=None, reason="all moved")
    assert caught.value.unpublished == 1


def test_an_app_is_switched_off_once() -> None:
    with pytest.raises(AlreadyDone):
        flows.retire_app(retired(), by=None, reason="again")


def test_a_reading_of_the_same_day_is_brought_up_to_date() -> None:
    LegacyAppFactory()
    tasks.take_reading()
    LegacyAppFactory(status="consolidating")
    ServiceFunctionFactory()
    tasks.take_reading()
    reading = Reading.objects.get()
    assert (reading.apps_live, reading.apps_consolidating, reading.functions_published) == (1, 1, 1)


def test_the_demonstration_changes_nothing_a_second_time() -> None:
    LegacyAppFactory(code="hkemobility")
    call_command("demo_consolidation", verbosity=0)
    call_command("demo_consolidation", verbosity=0)
    assert (Aim.objects.count(), Blocker.objects.count(), Reading.objects.count()) == (1, 2, 1)


def test_an_aim_is_set_by_command() -> None:
    LegacyAppFactory.create_batch(4)
    call_command(
        "set_aim", "--due", (timezone.localdate() + timedelta(days=400)).isoformat(), "--apps", "1", verbosity=0
    )
    assert Aim.objects.get().apps == 1


def test_an_aim_in_the_past_is_refused() -> None:
    with pytest.raises(CommandError):
        call_command("set_aim", "--due", timezone.localdate().isoformat())
