"""The demonstration's backends: one for each department and transport, at the address of its twin."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from services.registry.models import Backend, Change, Department
from services.twins import keys

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
    "sftp-batch": {
        "is_idempotent": True,  # a call is put into a batch once; a batch leaves once
        "has_lookup": True,
        "credentials": "TWINS_SFTP_PASSWORD",
        "timeout_seconds": 60,
        "settings": {
            "every_minutes": 1,  # a visitor is to see it leave
            "poll_seconds": 5,
            "answer_within_hours": 0.05,
            "answer_overdue_hours": 1,
        },
    },
}
RESTS_AT_NIGHT = {"oro-soap", "censtatd-soap", "archsd-soap"}  # small ones that run their batches from 3 to 5
NIGHT_WINDOW = {
    day: [["00:00", "03:00"], ["05:00", "23:59:59.999999"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


def address_of(code: str, transport: str) -> str:
    if transport == "sftp-batch":
        return f"{settings.TWINS_SFTP_URL}/".replace("://", f"://{code}@")
    base = settings.TWINS_RECORDS_URL if transport == "fixed-width" else settings.TWINS_URL
    return f"{base}/{code}/" if transport in MANNERS else ""


def manners_of(code: str, transport: str) -> dict[str, Any]:
    """Values of a backend's columns that say how its twin wants to be spoken to, and what only this machine knows:

    the ledger of its twin, and the key of its SFTP twins.
    """
    manners = MANNERS.get(transport, {})
    if transport == "fixed-width":
        known = json.loads(RECORDS.read_text(encoding="utf-8"))
        department = code.removesuffix(f"-{transport}")
        manners = {**manners, "settings": known.get(code) or {**known["*"], "system": department.upper()[:8]}}
    told = {"ledger": f"{settings.TWINS_URL}/_twins/{code}/ledger"}
    if transport == "sftp-batch":
        told["host_key"] = keys.public_line(settings.VAR)  # made by whoever comes first, they or we
    return {**manners, "settings": {**manners.get("settings", {}), **told}}


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

    One made before there was a twin, or a connector, for it gets its address and all of its manners.
    """
    changed = Change.objects.filter(verb__startswith="backend.").values("subject")
    moved, touched = [], {"address", "settings"}
    for backend in Backend.objects.exclude(code__in=changed):
        found = _where_now(backend)
        if any(getattr(backend, name) != value for name, value in found.items()):
            for name, value in found.items():
                setattr(backend, name, value)
            moved.append(backend)
            touched |= found.keys()
    Backend.objects.bulk_update(moved, sorted(touched))
    return len(moved)


def _where_now(backend: Backend) -> dict[str, Any]:
    """Fields that follow the twins; none of a backend that is not one of theirs."""
    address, manners = address_of(backend.code, backend.connector), manners_of(backend.code, backend.connector)
    if not backend.address:
        return {"address": address, **manners}
    parts = urlsplit(backend.address)
    if backend.code not in (parts.username, parts.path.strip("/")):
        return {}
    told = {name: manners["settings"][name] for name in ("ledger", "host_key") if name in manners["settings"]}
    return {"address": address, "settings": {**backend.settings, **told}}
