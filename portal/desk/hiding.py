"""When people read that their data was looked at: at once, unless a department gives a reason and a last date."""

from datetime import date, timedelta

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent.models import HidingRule
from portal.desk.access import function_of, may_act, person, staff_page
from portal.desk.pages import page, to
from services.registry import record
from services.registry.models import ServiceFunction

MOST_DAYS = 365
REASON_LENGTH = 300


@staff_page
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """The rule of a function, to be set, changed and removed; on record with its reason."""
    function, user = function_of(request, code), person(request)
    found = HidingRule.objects.filter(recipient=function.department.code, purpose=function.code).first()
    error = ""
    if request.method == "POST":
        if not may_act(user, function):
            raise Http404
        if "remove" in request.POST:
            _remove(function, by=user)
            messages.success(request, _("From now on people read it at once."))
            return to("hiding", code)
        try:
            _set(function, request, by=user)
        except ValueError as wrong:
            error = str(wrong)
        else:
            messages.success(request, _("Set, with your name and your reason. It holds for looks from now on."))
            return to("hiding", code)
    return page(
        request, "hiding", _("Looks at data: %(code)s") % {"code": code}, status=422 if error else 200,
        function=function, may_act=may_act(user, function), rule=found, posted=request.POST, error=error,
        most_days=MOST_DAYS,
    )  # fmt: skip


@transaction.atomic
def _remove(function: ServiceFunction, *, by: User) -> None:
    gone, _each = HidingRule.objects.filter(recipient=function.department.code, purpose=function.code).delete()
    if gone:
        record.of_function("hiding_removed", function, by=by)


@transaction.atomic
def _set(function: ServiceFunction, request: HttpRequest, *, by: User) -> None:
    """Raises ValueError with what to put right."""
    days, latest_on = request.POST.get("days", ""), request.POST.get("latest_on", "")
    reason = request.POST.get("reason", "").strip()
    facts = {"days": _days(days), "latest_on": _day(latest_on), "reason": reason, "set_by": by}
    if not reason or len(reason) > REASON_LENGTH:
        raise ValueError(
            _("Give the reason in at most %(count)s characters: the person reads it later.") % {"count": REASON_LENGTH}
        )
    HidingRule.objects.update_or_create(
        recipient=function.department.code, purpose=function.code, defaults=facts | {"set_at": timezone.now()}
    )
    record.of_function("hiding_set", function, by=by, days=days, latest_on=latest_on, reason=reason)


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(_("Give 1 to %(count)s days.") % {"count": MOST_DAYS})
    return days


def _day(text: str) -> date:
    today = timezone.localdate()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    if not today < day <= today + timedelta(days=2 * MOST_DAYS):
        raise ValueError(_("Give a last date within the next two years."))
    return day
