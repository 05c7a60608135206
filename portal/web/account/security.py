"""Sign-in and security: everything with which a person signs in, each with its next step."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.accounts import factors, recovery
from identity.accounts.models import Recovery, User


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Passkeys, authenticator app, recovery codes, password; and a recovery under way, which may be somebody else's."""
    assert isinstance(request.user, User)
    context = {
        "factors": factors.of(request.user),
        "recoveries": recovery.open_of(request.user),
        "is_needed": "needed" in request.GET,
    }
    return render(request, "web/account_security.html", context)


@require_POST
def stop_recovery(request: HttpRequest, pk: UUID) -> HttpResponse:
    """It was not me."""
    recovery.cancel(get_object_or_404(Recovery, pk=pk, person=request.user))
    return redirect("web:account-security")
