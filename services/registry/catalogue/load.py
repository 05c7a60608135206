"""Storing a catalogue: all of it or nothing, and never over what a person wrote."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Max, OuterRef, Subquery, Value, When
from django.utils import timezone

from services.forms import kinds, profile, schema
from services.registry import answer_words, content, defaults, publication
from services.registry.catalogue import backends, compiled, sheets
from services.registry.models import (
    Backend,
    CatalogueLoad,
    Change,
    Department,
    FunctionVersion,
    LegacyApp,
    ServiceFunction,
)

FOLDER = Path(__file__).parent
LOCK = 7_406_112_019  # any number that no other advisory lock of ours has
BATCH = 500
MAKERS = (
    answer_words,
    backends,
    compiled,
    defaults,
    kinds,
    profile,
    schema,
)  # what else a version's content comes from
DOCUMENTS = ("form", "request_map", "answer_map")


def load(folder: Path = FOLDER) -> dict[str, int] | None:
    """Make the registry hold the catalogue. Returns what was done; None if it was the last one loaded already.

    Raises compiled.Faulty, having changed nothing.
    """
    backends.follow_twins()
    digest = digest_of(folder)
    last = CatalogueLoad.objects.order_by("-loaded_at").first()
    if last is not None and last.digest == digest:
        return None
    catalogue = compiled.compile_sheets(sheets.read(folder))
    counts = store(catalogue)
    codes = [row["code"] for row in catalogue.functions]
    publication.tell(list(ServiceFunction.objects.filter(code__in=codes).values_list("pk", flat=True)))
    # Only now is it loaded: had telling failed, the next start would try again.
    CatalogueLoad.objects.update_or_create(digest=digest, defaults={"loaded_at": timezone.now(), "counts": counts})
    return counts


def digest_of(folder: Path) -> str:
    """SHA-256 of all that decides what gets stored: the files, and the code that makes forms and mappings of them."""
    digest = hashlib.sha256()
    makers = [backends.RECORDS, *(Path(maker.__file__ or "") for maker in MAKERS)]
    for path in [*(folder / name for name in sheets.COLUMNS), *makers]:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


@transaction.atomic
def store(catalogue: compiled.Catalogue) -> dict[str, int]:
    """Write what is new or different, in a few large statements; returns counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # two first starts at once
    departments = _departments(catalogue)
    apps = _apps(catalogue, departments)
    pairs = ((row["department"], row["transport"]) for row in catalogue.functions)
    new_backends = Backend.objects.bulk_create(backends.missing(pairs, departments))
    plan = _plan(catalogue, departments, apps)
    _carry_out(plan)
    return {
        "departments": len(catalogue.departments),
        "apps": len(catalogue.apps),
        "backends": len(new_backends),
        "functions": len(plan.new),
        "new versions": len(plan.versions) - len(plan.new),
        "unchanged": plan.unchanged,
        "left as officers made them": plan.left_alone,
    }


def _departments(catalogue: compiled.Catalogue) -> dict[str, Department]:
    rows = [Department(code=row["code"], kind=row["kind"], **catalogue.names(row)) for row in catalogue.departments]
    _upsert(Department, rows, ["kind", "name_en", "name_zh_hant", "name_zh_hans"])
    return Department.objects.in_bulk(field_name="code")


def _apps(catalogue: compiled.Catalogue, departments: Mapping[str, Department]) -> dict[str, LegacyApp]:
    """Only names are renewed: when an app goes is decided in operations once it is known."""
    rows = [
        LegacyApp(
            code=row["code"],
            department=departments[row["department"]],
            status=row["status"],
            retire_by=row["retire_by"] or None,
            **catalogue.names(row),
        )
        for row in catalogue.apps
    ]
    _upsert(LegacyApp, rows, ["name_en", "name_zh_hant", "name_zh_hans"])
    return LegacyApp.objects.in_bulk(field_name="code")


def _upsert(model: Any, rows: list[Any], update_fields: list[str]) -> None:
    model.objects.bulk_create(rows, update_conflicts=True, unique_fields=["code"], update_fields=update_fields)


@dataclass
class Plan:
    """What has to be written of functions and their versions."""

    new: list[ServiceFunction] = field(default_factory=list)
    versions: list[FunctionVersion] = field(default_factory=list)
    moved: list[ServiceFunction] = field(default_factory=list)  # to another app
    unchanged: int = 0
    left_alone: int = 0


def _plan(catalogue: compiled.Catalogue, departments: Mapping[str, Department], apps: Mapping[str, LegacyApp]) -> Plan:
    plan = Plan()
    by_backend = Backend.objects.in_bulk(field_name="code")
    known = {
        function.code: function
        for function in ServiceFunction.objects.select_related("published", "published__backend").annotate(
            highest=Max("versions__number")
        )
    }
    for row in catalogue.functions:
        department, app = departments[row["department"]], apps.get(row["app"])
        function = known.get(row["code"]) or ServiceFunction(code=row["code"], department=department, app=app)
        made = _version(catalogue, row, function, by_backend[f"{row['department']}-{row['transport']}"])
        if function.pk is None:
            plan.new.append(function)
        elif not _is_ours(function, department):
            plan.left_alone += 1
            continue
        elif function.app_id != (app and app.pk):
            function.app = app
            plan.moved.append(function)
        if function.published is not None and _same(function.published, made):
            plan.unchanged += 1
            continue
        made.number = getattr(function, "highest", None) or 0
        made.number += 1
        plan.versions.append(made)
    return plan


def _is_ours(function: ServiceFunction, department: Department) -> bool:
    """What citizens see of it came from a catalogue, and it is not retired."""
    return (
        function.department_id == department.pk
        and function.state != ServiceFunction.State.RETIRED
        and function.published is not None
        and function.published.created_by_id is None
    )


def _same(one: FunctionVersion, other: FunctionVersion) -> bool:
    """Documents are compared as text: the order of a form's questions counts."""
    mine, theirs = content.of(one), content.of(other)
    return mine == theirs and all(json.dumps(mine[name]) == json.dumps(theirs[name]) for name in DOCUMENTS)


def _version(
    catalogue: compiled.Catalogue, row: sheets.Row, function: ServiceFunction, backend: Backend
) -> FunctionVersion:
    """As the catalogue says, approved, without a number yet."""
    code, action, form = row["code"], row["action"], catalogue.forms[row["code"]]
    return FunctionVersion(
        function=function,
        state=FunctionVersion.State.APPROVED,
        **catalogue.names(row),
        **catalogue.names(row, "summary"),
        keywords=catalogue.keywords(row),
        category=row["category"],
        audience=row["audience"].split(";"),
        action=action,
        assurance=row["assurance"],
        fee_hkd=Decimal(row["fee_hkd"]) if row["fee_hkd"] else None,
        backend=backend,
        form=form,
        request_map=defaults.request_map(backend.connector, code, action, form, own=catalogue.own_fields[code]),
        answer_map=defaults.answer_map(backend.connector, action),
    )


def _carry_out(plan: Plan) -> None:
    ServiceFunction.objects.bulk_create(plan.new, batch_size=BATCH)
    ServiceFunction.objects.bulk_update(plan.moved, ["app"], batch_size=BATCH)
    for version in plan.versions:
        version.function = version.function  # takes over its key, which it has since the lines above
    FunctionVersion.objects.bulk_create(plan.versions, batch_size=BATCH)
    newest = FunctionVersion.objects.filter(function=OuterRef("pk"), state="approved").order_by("-number")
    ServiceFunction.objects.filter(pk__in=[version.function_id for version in plan.versions]).update(
        published=Subquery(newest.values("pk")[:1]),
        state=Case(When(state="draft", then=Value("published")), default=F("state")),
    )
    Change.objects.bulk_create(
        [
            Change(
                verb="version.loaded",
                department_id=version.function.department_id,
                function_id=version.function_id,
                subject=str(version),
            )
            for version in plan.versions
        ],
        batch_size=BATCH,
    )
