"""What operations does to one backend by the press of a button."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from identity.accounts.models import User
from portal.control import backends, fields
from portal.control.access import for_operations
from services import moments
from services.gateway import reopening, tasks
from services.languages import CODES
from services.registry import maintaining
from services.registry.errors import Incomplete, RegistryError
from services.registry.models import Backend, Maintenance


@for_operations
@require_POST
def probe(request: HttpRequest, code: str) -> HttpResponse:
    """Have a worker ask whether it is up; this page may not wait for another system."""
    backend = get_object_or_404(Backend, code=code)
    if not backend.is_deliverable:
        messages.warning(request, _("It is not connected yet: there is nothing to ask."))
        return redirect("control:backend", code)
    try:
        tasks.probe_backend.delay(backend.pk)
        messages.success(request, _("We are asking it. The answer appears here within seconds."))
    except OperationalError:
        messages.warning(request, _("The message broker did not answer, so nobody could be sent to ask. Try later."))
    return redirect("control:backend", code)


@for_operations
@require_POST
def close_breaker(request: HttpRequest, code: str) -> HttpResponse:
    """Let calls go again at once."""
    assert isinstance(request.user, User)
    backend = get_object_or_404(Backend.objects.select_related("department"), code=code)
    reason = request.POST.get("reason", "").strip()
    if error := fields.mistake(reason):
        return backends.page(request, code, mistakes={"reason": error}, asked="breaker", status=422)
    if reopening.close_breaker(backend, by=request.user, reason=reason):
        messages.success(request, _("The breaker is closed: calls go out again."))
    else:
        messages.warning(request, _("The breaker was closed already."))
    return redirect("control:backend", code)


@for_operations
@require_POST
def maintenance_note(request: HttpRequest, code: str) -> HttpResponse:
    """Note that it will be closed, or is."""
    assert isinstance(request.user, User)
    backend = get_object_or_404(Backend.objects.select_related("department"), code=code)
    starts_at, ends_at = (moments.read(request.POST.get(name, "")) for name in ("starts_at", "ends_at"))
    reasons = {language: request.POST.get(f"reason-{language}", "") for language in CODES}
    try:
        maintaining.note(backend, by=request.user, starts_at=starts_at, ends_at=ends_at, reasons=reasons)
    except Incomplete as error:
        return backends.page(request, code, mistakes={"starts_at": error.message}, asked="maintenance", status=422)
    messages.success(request, _("Noted. Citizens read it from now on."))
    return redirect("control:backend", code)


@for_operations
@require_POST
def maintenance_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End it early, or call it off."""
    maintenance = get_object_or_404(Maintenance.objects.select_related("backend"), pk=pk)
    user = request.user
    assert isinstance(user, User)
    _do(request, lambda: reopening.end_maintenance(maintenance, by=user), _("It is over. Calls go out again."))
    return redirect("control:backend", maintenance.backend.code)


def _do(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
        messages.success(request, done)
    except RegistryError as error:
        messages.warning(request, error.message)
