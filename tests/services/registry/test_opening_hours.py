"""A service window as people read and write it."""

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as some

from services.registry import opening_hours, windows

CLOCKS = some.times().map(lambda at: f"{at.hour:02}:{at.minute:02}")
SPANS = some.tuples(CLOCKS, CLOCKS).filter(lambda span: span[0] < span[1]).map(list)
DAYS = some.dictionaries(
    some.sampled_from(windows.DAYS), some.lists(SPANS, min_size=1, max_size=2).map(sorted), min_size=1
)
WINDOWS = some.builds(lambda days, rest: days | rest, DAYS, some.sampled_from([{}, {"general_holidays": "closed"}]))


@given(WINDOWS)
def test_what_is_written_is_read_as_it_was(window: dict[str, object]) -> None:
    assert opening_hours.read(opening_hours.write(window)) == window


@pytest.mark.parametrize("text", ["", "  \n "])
def test_no_lines_mean_always_open(text: str) -> None:
    assert opening_hours.read(text) is None
    assert opening_hours.write(None) == ""


def test_days_may_go_over_the_weekend() -> None:
    window = opening_hours.read("sat-mon 10:00-12:00")
    assert window is not None
    assert sorted(window) == ["mon", "sat", "sun"]


@pytest.mark.parametrize("line", ["x", "mon", "mon 9", "mon-fri", "mon 09:00-", "mon 09:00-17:00;", '{"mon": 1}'])
def test_a_line_that_is_not_understood_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="^" + line[:3].replace("{", r"\{")):
        opening_hours.read(f"tue 09:00-17:00\n{line}")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Monday to Friday: 9:00–13:00, 14:00–17:00"),
        ("zh-hant", "星期一至星期五：9:00–13:00、14:00–17:00"),
        ("zh-hans", "星期一至星期五：9:00–13:00、14:00–17:00"),
    ],
)
def test_hours_are_said_in_each_language(language: str, line: str) -> None:
    with override(language):
        assert opening_hours.say(opening_hours.read("mon-fri 9:00-13:00, 14:00-17:00"))[0] == line
