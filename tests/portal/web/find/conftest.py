"""Functions that search knows, and pages that no other test left behind."""

import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from services.registry.models import ServiceFunction
from services.registry.publication import EPOCH_KEY
from services.search import flows as search
from tests.factories import ServiceFunctionFactory, UserFactory


@pytest.fixture(autouse=True)
def _own_epoch() -> None:
    """The cache outlives a test and its rows do not: each test begins an epoch of its own."""
    cache.set(EPOCH_KEY, time.time_ns(), None)


@pytest.fixture
def signed_in(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(username="chan"))
    return client


def published(name: str = "Renew a vehicle licence", **values: Any) -> ServiceFunction:
    """A published function that search finds by its name."""
    function = ServiceFunctionFactory(version__name_en=name, **values)
    search.index([function.pk])
    return function
