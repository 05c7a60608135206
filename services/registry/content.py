"""What a version says and does: the columns that an officer fills in, compared and copied as one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Model

from services.registry import simplified
from services.registry.models import FunctionVersion

FIELDS = (
    "name_en", "name_zh_hant", "name_zh_hans", "summary_en", "summary_zh_hant", "summary_zh_hans", "keywords",
    "category", "audience", "action", "assurance", "fee_hkd", "retention_days",
    "backend", "form", "request_map", "answer_map",
)  # fmt: skip


def of(version: FunctionVersion) -> dict[str, Any]:
    """All of it, by field name."""
    return {name: getattr(version, name) for name in FIELDS}


def put(version: FunctionVersion, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set the fields given, fill in what OpenCC can; returns field -> [before, after] of those that changed.

    Raises ValueError for a name that is no content field.
    """
    if unknown := values.keys() - set(FIELDS):
        raise ValueError(f"not content of a version: {', '.join(sorted(unknown))}")
    before = of(version) if version.backend_id else {}
    for name, value in values.items():
        setattr(version, name, value)
    for prefix in ("name", "summary"):
        if not getattr(version, f"{prefix}_zh_hans"):
            setattr(version, f"{prefix}_zh_hans", simplified.simplify(getattr(version, f"{prefix}_zh_hant")))
    return {
        name: [plain(before.get(name)), plain(after)]
        for name, after in of(version).items()
        if before.get(name) != after
    }


def plain(value: Any) -> Any:
    """As the record of changes keeps it: JSON, with other rows by their name."""
    return str(value) if isinstance(value, Decimal | Model) else value
