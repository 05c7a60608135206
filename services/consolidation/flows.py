"""The verbs of consolidation. Each writes its Change with the act itself."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from identity.accounts.models import User
from services.consolidation.errors import AlreadyDone, NotReady
from services.consolidation.models import Aim, Blocker, Reading
from services.registry.models import Change, LegacyApp, ServiceFunction

FUNCTIONS_AIM = 1300


@transaction.atomic
def set_aim(*, by: User | None, due_on: date, functions: int = FUNCTIONS_AIM, apps: int | None = None) -> Aim:
    """Fix today's number of apps and what is to be left of it: half, unless `apps` says otherwise."""
    left = LegacyApp.objects.exclude(status=LegacyApp.Status.RETIRED).count()
    aim = Aim.objects.create(
        set_by=by, apps_at_start=left, apps=left // 2 if apps is None else apps, functions=functions, due_on=due_on
    )
    details = {"apps_at_start": left, "apps": aim.apps, "functions": functions, "due_on": due_on.isoformat()}
    Change.objects.create(actor=by, verb="aim.set", subject=str(aim), details=details)
    return aim


@transaction.atomic
def open_blocker(app: LegacyApp, *, what: str, owner: str, by: User | None) -> Blocker:
    """Note what keeps an app from being switched off, and who clears it. Raises AlreadyDone for a retired app."""
    app = _locked(app)
    if app.status == LegacyApp.Status.RETIRED:
        raise AlreadyDone("the app is switched off already")
    blocker = Blocker.objects.create(app=app, what=what, owner=owner, opened_by=by)
    _note("blocker.opened", app, by, what=what, owner=owner)
    return blocker


@transaction.atomic
def close_blocker(blocker: Blocker, *, outcome: str, by: User | None) -> Blocker:
    """It no longer stands in the way, and `outcome` says why. Raises AlreadyDone."""
    blocker = Blocker.objects.select_for_update(of=("self",)).select_related("app").get(pk=blocker.pk)
    if not blocker.is_open:
        raise AlreadyDone("the blocker is closed already")
    blocker.closed_at, blocker.closed_by, blocker.outcome = timezone.now(), by, outcome
    blocker.save()
    _note("blocker.closed", blocker.app, by, what=blocker.what, outcome=outcome)
    return blocker


@transaction.atomic
def retire_app(app: LegacyApp, *, by: User | None, reason: str) -> LegacyApp:
    """The app is switched off today. Raises AlreadyDone, or NotReady while somebody would lose something by it."""
    app = _locked(app)
    if app.status == LegacyApp.Status.RETIRED:
        raise AlreadyDone("the app is switched off already")
    blockers = Blocker.objects.open().filter(app=app).count()
    unpublished = ServiceFunction.objects.filter(app=app, state=ServiceFunction.State.DRAFT).count()
    if blockers or unpublished:
        raise NotReady(blockers=blockers, unpublished=unpublished)
    before = app.status
    app.status, app.retire_by = LegacyApp.Status.RETIRED, timezone.localdate()
    app.save(update_fields=["status", "retire_by"])
    _note("app.retired", app, by, status=[before, app.status], reason=reason)
    return app


def take_reading() -> Reading:
    """Write down where consolidation stands today; again the same day, the day's line is brought up to date."""
    states = list(LegacyApp.objects.order_by().values_list("status", flat=True))
    reading, _ = Reading.objects.update_or_create(
        on=timezone.localdate(),
        defaults={
            "apps_live": states.count(LegacyApp.Status.LIVE),
            "apps_consolidating": states.count(LegacyApp.Status.CONSOLIDATING),
            "apps_retired": states.count(LegacyApp.Status.RETIRED),
            "functions_published": ServiceFunction.objects.public().count(),
        },
    )
    return reading


def _locked(app: LegacyApp) -> LegacyApp:
    locked: LegacyApp = LegacyApp.objects.select_for_update(of=("self",)).get(pk=app.pk)
    return locked


def _note(verb: str, app: LegacyApp, by: User | None, **details: Any) -> None:
    Change.objects.create(actor=by, verb=verb, department_id=app.department_id, subject=app.code, details=details)
