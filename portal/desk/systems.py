"""One system of a department: when it is open, its maintenance, and who notes that."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk.access import person, staff_page
from portal.desk.pages import do, page, to
from services import moments
from services.gateway import reopening
from services.languages import CODES
from services.registry import maintaining, opening_hours
from services.registry.completeness import LANGUAGES
from services.registry.errors import Incomplete
from services.registry.models import Backend, Maintenance


def _system(request: HttpRequest, code: str) -> Backend:
    """One that the person may see; a 404 that does not tell others from unknown ones."""
    found: Backend | None = (
        Backend.objects.visible_to(person(request)).select_related("department").filter(code=code).first()
    )
    if found is None:
        raise Http404
    return found


@staff_page
def system(request: HttpRequest, code: str) -> HttpResponse:
    """Opening hours and the maintenance that is under way or to come; a post notes another."""
    found, user = _system(request, code), person(request)
    starts_at, ends_at = request.POST.get("starts_at", ""), request.POST.get("ends_at", "")
    reasons = {language: request.POST.get(f"reason-{language}", "") for language in CODES}
    error = ""
    if request.method == "POST":
        times = {"starts_at": moments.read(starts_at), "ends_at": moments.read(ends_at)}
        try:
            maintaining.note(found, by=user, reasons=reasons, **times)
        except Incomplete as problem:
            error = problem.message
        else:
            messages.success(request, _("Noted. Citizens read it from now on."))
            return to("system", code)
    now = timezone.now()
    return page(
        request, "system", found.code, status=422 if error else 200, system=found, error=error, now=now,
        hours=opening_hours.say(found.service_window), starts_at=starts_at, ends_at=ends_at,
        maintenances=found.maintenances.filter(ends_at__gt=now).select_related("created_by"),
        may_maintain=maintaining.may_maintain(user, found),
        reasons=[(language, LANGUAGES[language], text) for language, text in reasons.items()],
    )  # fmt: skip


@staff_page
@require_POST
def maintenance_end(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """End it early, or call it off."""
    maintenance = get_object_or_404(Maintenance, pk=pk, backend=_system(request, code))
    do(
        request,
        lambda: reopening.end_maintenance(maintenance, by=person(request)),
        _("It is over. Calls go out again."),
    )
    return to("system", code)
