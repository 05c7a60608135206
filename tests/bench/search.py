"""How well and how quickly search answers: `python -m tests.bench.search`, with DATABASE_URL of a loaded portal.

Queries come with the functions that answer them. Recall at n: the share of queries with one of them among
the first n results. Reciprocal rank: 1 for the first place, 1/2 for the second, nothing beyond the tenth.
"""

from __future__ import annotations

import csv
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETS = {
    "queries-dev.csv (tuned on)": ROOT / "services" / "registry" / "catalogue" / "queries-dev.csv",
    "queries.csv (not tuned on)": ROOT / "tests" / "services" / "search" / "queries.csv",
}
PLACES = (1, 3, 10)
PAGE = 10


@dataclass(frozen=True)
class Query:
    text: str
    language: str
    answers: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    query: Query
    found: list[str]  # codes, best first

    @property
    def place(self) -> int | None:
        """Of the first right answer, from 1."""
        places = [place for place, code in enumerate(self.found, start=1) if code in self.query.answers]
        return min(places, default=None)


def read(path: Path) -> list[Query]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Query(row["query"], row["lang"], frozenset(row["answers"].split(";"))) for row in csv.DictReader(file)]


def ask(queries: Iterable[Query]) -> list[Outcome]:
    from services.search.find import find

    return [
        Outcome(query, [hit.function.code for hit in find(query.text, query.language, limit=PAGE).results])
        for query in queries
    ]


def recall(outcomes: list[Outcome], place: int) -> float:
    return statistics.fmean(outcome.place is not None and outcome.place <= place for outcome in outcomes)


def reciprocal_rank(outcomes: list[Outcome]) -> float:
    return statistics.fmean(1 / outcome.place if outcome.place else 0.0 for outcome in outcomes)


def run() -> None:
    """Print quality for each set of queries and language, then the cost of one search."""
    for name, path in SETS.items():
        print(f"search: {name}")
        outcomes = ask(read(path))
        groups = {"all": outcomes}
        for outcome in outcomes:
            groups.setdefault(outcome.query.language, []).append(outcome)
        for language, group in groups.items():
            shares = "  ".join(f"recall@{place} {recall(group, place):.3f}" for place in PLACES)
            print(f"  {language:8} {len(group):3} queries  {shares}  MRR {reciprocal_rank(group):.3f}")
    ratio, find_ms, trip_ms = cost([query.text for query in read(SETS["queries-dev.csv (tuned on)"])])
    print(f"search: p50 of a find {find_ms:.2f} ms = {ratio:.1f} round trips of SELECT 1 ({trip_ms:.2f} ms)")


def cost(queries: list[str], rounds: int = 3) -> tuple[float, float, float]:
    """p50 of a find in round trips of `SELECT 1`, and both in milliseconds, measured in turns."""
    from django.db import connection

    from services.search.find import find

    def trip() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()

    finds, trips = [], []
    for _ in range(rounds):
        for query in queries:
            finds.append(_milliseconds(partial(find, query, "en")))
            trips.append(_milliseconds(trip))
    find_ms, trip_ms = statistics.median(finds), statistics.median(trips)
    return find_ms / trip_ms, find_ms, trip_ms


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    run()
