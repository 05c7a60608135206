"""Row 78 of the comparison: live and ready checks for web, worker, beat and broker."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.test import Client

PARTS = ("worker", "chores", "beat")


@pytest.fixture
def pulses() -> Iterator["redis.Redis"]:
    """A broker in which every part has just beaten."""
    broker = redis.Redis.from_url(configured.REDIS_URL)
    for part in PARTS:
        broker.set(f"pulse:{part}", 1)
    yield broker
    for part in PARTS:
        broker.delete(f"pulse:{part}")


def test_a_living_process_says_so(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_all_parts_are_named_while_all_is_well(client: Client, db: None, pulses: "redis.Redis") -> None:
    answer = client.get("/health/ready").json()
    assert answer["status"] == "ok"
    assert set(answer["parts"]) == {"web", "database", "broker", *PARTS}
    assert set(answer["parts"].values()) == {"ok"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fell_silent_is_named_and_forms_are_still_taken(
    client: Client, db: None, pulses: "redis.Redis", part: str
) -> None:
    pulses.delete(f"pulse:{part}")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"], answer.json()["parts"][part]) == (200, "degraded", "down")


def test_a_broker_that_is_gone_is_named(client: Client, db: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]["broker"]) == (200, "down")
