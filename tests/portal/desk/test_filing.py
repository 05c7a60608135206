"""An officer sets when a function can be filed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from services.registry.models import Change, FilingPeriod
from tests.factories import OfficerFactory, ServiceFunctionFactory
from tests.portal.desk.conftest import Desk, browser


def clock(days: float) -> str:
    """So many days from now, as a browser's clock field posts it."""
    return f"{timezone.localtime() + timedelta(days=days):%Y-%m-%dT%H:%M}"


def posted(**changed: str) -> dict[str, str]:
    return {"opens_at": clock(1), "closes_at": clock(30), "rule": "extend", "extend_days": "2", **changed}


def test_a_period_is_set_in_hong_kong_time_and_on_record(desk: Desk) -> None:
    answer = desk.browser.post(
        desk.address("filing/"), posted(opens_at="2030-01-01T09:00", closes_at="2030-01-31T18:00")
    )
    assert answer.status_code == 302
    period = FilingPeriod.objects.get()
    assert period.closes_at == datetime.fromisoformat("2030-01-31T18:00+08:00")
    assert (period.rule, period.extend_days) == ("extend", 2)
    change = Change.objects.get(verb="function.filing_added")
    assert (change.actor, change.function) == (desk.officer, desk.function)


@pytest.mark.parametrize(
    "changed",
    [{"opens_at": ""}, {"closes_at": "soon"}, {"closes_at": "2020-01-01T00:00", "opens_at": "2019-01-01T00:00"},
     {"opens_at": clock(40)}, {"rule": "never"}, {"extend_days": "0"}, {"extend_days": "x"}, {"extend_days": "61"},
     {"closes_at": "9999-01-01T00:00"}, {"opens_at": "2030-13-45T99:00"}],
)  # fmt: skip
def test_a_period_that_cannot_be_is_refused_with_a_reason(desk: Desk, changed: dict[str, str]) -> None:
    answer = desk.browser.post(desk.address("filing/"), posted(**changed))
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content
    assert not FilingPeriod.objects.exists()


def test_two_periods_do_not_overlap(desk: Desk) -> None:
    desk.browser.post(desk.address("filing/"), posted())
    assert (
        desk.browser.post(desk.address("filing/"), posted(opens_at=clock(29), closes_at=clock(40))).status_code == 422
    )


def test_only_officers_of_the_department_set_one(desk: Desk) -> None:
    stranger = browser(OfficerFactory())
    assert stranger.post(desk.address("filing/"), posted()).status_code == 404
    assert not FilingPeriod.objects.exists()


@pytest.fixture
def period(desk: Desk) -> FilingPeriod:
    now = timezone.now()
    return FilingPeriod.objects.create(
        function=desk.function, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=5)
    )


def act(desk: Desk, period: FilingPeriod, verb: str, **values: Any) -> FilingPeriod | None:
    desk.browser.post(desk.address(f"filing/{period.pk}/{verb}/"), values)
    return FilingPeriod.objects.filter(pk=period.pk).first()


def test_a_period_can_be_extended_and_the_history_says_so(desk: Desk, period: FilingPeriod) -> None:
    longer = act(desk, period, "extend", closes_at=clock(9))
    assert longer
    assert longer.closes_at > period.closes_at
    assert b"extended a filing period" in desk.browser.get(desk.address("history/")).content


@pytest.mark.parametrize("closes", [clock(1), "", "x"])
def test_an_end_is_never_brought_forward(desk: Desk, period: FilingPeriod, closes: str) -> None:
    same = act(desk, period, "extend", closes_at=closes)
    assert same
    assert same.closes_at == period.closes_at


def test_a_period_that_has_opened_stays(desk: Desk, period: FilingPeriod) -> None:
    assert act(desk, period, "remove")


def test_a_period_that_has_not_opened_can_go(desk: Desk, period: FilingPeriod) -> None:
    FilingPeriod.objects.update(opens_at=timezone.now() + timedelta(days=1))
    assert act(desk, period, "remove") is None
    assert Change.objects.filter(verb="function.filing_removed").exists()


def test_another_functions_period_is_not_found(desk: Desk, period: FilingPeriod) -> None:
    other = ServiceFunctionFactory(department=desk.department)
    assert desk.browser.post(desk.address(f"filing/{period.pk}/remove/", other)).status_code == 404


def test_the_page_shows_what_citizens_read(desk: Desk, period: FilingPeriod) -> None:
    assert b"File by" in desk.browser.get(desk.address("filing/")).content
    assert b"File by" in desk.browser.get(desk.address()).content
