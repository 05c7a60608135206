"""The burn-down as a drawing: dates and counts become points of an SVG. Words and colours are the template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.consolidation.progress import Point, Projection

YEARS_BEYOND_DUE = 6  # a landing further away lies outside the picture, and the words say when it is


@dataclass(frozen=True)
class Tick:
    """A grid line with its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Spot:
    """A marked point; `anchor` keeps its words inside the picture."""

    x: float
    y: float
    anchor: str = "start"


@dataclass(frozen=True)
class Frame:
    """The size of a picture, in its own units, and the room its edges need."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    years_apart: int  # between two labels of the time axis
    landing_drop: int  # how far below its dot the landing is named: clear of the target's name


WIDE = Frame(1000, 420, left=48, right=24, top=36, bottom=40, years_apart=1, landing_drop=30)
NARROW = Frame(400, 380, left=38, right=14, top=36, bottom=36, years_apart=3, landing_drop=54)


@dataclass(frozen=True)
class Drawing:
    """Everything the template draws, ready to be written into attributes."""

    frame: Frame
    area: str
    history: str
    aim: str
    trend: str
    plan: str
    start: Spot
    today: Spot
    target: Spot
    landing: Spot | None
    years: list[Tick]
    levels: list[Tick]

    @property
    def floor(self) -> int:
        return self.frame.height - self.frame.bottom

    @property
    def end(self) -> int:
        return self.frame.width - self.frame.right


@dataclass(frozen=True)
class Story:
    """What is to be drawn."""

    history: Sequence[Point]
    aim: tuple[Point, Point]  # where it was set, where it is to be
    trend: Projection
    plan: Projection


class _Scale:
    def __init__(self, story: Story, frame: Frame) -> None:
        due = story.aim[1].on
        landings = [day for day in (story.trend.lands_on, story.plan.lands_on) if day]
        last_year = min(max([due.year, *(day.year for day in landings)]), due.year + YEARS_BEYOND_DUE)
        self.first, self.last = story.history[0].on - timedelta(days=90), date(last_year + 1, 3, 1)
        self.top = -(-max(point.apps for point in story.history) // 20) * 20 or 20
        self.frame = frame

    def x(self, day: date) -> float:
        share = (day - self.first).days / (self.last - self.first).days
        return round(self.frame.left + share * (self.frame.width - self.frame.left - self.frame.right), 1)

    def y(self, apps: float) -> float:
        room = self.frame.height - self.frame.top - self.frame.bottom
        return round(self.frame.top + (1 - apps / self.top) * room, 1)

    def spot(self, point: Point) -> Spot:
        x = self.x(point.on)
        return Spot(x, self.y(point.apps), "end" if x > self.frame.width * 0.75 else "start")

    def straight(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self.x(point.on)},{self.y(point.apps)}" for point in self._inside(points))

    def stepped(self, points: Sequence[Point]) -> str:
        """A path that keeps its height until the day it falls."""
        begin, *rest = points
        steps = "".join(f"H{self.x(point.on)}V{self.y(point.apps)}" for point in rest if point.on <= self.last)
        return f"M{self.x(begin.on)} {self.y(begin.apps)}{steps}"

    def _inside(self, points: Sequence[Point]) -> list[Point]:
        """A line that leaves the picture ends at its edge."""
        begin, end = points[0], points[-1]
        if end.on <= self.last:
            return list(points)
        share = (self.last - begin.on).days / (end.on - begin.on).days
        return [begin, Point(self.last, round(begin.apps + (end.apps - begin.apps) * share))]


def draw(story: Story, frame: Frame) -> Drawing:
    """The same story in another size is another frame."""
    scale = _Scale(story, frame)
    history = scale.stepped(story.history)
    start, target = story.aim
    lands = story.trend.lands_on
    floor = frame.height - frame.bottom
    years = range(scale.first.year, scale.last.year + 1)
    return Drawing(
        frame=frame,
        area=f"{history}V{floor}H{scale.x(story.history[0].on)}Z",
        history=history,
        aim=scale.straight([start, target]),
        trend=scale.straight(story.trend.points),
        plan=scale.stepped(story.plan.points),
        start=scale.spot(story.history[0]),
        today=scale.spot(story.history[-1]),
        target=scale.spot(target),
        landing=scale.spot(story.trend.points[-1]) if lands and lands <= scale.last else None,
        years=[Tick(scale.x(date(year, 1, 1)), str(year)) for year in years if _is_named(year, scale, frame)],
        levels=[Tick(scale.y(level), str(level)) for level in range(0, scale.top + 1, 20)],
    )


def _is_named(year: int, scale: _Scale, frame: Frame) -> bool:
    has_room = date(year, 1, 1) + timedelta(days=150 * frame.years_apart) < scale.last
    return scale.first < date(year, 1, 1) and year % frame.years_apart == 0 and has_room
