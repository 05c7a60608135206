"""How far each app is on its way out, read from facts: registered, published, tried, used, switched off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet

from services.consolidation.models import Blocker
from services.gateway.models import ServiceCall
from services.registry import protocols
from services.registry.models import Department, LegacyApp, ServiceFunction

OPEN_STATES = {ServiceFunction.State.PUBLISHED, ServiceFunction.State.SUSPENDED}


class Alike(NamedTuple):
    """So many functions of one app that are equally far."""

    app_id: int | None
    department_id: int
    state: str
    connector: str | None
    is_tried: bool
    is_used: bool
    number: int


@dataclass
class FunctionCount:
    """Of some functions: how many have come how far. Each number is part of the one before."""

    registered: int = 0
    published: int = 0
    doable: int = 0  # published, and a connector speaks to its backend
    tried: int = 0  # somebody has called it here
    used: int = 0  # somebody has got it done here

    def add(self, alike: Alike) -> None:
        is_published = alike.state in OPEN_STATES
        self.registered += alike.number
        self.published += alike.number * is_published
        self.doable += alike.number * (is_published and protocols.find(alike.connector or "") is not None)
        self.tried += alike.number * alike.is_tried
        self.used += alike.number * alike.is_used


@dataclass(frozen=True)
class AppStage:
    """One app, with what it carries and what is in its way."""

    app: LegacyApp
    functions: FunctionCount
    blockers: list[Blocker] = field(default_factory=list)

    @property
    def is_retired(self) -> bool:
        return self.app.status == LegacyApp.Status.RETIRED

    @property
    def steps(self) -> list[tuple[str, bool]]:
        """Each step on the way out, and whether all of the app's functions have taken it."""
        count = self.functions
        return [
            ("registered", count.registered > 0),
            ("published", 0 < count.registered <= count.published),
            ("used", 0 < count.registered <= count.used),
            ("switched_off", self.is_retired),
        ]

    def is_overdue(self, today: date) -> bool:
        """Its planned day has passed, and it is still there."""
        return not self.is_retired and self.app.retire_by is not None and self.app.retire_by < today


@dataclass
class DepartmentStage:
    """One department's apps and functions together."""

    department: Department
    once: int = 0
    retired: int = 0
    functions: FunctionCount = field(default_factory=FunctionCount)
    next_on: date | None = None  # the next planned retirement that is still ahead

    @property
    def now(self) -> int:
        return self.once - self.retired


def functions() -> QuerySet[Any]:
    """ServiceFunctions, each with `is_tried` and `is_used`."""
    calls = ServiceCall.objects.filter(function=OuterRef("pk"))
    return ServiceFunction.objects.annotate(
        is_tried=Exists(calls), is_used=Exists(calls.filter(status=ServiceCall.Status.COMPLETED))
    )


def carried() -> list[Alike]:
    """All functions, counted by how far they are: one query, and few rows however many functions."""
    kinds = (
        functions()
        .order_by()
        .values_list("app_id", "department_id", "state", "published__backend__connector", "is_tried", "is_used")
    )
    return [Alike(*row) for row in kinds.annotate(number=Count("pk"))]


def is_doable(function: ServiceFunction) -> bool:
    """It can be carried out here, not only found."""
    return function.published is not None and protocols.find(function.published.backend.connector) is not None


def of_apps(apps: QuerySet[LegacyApp], counted: Iterable[Alike]) -> list[AppStage]:
    """Each app with the functions it carries and the blockers in its way. Two queries."""
    counts: dict[int, FunctionCount] = defaultdict(FunctionCount)
    for alike in counted:
        if alike.app_id is not None:
            counts[alike.app_id].add(alike)
    blockers: dict[int, list[Blocker]] = defaultdict(list)
    for blocker in Blocker.objects.open():
        blockers[blocker.app_id].append(blocker)
    return [AppStage(app, counts[app.pk], blockers[app.pk]) for app in apps.select_related("department")]


def of_departments(
    apps: Iterable[AppStage], counted: Iterable[Alike], departments: Iterable[Department], today: date
) -> list[DepartmentStage]:
    """Every department that has an app or a function; asks no more queries."""
    found = {department.pk: DepartmentStage(department) for department in departments}
    for stage in apps:
        row = found[stage.app.department_id]
        row.once += 1
        row.retired += stage.is_retired
        day = stage.app.retire_by
        if not stage.is_retired and day and day >= today and (row.next_on is None or day < row.next_on):
            row.next_on = day
    for alike in counted:
        found[alike.department_id].functions.add(alike)
    return [row for row in found.values() if row.once or row.functions.registered]
