"""The demonstration's backends: one for each department and transport, at the address of its twin."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from services.registry.models import Backend, Change, Department

MANNERS: dict[str, dict[str, Any]] = {  # how the twins of a transport behave; the others have no connector yet
    "rest": {
        "is_idempotent": True,
        "has_lookup": True,
        "settings": {
            "health_path": "health",
            "lookup_path": "v1/receipts/{receipt}",
            "idempotency_header": "Idempotency-Key",
            "webhook_secret": "TWINS_WEBHOOK_SECRET",
        },
    },
    "soap": {
        "is_idempotent": False,
        "has_lookup": True,
        "settings": {"wsdl": "service?wsdl", "lookup_operation": "FindByReceipt", "probe_operation": "Ping"},
    },
}
RESTS_AT_NIGHT = {"oro-soap", "censtatd-soap", "archsd-soap"}  # small ones that run their batches from 3 to 5
NIGHT_WINDOW = {
    day: [["00:00", "03:00"], ["05:00", "23:59:59.999999"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


def address_of(code: str, transport: str) -> str:
    return f"{settings.TWINS_URL}/{code}/" if transport in MANNERS else ""


def with_ledger(code: str, manners: Mapping[str, Any]) -> dict[str, Any]:
    """The backend's settings, with the address of its twin's ledger."""
    return {**manners.get("settings", {}), "ledger": f"{settings.TWINS_URL}/_twins/{code}/ledger"}


def missing(pairs: Iterable[tuple[str, str]], departments: Mapping[str, Department]) -> list[Backend]:
    """Backends, unsaved, of those (department, transport) pairs that have none yet."""
    known = set(Backend.objects.values_list("code", flat=True))
    return [
        Backend(
            code=code,
            department=departments[department],
            connector=transport,
            address=address_of(code, transport),
            service_window=NIGHT_WINDOW if code in RESTS_AT_NIGHT else None,
            **{**MANNERS.get(transport, {}), "settings": with_ledger(code, MANNERS.get(transport, {}))},
        )
        for department, transport in sorted(set(pairs))
        if (code := f"{department}-{transport}") not in known
    ]


def follow_twins() -> int:
    """Move the backends that nobody has changed to where the twins are now; returns how many moved."""
    changed = Change.objects.filter(verb__startswith="backend.").values("subject")
    moved = []
    for backend in Backend.objects.exclude(code__in=changed).exclude(address=""):
        address = address_of(backend.code, backend.connector)
        told = with_ledger(backend.code, {"settings": backend.settings})
        is_moved = (backend.address, backend.settings) != (address, told)
        if backend.address.endswith(f"/{backend.code}/") and is_moved:
            backend.address, backend.settings = address, told
            moved.append(backend)
    Backend.objects.bulk_update(moved, ["address", "settings"])
    return len(moved)
