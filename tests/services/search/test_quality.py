"""The whole catalogue, asked in people's own words. `make bench` prints the figures."""

import pytest
from django.test import TestCase

from services.registry.catalogue import load
from tests.bench import search
from tests.services.search.conftest import read


class WholeCatalogue(TestCase):
    """Loaded once for all of its tests."""

    @classmethod
    def setUpTestData(cls) -> None:
        load.load()

    def test_queries_it_was_tuned_on(self) -> None:
        outcomes = search.ask(search.read(search.SETS["queries-dev.csv (tuned on)"]))
        assert search.recall(outcomes, 1) >= 0.9
        assert search.recall(outcomes, 3) >= 0.97
        assert search.reciprocal_rank(outcomes) >= 0.93

    def test_queries_it_was_not_tuned_on(self) -> None:
        outcomes = search.ask(search.read(search.SETS["queries.csv (not tuned on)"]))
        assert search.recall(outcomes, 10) >= 0.9
        assert search.reciprocal_rank(outcomes) >= 0.8


def test_a_set_of_queries_names_only_functions_of_the_catalogue() -> None:
    known = {row["code"] for row in read("functions.csv")}
    for path in search.SETS.values():
        assert {code for query in search.read(path) for code in query.answers} <= known


def test_reciprocal_rank_counts_the_first_right_answer() -> None:
    query = search.Query("q", "en", frozenset({"b", "c"}))
    outcomes = [search.Outcome(query, ["a", "b", "c"]), search.Outcome(query, ["a"])]
    assert search.reciprocal_rank(outcomes) == pytest.approx(0.25)
