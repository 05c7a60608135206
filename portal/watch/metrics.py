"""The figures for Prometheus: counters from Redis, what stands now from the database. Names, labels and cost are in
docs/operations.md, the reasons in docs/decisions/0013.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from portal import health
from services import figures
from services.gateway import gauges
from services.registry.models import Backend

GAUGES = {
    "ferry_bulkhead_in_flight": ("Deliveries under way", "in_flight"),
    "ferry_bulkhead_limit": ("Deliveries that the backend bears at once", "bulkhead_limit"),
    "ferry_queue_length": ("Calls to deliver, without those that wait for the counter to open", "queue"),
    "ferry_queue_dated": ("Calls that wait for the counter to open", "dated"),
    "ferry_waiting": ("Calls with the department, whose answer comes later", "waiting"),
    "ferry_in_doubt": ("Calls of which nobody knows whether they arrived", "in_doubt"),
    "ferry_batches_overdue": ("Batch files whose answer should have come", "batches_overdue"),
}


class _Now:
    """What stands now, for all processes together."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        parts = GaugeMetricFamily("ferry_part_up", "1 while a part of the portal is up", labels=["part"])
        for part, state in {"database": health.database(), **health.pulses()}.items():
            parts.add_metric([part], float(state == "ok"))
        yield parts
        try:
            rows = gauges.read(self.now)
        except DatabaseError:
            return
        about = GaugeMetricFamily(
            "ferry_backend_info",
            "Always 1: whose a backend is, and its protocol",
            labels=["backend", "department", "connector"],
        )
        for row in rows:
            about.add_metric([row.backend, row.department, row.connector], 1.0)
        yield about
        for name, (text, field) in GAUGES.items():
            yield _gauge(name, text, {row.backend: float(getattr(row, field)) for row in rows})
        states = {row.backend: float(gauges.BREAKER_STATES[row.breaker]) for row in rows}
        yield _gauge("ferry_breaker_state", "0 closed, 1 half-open, 2 open", states)
        ages = {row.backend: self._age(row.oldest_accepted_at) for row in rows}
        yield _gauge("ferry_queue_age_seconds", "Since the receipt of the oldest call in the queue", ages)

    def _age(self, moment: datetime | None) -> float:
        return max(0.0, (self.now - moment).total_seconds()) if moment else 0.0


def _gauge(name: str, text: str, values: dict[str, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=["backend"])
    for backend, value in values.items():
        gauge.add_metric([backend], value)
    return gauge


class _Counted:
    """What was counted by all processes; a backend's department is added here."""

    def __init__(self, counted: dict[figures.Key, int], departments: dict[str, str]) -> None:
        self.departments = departments
        self.by_name: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        for (name, *labels), amount in counted.items():
            self.by_name[name].append((tuple(labels), amount))

    def collect(self) -> Iterator[Metric]:
        for name, figure in figures.known.items():
            rows = self.by_name.get(name, [])
            labels = [*(["department"] if "backend" in figure.labels else []), *figure.labels]
            if isinstance(figure, figures.Histogram):
                yield self._histogram(figure, labels, rows)
            else:
                yield self._counter(figure, labels, rows)

    def _values(self, figure: figures.Counter | figures.Histogram, values: tuple[str, ...]) -> list[str]:
        if "backend" not in figure.labels:
            return list(values)
        return [self.departments.get(values[figure.labels.index("backend")], ""), *values]

    def _counter(
        self, figure: figures.Counter, labels: list[str], rows: list[tuple[tuple[str, ...], int]]
    ) -> CounterMetricFamily:
        family = CounterMetricFamily(figure.name, figure.text, labels=labels)
        for values, amount in rows:
            if len(values) == len(figure.labels):  # another release may have counted it otherwise
                family.add_metric(self._values(figure, values), amount)
        return family

    def _histogram(
        self, figure: figures.Histogram, labels: list[str], rows: list[tuple[tuple[str, ...], int]]
    ) -> HistogramMetricFamily:
        family = HistogramMetricFamily(figure.name, figure.text, labels=labels)
        series: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        for (*values, place), amount in rows:
            if len(values) == len(figure.labels):
                series[tuple(values)][place] = amount
        bounds = [*(str(float(bound)) for bound in figure.bounds), "+Inf"]
        for of_them, counts in series.items():
            sums = accumulate(counts.get(str(place), 0) for place in range(len(bounds)))
            total = counts.get("sum", 0) / 1e6
            family.add_metric(self._values(figure, of_them), list(zip(bounds, map(float, sums), strict=True)), total)
        return family


def _counted() -> _Counted | None:
    """None while Redis cannot be asked: a figure that is missing is honest, one that is zero would be a lie."""
    try:
        figures.flush()
        counted = figures.read()
        departments = dict(Backend.objects.values_list("code", "department__code"))
    except (redis.RedisError, DatabaseError):
        return None
    return _Counted(counted, departments)


@login_not_required
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text format; with METRICS_TOKEN set, only for its bearer."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and not secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(timezone.now()))
    if counted := _counted():
        registry.register(counted)
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")
