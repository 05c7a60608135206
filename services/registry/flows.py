"""Verbs that change the registry: each checks who may, writes a Change with the act, and tells everyone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from services.languages import CODES, column
from services.registry import completeness, content, errors, filing, publication, record, simplified, soundness
from services.registry.models import (
    RETENTION_MAX,
    Backend,
    Department,
    FilingPeriod,
    FunctionVersion,
    LegacyApp,
    Membership,
    ServiceFunction,
)

FUNCTION = ServiceFunction.State
VERSION = FunctionVersion.State


def is_officer(user: User, department_id: int) -> bool:
    """The one rule of who may act for a department."""
    return user.is_active and (
        user.is_superuser or Membership.objects.filter(user=user, department_id=department_id).exists()
    )


def _only_officers(user: User, department_id: int) -> None:
    if not is_officer(user, department_id):
        raise errors.NotAllowed


def _locked(function: ServiceFunction, by: User) -> ServiceFunction:
    """The function as it is now, held until the transaction ends, for an officer of its department."""
    function = ServiceFunction.objects.select_for_update(of=("self",)).get(pk=function.pk)
    _only_officers(by, function.department_id)
    return function


def _locked_version(version: FunctionVersion, by: User, state: str, complaint: str) -> FunctionVersion:
    """The version as it is now, its function held; raises NotOpen(complaint) if its state is another."""
    function = _locked(version.function, by)
    version = FunctionVersion.objects.select_related("backend").get(pk=version.pk)
    version.function = function
    if version.state != state:
        raise errors.NotOpen(complaint)
    return version


def _own_backend(version: FunctionVersion) -> None:
    if version.backend.department_id != version.function.department_id:
        raise errors.NotAllowed(_("This backend belongs to another department."))


# --- Functions ------------------------------------------------------------------------------------


@transaction.atomic
def create_function(
    *, by: User, department: Department, code: str, values: Mapping[str, Any], app: LegacyApp | None = None
) -> FunctionVersion:
    """A function that nobody sees yet, and its first draft, which is returned."""
    _only_officers(by, department.pk)
    if ServiceFunction.objects.filter(code=code).exists():
        raise errors.CodeTaken(code)
    function = ServiceFunction.objects.create(code=code, department=department, app=app)
    record.of_function("created", function, by=by)
    version = FunctionVersion(function=function, number=1, created_by=by)
    changed = content.put(version, values)
    _own_backend(version)
    version.save()
    record.of_version("started", version, by=by, changed=changed)
    return version


@transaction.atomic
def suspend(
    function: ServiceFunction, *, by: User, reasons: Mapping[str, str], until: datetime | None = None
) -> ServiceFunction:
    """Close it to citizens, who read why and until when. A second call replaces the reason."""
    function = _locked(function, by)
    if function.state not in {FUNCTION.PUBLISHED, FUNCTION.SUSPENDED}:
        raise errors.NotOpen(_("Only a published function can be suspended."))
    said = {code: reasons.get(code, "").strip() for code in CODES}
    said["zh-hans"] = said["zh-hans"] or simplified.simplify(said["zh-hant"])
    missing = [
        _("the reason in %(language)s") % {"language": completeness.LANGUAGES[code]} for code in CODES if not said[code]
    ]
    if until is not None and until <= timezone.now():
        missing.append(_("an end that is still to come"))
    if missing:
        raise errors.Incomplete(missing)
    _set_suspension(function, FUNCTION.SUSPENDED, said, until)
    record.of_function("suspended", function, by=by, reasons=said, until=until and until.isoformat())
    publication.announce([function.pk])
    return function


@transaction.atomic
def resume(function: ServiceFunction, *, by: User) -> ServiceFunction:
    """Open it again before its time."""
    function = _locked(function, by)
    if function.state != FUNCTION.SUSPENDED:
        raise errors.NotOpen(_("This function is not suspended."))
    _set_suspension(function, FUNCTION.PUBLISHED, {}, None)
    record.of_function("resumed", function, by=by)
    publication.announce([function.pk])
    return function


@transaction.atomic
def retire(function: ServiceFunction, *, by: User) -> ServiceFunction:
    """Take it away for good; calls that were made stay readable."""
    function = _locked(function, by)
    if function.state not in {FUNCTION.PUBLISHED, FUNCTION.SUSPENDED}:
        raise errors.NotOpen(_("Only a published function can be retired."))
    _set_suspension(function, FUNCTION.RETIRED, {}, None)
    record.of_function("retired", function, by=by)
    publication.announce([function.pk])
    return function


@transaction.atomic
def end_suspensions(now: datetime) -> int:
    """Open again every function whose suspension has run out; returns how many."""
    over = list(
        ServiceFunction.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state=FUNCTION.SUSPENDED, suspended_until__lte=now
        )
    )
    for function in over:
        _set_suspension(function, FUNCTION.PUBLISHED, {}, None)
        record.of_function("resumed", function, by=None)
    publication.announce(function.pk for function in over)
    return len(over)


def _set_suspension(function: ServiceFunction, state: str, reasons: Mapping[str, str], until: datetime | None) -> None:
    function.state = state
    function.suspended_until = until
    columns = {column("suspended_reason", code): reasons.get(code, "") for code in CODES}
    for name, text in columns.items():
        setattr(function, name, text)
    function.save(update_fields=["state", "suspended_until", *columns])


# --- Retention ------------------------------------------------------------------------------------


@transaction.atomic
def keep_for(department: Department, days: int, *, by: User) -> Department:
    """How long what was sent to it is kept after a call's end, unless a function says otherwise. Raises Incomplete."""
    _only_officers(by, department.pk)
    department = Department.objects.select_for_update(of=("self",)).get(pk=department.pk)
    if not 1 <= days <= RETENTION_MAX:
        raise errors.Incomplete([_("a number of days from 1 to %(most)s") % {"most": RETENTION_MAX}])
    if days != department.retention_days:
        changed = {"retention_days": [department.retention_days, days]}
        department.retention_days = days
        department.save(update_fields=["retention_days"])
        record.of_row(
            "department.retention", department.code, department=department, by=by, details={"changed": changed}
        )
    return department


# --- Filing periods -------------------------------------------------------------------------------


@transaction.atomic
def add_filing_period(function: ServiceFunction, period: FilingPeriod, *, by: User) -> FilingPeriod:
    """From when until when it can be filed; raises Incomplete while something about the period is wrong."""
    function = _locked(function, by)
    if function.state == FUNCTION.RETIRED:
        raise errors.NotOpen(_("This function was retired."))
    period.function = function
    if wrong := filing.wrong_with(period, timezone.now()):
        raise errors.Incomplete(wrong)
    period.save(force_insert=True)
    record.of_function("filing_added", function, by=by, **filing.facts(period))
    publication.announce([function.pk])
    return period


@transaction.atomic
def extend_filing_period(period: FilingPeriod, *, closes_at: datetime, by: User) -> FilingPeriod:
    """Let people file for longer. An end is never brought forward: somebody may count on it."""
    function = _locked(period.function, by)
    period = FilingPeriod.objects.get(pk=period.pk)
    period.function, before = function, period.closes_at
    period.closes_at = closes_at
    wrong = [] if closes_at > before else [_("an end that is later than the one people know")]
    if wrong := wrong or filing.wrong_with(period, timezone.now()):
        raise errors.Incomplete(wrong)
    period.save(update_fields=["closes_at"])
    record.of_function("filing_extended", function, by=by, until=closes_at.isoformat(), before=before.isoformat())
    publication.announce([function.pk])
    return period


@transaction.atomic
def remove_filing_period(period: FilingPeriod, *, by: User) -> None:
    """Only before it opens: after that, receipts speak of it."""
    function = _locked(period.function, by)
    if period.opens_at <= timezone.now():
        raise errors.NotOpen(_("This period has opened already, and receipts speak of it. You can extend it."))
    record.of_function("filing_removed", function, by=by, **filing.facts(period))
    period.delete()
    publication.announce([function.pk])


# --- Versions -------------------------------------------------------------------------------------


@transaction.atomic
def start_draft(function: ServiceFunction, *, by: User) -> FunctionVersion:
    """A draft that begins as the newest version, even one that was sent back. An open draft is given back."""
    function = _locked(function, by)
    newest = function.versions.select_related("backend").order_by("-number").first()
    if newest is None:
        raise errors.NotOpen(_("This function has no version to begin with."))
    newest.function = function
    if newest.state == VERSION.DRAFT:
        return newest
    return _copy(newest, by, "started")


@transaction.atomic
def bring_back(version: FunctionVersion, *, by: User) -> FunctionVersion:
    """A draft that says what an older version said; it goes through review like any other."""
    function = _locked(version.function, by)
    version = FunctionVersion.objects.select_related("backend").get(pk=version.pk)
    version.function = function
    return _copy(version, by, "brought_back")


def _copy(version: FunctionVersion, by: User, verb: str) -> FunctionVersion:
    function = version.function
    if function.state == FUNCTION.RETIRED:
        raise errors.NotOpen(_("This function was retired."))
    if function.versions.filter(state__in=[VERSION.DRAFT, VERSION.IN_REVIEW]).exists():
        raise errors.NotOpen(_("Another version is open. Finish it first."))
    highest = function.versions.aggregate(highest=Max("number"))["highest"]
    made = FunctionVersion.objects.create(function=function, number=highest + 1, created_by=by, **content.of(version))
    record.of_version(verb, made, by=by, copied_from=version.number)
    return made


@transaction.atomic
def save_draft(version: FunctionVersion, values: Mapping[str, Any], *, by: User) -> FunctionVersion:
    """Change what a draft says. Raises ValueError for a name that is no content field."""
    version = _locked_version(version, by, VERSION.DRAFT, _("Only a draft can be changed. Start a new one."))
    if changed := content.put(version, values):
        _own_backend(version)
        version.save(update_fields=list(changed))
        record.of_version("changed", version, by=by, changed=changed)
    return version


@transaction.atomic
def submit(version: FunctionVersion, *, by: User) -> FunctionVersion:
    """Ask a second officer to look at a draft; raises Incomplete while something is missing."""
    version = _locked_version(version, by, VERSION.DRAFT, _("Only a draft can be sent for approval."))
    if version.function.state == FUNCTION.RETIRED:
        raise errors.NotOpen(_("This function was retired."))
    if missing := completeness.missing_from(version):
        raise errors.Incomplete(missing)
    version.state = VERSION.IN_REVIEW
    version.submitted_by, version.submitted_at = by, timezone.now()
    version.save(update_fields=["state", "submitted_by", "submitted_at"])
    record.of_version("submitted", version, by=by)
    return version


@transaction.atomic
def withdraw(version: FunctionVersion, *, by: User) -> FunctionVersion:
    """Take a version out of review, to work on it again."""
    version = _locked_version(version, by, VERSION.IN_REVIEW, _not_in_review())
    version.state = VERSION.DRAFT
    version.submitted_by = version.submitted_at = None
    version.save(update_fields=["state", "submitted_by", "submitted_at"])
    record.of_version("withdrawn", version, by=by)
    return version


@transaction.atomic
def approve(version: FunctionVersion, *, by: User) -> FunctionVersion:
    """Publish it: from the commit on it is what citizens find. A suspended function stays suspended."""
    version = _locked_version(version, by, VERSION.IN_REVIEW, _not_in_review())
    if by.pk in {version.created_by_id, version.submitted_by_id}:
        raise errors.FourEyes
    function = version.function
    if function.state == FUNCTION.RETIRED:
        raise errors.NotOpen(_("This function was retired."))
    _decide(version, VERSION.APPROVED, by)
    function.published = version
    if function.state == FUNCTION.DRAFT:
        function.state = FUNCTION.PUBLISHED
    function.save(update_fields=["published", "state"])
    record.of_version("approved", version, by=by)
    publication.announce([function.pk])
    return version


@transaction.atomic
def refuse(version: FunctionVersion, *, by: User, note: str) -> FunctionVersion:
    """Send it back to its author with a reason."""
    version = _locked_version(version, by, VERSION.IN_REVIEW, _not_in_review())
    if by.pk == version.submitted_by_id:
        raise errors.FourEyes
    if not note.strip():
        raise errors.Incomplete([_("a reason, so that its author knows what to change")])
    version.review_note = note.strip()
    _decide(version, VERSION.REFUSED, by)
    record.of_version("refused", version, by=by, note=version.review_note)
    return version


def _decide(version: FunctionVersion, state: str, by: User) -> None:
    version.state = state
    version.reviewed_by, version.reviewed_at = by, timezone.now()
    version.save(update_fields=["state", "reviewed_by", "reviewed_at", "review_note"])


def _not_in_review() -> str:
    return _("This version is not waiting for approval.")


# --- Backends -------------------------------------------------------------------------------------


@transaction.atomic
def save_backend(backend: Backend, *, by: User) -> Backend:
    """Keep a new or changed backend; raises Unusable. It holds from the next call on, without approval."""
    if not by.has_perms(["registry.see_all_departments", "registry.change_backend"]):  # operations may, everywhere
        _only_officers(by, backend.department_id)
    soundness.check(backend)
    before = Backend.objects.select_for_update(of=("self",)).filter(pk=backend.pk).first()
    if before is not None and before.department_id != backend.department_id:
        raise errors.NotAllowed(_("A backend stays with its department."))
    backend.save()
    changed = {
        name: [content.plain(getattr(before, name, None)), content.plain(after)]
        for name in soundness.FIELDS
        if (after := getattr(backend, name)) != getattr(before, name, None)
    }
    if changed:
        record.of_row(
            "backend.changed" if before else "backend.created",
            backend.code,
            department=backend.department,
            by=by,
            details={"changed": changed},
        )
        publication.announce(ServiceFunction.objects.filter(published__backend=backend).values_list("pk", flat=True))
    return backend
