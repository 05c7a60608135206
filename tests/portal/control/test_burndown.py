"""The picture: points lie where their dates and counts say, inside the frame."""

from datetime import date, timedelta

import pytest

from portal.control import burndown
from services.consolidation import progress
from services.consolidation.progress import Point

TODAY, DUE = date(2026, 11, 24), date(2027, 12, 31)


def story(gone: int = 13) -> burndown.Story:
    days = [TODAY - timedelta(days=30 * number + 1) for number in range(gone)]
    history = progress.history(days, once=72 + gone, today=TODAY)
    trend = progress.by_trend(days, now=72, target=36, today=TODAY, due=DUE)
    plan = progress.by_plan([DUE], now=72, target=36, today=TODAY, due=DUE)
    return burndown.Story(history, (Point(TODAY, 72), Point(DUE, 36)), trend, plan)


@pytest.mark.parametrize("frame", [burndown.WIDE, burndown.NARROW])
def test_marked_points_lie_inside_the_picture(frame: burndown.Frame) -> None:
    drawing = burndown.draw(story(), frame)
    spots = [drawing.start, drawing.today, drawing.target, drawing.landing]
    assert all(spot and 0 < spot.x < frame.width and 0 < spot.y < frame.height for spot in spots)


def test_later_is_further_right_and_fewer_is_lower() -> None:
    drawing = burndown.draw(story(), burndown.WIDE)
    assert drawing.start.x < drawing.today.x < drawing.target.x
    assert drawing.start.y < drawing.today.y < drawing.target.y


def test_a_landing_far_away_leaves_the_picture_at_its_edge() -> None:
    drawing = burndown.draw(story(gone=1), burndown.WIDE)
    last = drawing.trend.split()[-1].split(",")[0]
    assert (drawing.landing, float(last)) == (None, drawing.end)


def test_a_picture_without_any_retirement_is_drawn() -> None:
    assert burndown.draw(story(gone=0), burndown.WIDE).landing is None


def test_the_narrow_picture_names_fewer_years() -> None:
    wide, narrow = (burndown.draw(story(), frame) for frame in (burndown.WIDE, burndown.NARROW))
    assert len(narrow.years) < len(wide.years)
