"""The index follows what is published."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from services.registry import flows as registry
from services.registry.models import ServiceFunction
from services.search import flows, tasks
from services.search.find import find
from services.search.models import Document, Posting, Term
from tests.factories import OfficerFactory, ServiceFunctionFactory

Make = Callable[[str], ServiceFunction]


def codes(query: str) -> list[str]:
    return [hit.function.code for hit in find(query, "en").results]


@pytest.fixture
def republish(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[..., None]:
    """Have a new version approved that has these keywords only."""

    def _republish(function: ServiceFunction, *keywords: str) -> None:
        author, approver = (OfficerFactory(department=function.department) for _ in range(2))
        draft = registry.start_draft(function, by=author)
        draft = registry.save_draft(draft, {"keywords": list(keywords)}, by=author)
        draft = registry.submit(draft, by=author)
        with django_capture_on_commit_callbacks(execute=True):
            registry.approve(draft, by=approver)

    return _republish


def test_an_approved_version_is_found_at_once(make: Make, republish: Callable[..., None]) -> None:
    function = make("immd-passport-renew")
    assert codes("zeppelin") == []
    republish(function, "zeppelin")
    assert codes("zeppelin") == ["immd-passport-renew"]


def test_words_that_were_given_up_no_longer_find(make: Make, republish: Callable[..., None]) -> None:
    function = make("immd-passport-renew")
    flows.index([function.pk])
    assert codes("bno") == ["immd-passport-renew"]
    republish(function, "zeppelin")
    assert codes("bno") == []


def test_a_retired_function_leaves_the_index(
    make: Make, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    function = make("immd-passport-renew")
    flows.index([function.pk])
    with django_capture_on_commit_callbacks(execute=True):
        registry.retire(function, by=OfficerFactory(department=function.department))
    assert codes("passport") == []
    assert not Posting.objects.exists()


def test_a_draft_is_not_indexed(db: None) -> None:
    function = ServiceFunctionFactory(version=False)
    assert flows.index([function.pk]) == 0


def test_indexing_again_changes_nothing(offered: dict[str, ServiceFunction]) -> None:
    def state() -> list[object]:
        return [
            list(Document.objects.order_by("pk").values()),
            list(Posting.objects.order_by("term", "function").values("term", "function", "weight")),
            list(Term.objects.order_by("pk").values()),
        ]

    before = state()
    flows.index()
    assert state() == before


def test_one_function_at_a_time_makes_the_same_index(offered: dict[str, ServiceFunction]) -> None:
    before = dict(Term.objects.values_list("text", "documents"))
    for function in offered.values():
        flows.index([function.pk])
    assert dict(Term.objects.values_list("text", "documents")) == before


def test_the_command_says_how_many(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make("immd-passport-renew")
    call_command("index_functions")
    assert capsys.readouterr().out == "1 functions are in the index.\n"


def test_the_command_takes_codes(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make("immd-passport-renew")
    make("immd-passport-lost")
    call_command("index_functions", "immd-passport-lost")
    assert capsys.readouterr().out == "1 functions are in the index.\n"


def test_the_task_indexes_everything(make: Make) -> None:
    make("immd-passport-renew")
    tasks.index()
    assert codes("passport") == ["immd-passport-renew"]


def test_a_keyword_that_grows_when_folded_is_indexed(db: None) -> None:
    """Some characters stand for up to eighteen."""
    function = ServiceFunctionFactory(version__keywords=["ﷺ" * 100, "㍿" * 100, "a" * 100])
    assert flows.index([function.pk]) == 1
