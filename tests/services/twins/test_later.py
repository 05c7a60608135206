"""A long call over the real wire: queued, progress, and the answer by webhook."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway.models import HookEvent, ServiceCall
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall, backend, make_call  # noqa: F401
from tests.services.twins.running import Twins, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twins(live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    """Departments that know where this test's portal listens."""
    monkeypatch.setenv("BASE_URL", live_server.url)
    twins = start(tmp_path)
    yield twins
    twins.stop()


def test_a_queued_call_is_answered_by_webhook(make_call: MakeCall, twins: Twins) -> None:  # noqa: F811
    twins.set_mode("td-rest", "later", 1500)
    call = make_call()
    call.backend.settings["webhook_secret"] = "TWINS_WEBHOOK_SECRET"
    call.backend.save()
    delivering.deliver(call.pk)
    assert ServiceCall.objects.get().status == "waiting"
    looked_up = twins.get(f"td-rest/v1/receipts/{call.receipt}")
    assert (looked_up.status_code, looked_up.json()) == (202, {"outcome": "QUEUED"})
    until = time.monotonic() + 20
    while ServiceCall.objects.get().status == "waiting" and time.monotonic() < until:
        time.sleep(0.1)
    assert ServiceCall.objects.get().status == "completed"
    assert sorted(HookEvent.objects.values_list("outcome", flat=True)) == ["completed", "progress"]
    assert twins.effects("td-rest", call.receipt) == ["filed"]
