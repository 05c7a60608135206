from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import requests

from services.gateway import receipts
from services.gateway.models import ServiceCall
from services.registry import defaults
from services.registry.catalogue import backends
from services.registry.models import Backend, Department, FunctionVersion, ServiceFunction
from services.twins import keys
from services.twins.ports import Ports
from tests.services.gateway.batching import Department as BatchDepartment
from tests.services.twins.running import Twins

FORM = {"licence_number": {"type": "string"}, "note": {"type": "string"}}
MakeCall = Callable[..., ServiceCall]


@pytest.fixture
def backend(twins: Twins) -> Callable[..., Backend]:
    """Makes a backend of td that its twin stands behind; quick to lose patience."""

    def make(connector: str = "rest", **values: Any) -> Backend:
        department, _ = Department.objects.get_or_create(
            code="td", defaults={"name_en": "Transport Department", "name_zh_hant": "運輸署", "kind": "department"}
        )
        by_connector = {
            "rest": {
                "health_path": "health",
                "lookup_path": "v1/receipts/{receipt}",
                "idempotency_header": "Idempotency-Key",
            },
            "soap": {"wsdl": "service?wsdl", "lookup_operation": "FindByReceipt", "probe_operation": "Ping"},
            "fixed-width": backends.manners_of("td-fixed-width", "fixed-width")["settings"],
            "sftp-batch": {"host_key": keys.public_line(twins.folder), "every_minutes": 1, "incomplete_minutes": 0},
        }
        if connector == "sftp-batch":
            address = f"sftp://td-sftp-batch@127.0.0.1:{Ports(twins.port).sftp}/"
            values = {"address": address, "credentials": "TWINS_SFTP_PASSWORD", "timeout_seconds": 20, **values}
        made, _ = Backend.objects.update_or_create(
            code=f"td-{connector}",
            defaults={
                "department": department,
                "connector": connector,
                "address": twins.records_address if connector == "fixed-width" else twins.address(f"td-{connector}/"),
                "settings": by_connector.get(connector, {}),
                "timeout_seconds": 1,
                "connect_timeout_seconds": 1,
                "is_idempotent": connector in {"rest", "sftp-batch"},
                "has_lookup": True,
                **values,
            },
        )
        return made

    return make


@pytest.fixture
def make_call(backend: Callable[..., Backend]) -> MakeCall:
    """Makes an accepted call to a function of td, by default over REST."""

    def make(connector: str = "rest", form: dict[str, str] | None = None, **values: Any) -> ServiceCall:
        to = values.pop("to", None) or backend(connector)
        code = f"td-note-{uuid4().hex[:8]}"
        function = ServiceFunction.objects.create(code=code, department=to.department)
        version = FunctionVersion.objects.create(
            function=function, number=1, state="approved", name_en="Send a note", name_zh_hant="遞交便條",
            category="transport", audience=["citizen"], action="apply", assurance="none", backend=to,
            form={"type": "object", "properties": FORM},
            request_map=defaults.request_map(connector, code, "apply", {"properties": FORM}),
            answer_map=defaults.answer_map(connector, "apply"),
        )  # fmt: skip
        ServiceFunction.objects.filter(pk=function.pk).update(published=version, state="published")
        payload = {"form": form or {"licence_number": "AB1234"}, "files": {}}
        return ServiceCall.objects.create(
            receipt=receipts.new(), function=function, version=version, backend=to,
            caller=values.pop("caller", "session:test"),
            idempotency_key=uuid4().hex, payload=payload, sent_sha256="0" * 64, **values,
        )  # fmt: skip

    return make


@pytest.fixture
def department(twins: Twins, backend: Callable[..., Backend], make_call: MakeCall) -> BatchDepartment:
    """A department that takes batches, with empty folders, and answers at once."""
    made = BatchDepartment(twins, backend("sftp-batch"), make_call)
    requests.delete(twins.address(f"_twins/{made.backend.code}/answers"), timeout=10).raise_for_status()
    made.answer()
    return made
