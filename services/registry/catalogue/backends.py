"""The demonstration's backends: one for each department and transport, at the address of its twin."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from services.registry.models import Backend, Change, Department

RECORDS = Path(__file__).parent / "records.json"  # fixed-width backends: layouts by code, "*" for all others
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
    "fixed-width": {"is_idempotent": False, "has_lookup": True},  # settings: RECORDS
}
RESTS_AT_NIGHT = {"oro-soap", "censtatd-soap", "archsd-soap"}  # small ones that run their batches from 3 to 5
NIGHT_WINDOW = {
    day: [["00:00", "03:00"], ["05:00", "23:59:59.999999"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


def address_of(code: str, transport: str) -> str:
    base = settings.TWINS_RECORDS_URL if transport == "fixed-width" else settings.TWINS_URL
    return f"{base}/{code}/" if transport in MANNERS else ""


def manners_of(code: str, transport: str) -> dict[str, Any]:
    """Values of a backend's columns that say how its twin wants to be spoken to, and where its ledger is."""
    manners = MANNERS.get(transport, {})
    if transport == "fixed-width":
        known = json.loads(RECORDS.read_text(encoding="utf-8"))
        department = code.removesuffix(f"-{transport}")
        manners = {**manners, "settings": known.get(code) or {**known["*"], "system": department.upper()[:8]}}
    return {**manners, "settings": with_ledger(code, manners)}


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
            **manners_of(code, transport),
        )
        for department, transport in sorted(set(pairs))
        if (code := f"{department}-{transport}") not in known
    ]


def follow_twins() -> int:
    """Move the backends that nobody has changed to where the twins are now; returns how many moved.

    One that no connector spoke to when it was loaded gets its settings too.
    """
    changed = Change.objects.filter(verb__startswith="backend.").values("subject")
    moved = []
    for backend in Backend.objects.exclude(code__in=changed):
        address = address_of(backend.code, backend.connector)
        told = with_ledger(backend.code, {"settings": backend.settings})
        if address and not backend.address:  # no connector spoke to it when it was loaded
            for column, value in manners_of(backend.code, backend.connector).items():
                setattr(backend, column, value)
        elif backend.address.endswith(f"/{backend.code}/") and (backend.address, backend.settings) != (address, told):
            backend.settings = told
        else:
            continue
        backend.address = address
        moved.append(backend)
    Backend.objects.bulk_update(moved, ["address", "settings", "is_idempotent", "has_lookup"])
    return len(moved)
