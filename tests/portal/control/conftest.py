from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from services.gateway import receipts
from services.gateway.models import Attempt, ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import OperatorFactory, ServiceFunctionFactory, version_of

Undelivered = Callable[..., ServiceCall]
SECRET = "only the department may read this"


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()


@pytest.fixture
def ops(client: Client) -> User:
    """Signed in."""
    person = OperatorFactory(first_name="Siu Fong", last_name="Cheung")
    client.force_login(person)
    return person


@pytest.fixture
def undelivered() -> Undelivered:
    """Makes a call that could not be delivered, after one attempt."""

    def make(function: ServiceFunction | None = None, *, status: str = "failed", **values: object) -> ServiceCall:
        function = function or ServiceFunctionFactory()
        version = version_of(function)
        now = timezone.now()
        call = ServiceCall.objects.create(
            receipt=receipts.new(), function=function, version=version, backend=version.backend,
            caller="session:test", idempotency_key=uuid4().hex, payload={"form": {"note": SECRET}, "files": {}},
            sent_sha256="0" * 64, status=status, trouble="unreached", attempt_count=1,
            finished_at=now if status == "failed" else None, due_at=now + timedelta(hours=1), **values,
        )  # fmt: skip
        Attempt.objects.create(
            call=call, backend=version.backend, number=1, started_at=now, duration_ms=40, outcome="unreached",
            detail="connection refused",
        )  # fmt: skip
        return call

    return make
