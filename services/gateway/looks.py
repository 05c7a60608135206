"""Staff who open a call: the person reads in their log who looked, in which role, and at what."""

from collections.abc import Iterable

from django.utils import timezone

from identity.accounts.models import User
from identity.consent import looks
from identity.consent.models import OPERATIONS, Disclosure
from services.gateway.models import ServiceCall
from services.registry.models import Department, Membership

OPERATIONS_NAMES = {"en": "Ferry operations", "zh-hant": "一渡通營運組", "zh-hans": "一渡通运营组"}


def note(call: ServiceCall, *, by: User, fields: Iterable[str] = ()) -> Disclosure | None:
    """Write that this officer looks at the call; without fields, at its record alone. Call it before showing it.

    None if the same look was written within the hour: see identity.consent.looks.
    """
    department = _acting_for(call, by)
    return looks.note(
        person=call.person,
        for_person=call.for_person,
        actor=by,
        recipient=department.code if department else OPERATIONS,
        recipient_names=department.names if department else OPERATIONS_NAMES,
        purpose=call.function.code,
        purpose_names=call.version.names,
        reference=call.receipt,
        fields=fields,
        at=timezone.now(),
    )


def _acting_for(call: ServiceCall, by: User) -> Department | None:
    """The department in whose name the person looks; None for operations."""
    candidates = {each.pk: each for each in (call.backend.department, call.function.department)}
    own = Membership.objects.filter(user=by, department__in=candidates).values_list("department_id", flat=True)
    return next((department for key, department in candidates.items() if key in set(own)), None)
