"""The roles of staff, as groups of permissions. Which department an officer acts for is a Membership."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

OFFICERS = "Department officers"
OPERATIONS = "Operations"
COUNTER = "Counter officers"

_KEPT = ("servicefunction", "functionversion", "backend")
_READ = ("department", "legacyapp", "membership", "change")
_OFFICERS = Q(
    content_type__app_label="registry",
    codename__in=[
        *(f"{verb}_{model}" for verb in ("add", "change", "view") for model in _KEPT),  # never delete: retire
        *(f"view_{model}" for model in _READ),
    ],
) | Q(content_type__app_label="gateway", codename__in=["view_servicecall", "view_attempt", "view_lane"])
_OPERATIONS = (
    Q(content_type__app_label__in=["registry", "gateway", "consolidation"], codename__startswith="view_")
    | Q(content_type__app_label="registry", codename__in=["see_all_departments", "change_backend"])
    | Q(content_type__app_label="gateway", codename="settle_calls")
    | Q(content_type__app_label="consolidation")
)


def ensure() -> tuple[Group, Group]:
    """Both groups with exactly the permissions that exist for them now: officers, operations."""
    officers, _ = Group.objects.get_or_create(name=OFFICERS)
    officers.permissions.set(Permission.objects.filter(_OFFICERS))
    operations, _ = Group.objects.get_or_create(name=OPERATIONS)
    operations.permissions.set(Permission.objects.filter(_OPERATIONS))
    return officers, operations


def ensure_counter() -> Group:
    """The group of officers who assist citizens at a counter, beside being officers of their department."""
    counter, _ = Group.objects.get_or_create(name=COUNTER)
    counter.permissions.set(Permission.objects.filter(content_type__app_label="mandates", codename="serve_at_counter"))
    return counter
