"""A broker that has counted nothing yet, calls to real departments, and the figures as Prometheus reads them."""

from collections.abc import Callable, Iterator

import pytest
import redis
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from services import figures
from tests.services.gateway.conftest import backend, make_call

__all__ = ["backend", "make_call"]

Scrape = Callable[..., dict[tuple[str, ...], float]]


@pytest.fixture
def counted() -> Iterator["redis.Redis"]:
    """The broker, without the figures of earlier tests."""
    figures.flush()
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete(figures.HASH)
    yield broker
    figures.flush()
    broker.delete(figures.HASH)


@pytest.fixture
def scrape(client: Client, counted: "redis.Redis") -> Scrape:
    """Reads one figure: label values in the order of their names, to the number."""

    def read(name: str) -> dict[tuple[str, ...], float]:
        text = client.get("/metrics").content.decode()
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    return read
