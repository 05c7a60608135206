"""What was sent with a call, and what came back, is kept no longer than promised. Receipt, fingerprint and times stay.

Not touched as long as it is needed: a call that has not ended or waits for a human's decision, one whose filing period
is open or was a month ago, and one about whose disclosure the person has asked and not been answered.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from identity.consent.models import Question
from identity.signing import flows as signing
from services.forms.flows import SENT
from services.forms.models import StoredFile
from services.gateway.models import BatchRecord, HookEvent, ServiceCall
from services.registry.models import FilingPeriod, FunctionVersion

BATCH = 200
DISPUTABLE = timedelta(days=30)  # so long after a filing period somebody may still ask what was sent in it
BLANK: dict[str, Any] = {"form": {}, "files": {}}


def days(version: FunctionVersion) -> int:
    """How long what was sent is kept after the call has ended. Its function's department must be loaded."""
    return version.retention_days or version.function.department.retention_days


def ends_at(call: ServiceCall) -> datetime | None:
    """When what was sent is deleted, unless it is needed longer; None while the call goes on."""
    if call.finished_at is None:
        return None
    own = call.version.retention_days or call.function.department.retention_days
    return max(filter(None, (call.finished_at, call.closed_at))) + timedelta(days=own)


def due(now: datetime) -> QuerySet[ServiceCall]:
    """The calls whose time is over."""
    kept = Coalesce(F("version__retention_days"), F("function__department__retention_days"))
    lasts = ExpressionWrapper(kept * Value(timedelta(days=1)), output_field=DurationField())
    end = ExpressionWrapper(Greatest("finished_at", "closed_at") + lasts, output_field=DateTimeField())
    periods = FilingPeriod.objects.filter(
        function=OuterRef("function"), opens_at__lte=OuterRef("accepted_at"), closes_at__gt=now - DISPUTABLE
    )
    asked = Question.objects.filter(disclosure__reference=OuterRef("receipt"), answered_at=None)
    ended = Q(status__in=["completed", "rejected", "withdrawn"]) | Q(status="failed", closed_at__isnull=False)
    return (
        ServiceCall.objects.filter(ended, blanked_at=None, finished_at__lte=now - timedelta(days=1))
        .annotate(ends_at=end)
        .filter(~Exists(periods), ~Exists(asked), ends_at__lte=now)
    )


def blank_due(now: datetime) -> int:
    """Delete what was sent with every call whose time is over; how many calls. Two at once share the work."""
    count = 0
    while done := _blank_some(now):
        count += done
    return count


@transaction.atomic
def _blank_some(now: datetime) -> int:
    found = due(now).order_by("finished_at").select_for_update(of=("self",), skip_locked=True)
    receipts = dict(found.values_list("pk", "receipt")[:BATCH])
    if not receipts:
        return 0
    calls = ServiceCall.objects.filter(pk__in=receipts, blanked_at=None)
    done = calls.update(payload=BLANK, answer=None, blanked_at=now)
    BatchRecord.objects.filter(call__in=receipts).update(content={})
    HookEvent.objects.filter(call__in=receipts).update(words=None)
    signing.blank(receipts.values())
    StoredFile.objects.filter(caller__in=[f"{SENT}{receipt}" for receipt in receipts.values()]).delete()
    return done
