"""Noting that a backend is closed for a while, and ending that early: each with its line in the record of changes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from services.languages import CODES, column
from services.registry import completeness, errors, record, simplified
from services.registry.flows import is_officer
from services.registry.models import Backend, Maintenance

FARTHEST = timedelta(days=366)


def may_maintain(user: User, backend: Backend) -> bool:
    """Operations may everywhere, officers at their own department's backends."""
    is_of_operations = user.has_perms(["registry.see_all_departments", "registry.change_backend"])
    return user.is_active and (is_of_operations or is_officer(user, backend.department_id))


@transaction.atomic
def note(
    backend: Backend, *, by: User, starts_at: datetime | None, ends_at: datetime | None, reasons: Mapping[str, str]
) -> Maintenance:
    """Close the backend from one moment to another; citizens read why. Raises NotAllowed, or Incomplete with all gaps.

    The reason in Simplified Chinese is proposed from the Traditional one where it is not given.
    """
    if not may_maintain(by, backend):
        raise errors.NotAllowed
    now = timezone.now()
    said = {code: reasons.get(code, "").strip()[:300] for code in CODES}
    said["zh-hans"] = said["zh-hans"] or simplified.simplify(said["zh-hant"])
    missing = [] if starts_at else [_("when it begins")]
    if ends_at is None or ends_at <= max(now, starts_at or now):
        missing.append(_("an end that is after the beginning and still to come"))
    elif ends_at > now + FARTHEST:
        missing.append(_("an end within a year"))
    missing += [
        _("the reason in %(language)s") % {"language": completeness.LANGUAGES[code]} for code in CODES if not said[code]
    ]
    if missing or starts_at is None or ends_at is None:
        raise errors.Incomplete(missing)
    words = {column("reason", code): text for code, text in said.items()}
    noted = Maintenance.objects.create(backend=backend, starts_at=starts_at, ends_at=ends_at, created_by=by, **words)
    _record("noted", noted, by, reasons=said)
    return noted


@transaction.atomic
def end(maintenance: Maintenance, *, by: User) -> Maintenance:
    """End one that is under way now; one that has not begun does not happen. Raises NotAllowed, or NotOpen if over."""
    found = (
        Maintenance.objects.select_for_update(of=("self",))
        .select_related("backend__department")
        .filter(pk=maintenance.pk)
        .first()
    )
    now = timezone.now()
    if found is None or found.ends_at <= now:
        raise errors.NotOpen(_("This maintenance is over already."))
    if not may_maintain(by, found.backend):
        raise errors.NotAllowed
    if found.starts_at < now:
        found.ends_at = now
        found.save(update_fields=["ends_at"])
        _record("ended", found, by)
    else:
        _record("called_off", found, by)
        found.delete()
    return found


def _record(verb: str, maintenance: Maintenance, by: User, **details: object) -> None:
    backend = maintenance.backend
    times = {"from": maintenance.starts_at.isoformat(), "until": maintenance.ends_at.isoformat()}
    record.of_row(f"maintenance.{verb}", backend.code, department=backend.department, by=by, details=times | details)
