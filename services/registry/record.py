"""Writing the record of changes, in the transaction of the act itself."""

from collections.abc import Mapping
from typing import Any

from identity.accounts.models import User
from services.registry.models import Change, Department, FunctionVersion, ServiceFunction


def of_function(verb: str, function: ServiceFunction, *, by: User | None, **details: Any) -> Change:
    return Change.objects.create(
        actor=by,
        verb=f"function.{verb}",
        department_id=function.department_id,
        function=function,
        subject=function.code,
        details=details,
    )


def of_version(verb: str, version: FunctionVersion, *, by: User | None, **details: Any) -> Change:
    return Change.objects.create(
        actor=by,
        verb=f"version.{verb}",
        department_id=version.function.department_id,
        function_id=version.function_id,
        subject=str(version),
        details=details,
    )


def of_row(
    verb: str, subject: str, *, department: Department | None, by: User | None, details: Mapping[str, Any]
) -> Change:
    """Of anything else that belongs to a department, such as a backend."""
    return Change.objects.create(actor=by, verb=verb, department=department, subject=subject, details=dict(details))
