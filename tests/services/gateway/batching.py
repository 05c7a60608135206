"""A department that takes batches, seen from both sides: what a test does to it, and what it sees there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from django.utils import timezone

from services.gateway import tasks
from services.gateway.models import Batch, BatchRecord, ServiceCall
from services.registry.models import Backend
from tests.services.gateway import delivering
from tests.services.twins.running import Twins

PATIENCE_SECONDS = 20


@dataclass
class Department:
    twins: Twins
    backend: Backend
    make_call: Callable[..., ServiceCall]
    calls: list[ServiceCall] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.twins.folder / "twins" / "sftp" / self.backend.code

    def answer(self, fault: str = "none", holds: str = "") -> dict[str, Any]:
        """How its answer files come from now on: at once, and with that wrong about them; `holds` see twins/batches."""
        address = self.twins.address(f"_twins/{self.backend.code}/answers")
        said = requests.post(address, json={"fault": fault, "delay_ms": 0, "holds": holds}, timeout=10)
        said.raise_for_status()
        return dict(said.json())

    def files(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def collect(self, count: int = 3) -> list[ServiceCall]:
        """So many calls, delivered into the next batch a while ago."""
        self.calls = [self.make_call("sftp-batch", to=self.backend) for _ in range(count)]
        for call in self.calls:
            delivering.deliver(call.pk)
        earlier = timezone.now() - timedelta(minutes=2)
        BatchRecord.objects.filter(call__in=self.calls).update(added_at=earlier)
        return self.calls

    def exchange(self) -> None:
        tasks.exchange_batch(self.backend.pk)

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for the department's own work."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, f"not so in {PATIENCE_SECONDS} s: {what}"
            time.sleep(0.05)

    def until_answered(self, count: int = 1) -> None:
        """Wait until so many answer files lie there."""
        self.until(lambda: len(self.manifests()) >= count, "answers have come")

    def until_settled(self) -> None:
        """Exchange again and again until every call is done."""

        def is_settled() -> bool:
            self.exchange()
            return set(self.statuses()) == {"completed"}

        self.until(is_settled, "every call is done")

    def manifests(self) -> list[str]:
        return [name for name in self.files("out") if name.endswith(".manifest.json") and not name.startswith(".")]

    def statuses(self) -> list[str]:
        found = dict(ServiceCall.objects.filter(pk__in=[call.pk for call in self.calls]).values_list("pk", "status"))
        return [found[call.pk] for call in self.calls]

    def filings(self) -> list[int]:
        """How often each call was filed."""
        return [self.twins.effects(self.backend.code, call.receipt).count("filed") for call in self.calls]

    def batch(self) -> Batch:
        return Batch.objects.get(backend=self.backend)
