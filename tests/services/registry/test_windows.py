"""Service windows: whatever the window, the next opening is never in the past and never while it is closed."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry import windows

moments = st.datetimes(
    min_value=datetime(2025, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.sampled_from([UTC, windows.HONG_KONG])
)
clock = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
spans = st.tuples(clock, clock).filter(lambda span: span[0] < span[1])
days = st.lists(spans.map(lambda span: [span[0].isoformat("minutes"), span[1].isoformat("minutes")]), max_size=3)
open_windows = st.dictionaries(st.sampled_from(windows.DAYS), days, min_size=1).filter(lambda w: any(w.values()))


def is_open(window: windows.Window, now: datetime) -> bool:
    """By the definition, without looking ahead."""
    here = now.astimezone(windows.HONG_KONG)
    return any(
        time.fromisoformat(opens) <= here.time() < time.fromisoformat(closes)
        for opens, closes in window.get(windows.DAYS[here.weekday()], [])
    )


@given(moments)
def test_no_window_is_always_open(now: datetime) -> None:
    assert windows.next_open(None, now) == now


@given(open_windows, moments)
def test_the_counter_is_open_at_the_next_opening(window: windows.Window, now: datetime) -> None:
    assert is_open(window, windows.next_open(window, now))


@given(open_windows, moments)
def test_an_open_counter_opens_now_and_a_closed_one_later(window: windows.Window, now: datetime) -> None:
    opens_at = windows.next_open(window, now)
    assert (opens_at == now) if is_open(window, now) else (opens_at > now)


@given(open_windows, moments, st.floats(min_value=0, max_value=0.999))
def test_the_counter_stays_closed_until_it_opens(window: windows.Window, now: datetime, share: float) -> None:
    opens_at = windows.next_open(window, now)
    between = now + (opens_at - now) * share
    assert opens_at == now or not is_open(window, between)


@given(open_windows, moments)
def test_every_window_opens_within_eight_days(window: windows.Window, now: datetime) -> None:
    assert windows.next_open(window, now) - now <= timedelta(days=8)


@given(open_windows)
def test_a_well_formed_window_passes_the_check(window: windows.Window) -> None:
    windows.check(window)


@pytest.mark.parametrize(
    ("window", "complaint"),
    [
        ({}, "at least one day"),
        ({"mon": []}, "at least one day"),
        ([], "at least one day"),
        ({"monday": [["09:00", "17:00"]]}, "'monday' is not one of"),
        ({"mon": [["17:00", "09:00"]]}, "17:00 is not before 09:00"),
        ({"mon": [["09:00"]]}, "is not a pair"),
        ({"mon": [["9 am", "5 pm"]]}, "is not a pair"),
        ({"mon": [[9, 17]]}, "is not a pair"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_a_reason(window: windows.Window, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        windows.check(window)
