"""Setting when a function can be filed: an officer's act for the own department, on record at once."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk.access import function_of, may_act, person, staff_page
from portal.desk.deciding import moment_of
from portal.desk.pages import do, page, to
from services.gateway import deadlines, story
from services.registry import flows
from services.registry.errors import RegistryError
from services.registry.models import FilingPeriod, ServiceFunction


@staff_page
def filing(request: HttpRequest, code: str) -> HttpResponse:
    """Its periods, and a form for one more."""
    function = function_of(request, code)
    error = ""
    if request.method == "POST":
        try:
            flows.add_filing_period(function, _posted(request), by=person(request))
        except RegistryError as problem:
            error = problem.message
        except ValueError:
            error = _("Give the day and the time of both the beginning and the end.")
        else:
            messages.success(request, _("Set. Citizens read it at once."))
            return to("filing", code)
    known = story.availability(function).deadline if function.published else None
    return page(
        request,
        "filing",
        _("Filing periods: %(code)s") % {"code": code},
        status=422 if error else 200,
        function=function,
        may_act=may_act(person(request), function),
        periods=list(function.filing_periods.all()),
        said=deadlines.say(known) if known else "",
        now=timezone.now(),
        rules=FilingPeriod.Rule.choices,
        posted=request.POST,
        error=error,
    )


@staff_page
@require_POST
def extend(request: HttpRequest, code: str, number: int) -> HttpResponse:
    period = _period(function_of(request, code), number)
    try:
        closes_at = _required(request.POST.get("closes_at", ""))
    except ValueError:
        messages.error(request, _("Give the day and the time."))
        return to("filing", code)
    do(request, lambda: flows.extend_filing_period(period, closes_at=closes_at, by=person(request)), _("Extended."))
    return to("filing", code)


@staff_page
@require_POST
def remove(request: HttpRequest, code: str, number: int) -> HttpResponse:
    period = _period(function_of(request, code), number)
    do(request, lambda: flows.remove_filing_period(period, by=person(request)), _("Removed."))
    return to("filing", code)


def _period(function: ServiceFunction, number: int) -> FilingPeriod:
    found: FilingPeriod | None = function.filing_periods.filter(pk=number).first()
    if found is None:
        raise Http404
    found.function = function
    return found


def _posted(request: HttpRequest) -> FilingPeriod:
    """As the page's own form posts it, in Hong Kong time. Raises ValueError."""
    days = request.POST.get("extend_days", "1")
    return FilingPeriod(
        opens_at=_required(request.POST.get("opens_at", "")),
        closes_at=_required(request.POST.get("closes_at", "")),
        rule=request.POST.get("rule", "")[:20],
        extend_days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else 0,
    )


def _required(text: str) -> datetime:
    moment = moment_of(text)
    if moment is None:
        raise ValueError(text)
    return moment
