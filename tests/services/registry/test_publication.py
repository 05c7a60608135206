"""Telling the rest of the house after a commit."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from services.registry import publication

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[list[int]]]:
    """What a listener was told."""
    told: list[list[int]] = []
    publication.on_published(told.append)
    yield told
    publication._callbacks.remove(told.append)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_of_an_act_that_was_undone(heard: list[list[int]]) -> None:
    with transaction.atomic():
        publication.announce([1])
        transaction.set_rollback(True)
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_everyone_is_told_once_the_act_is_committed(heard: list[list[int]]) -> None:
    with transaction.atomic():
        publication.announce([1, 2])
        assert heard == []
    assert heard == [[1, 2]]


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_does_not_undo_the_act(heard: list[list[int]]) -> None:
    def fail(_: list[int]) -> None:
        raise ConnectionError

    publication.on_published(fail)
    try:
        with transaction.atomic():
            publication.announce([1])
    finally:
        publication._callbacks.remove(fail)
    assert heard == [[1]]


def test_the_epoch_changes_with_every_publication() -> None:
    publication.tell([1])
    before = publication.epoch()
    publication.tell([1])
    assert publication.epoch() != before


def test_a_listener_is_registered_once(heard: list[list[int]]) -> None:
    publication.on_published(heard.append)
    publication.tell([7])
    assert heard == [[7]]
