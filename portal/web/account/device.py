"""A device shows a code, and its person types it in here (RFC 8628 section 3.3): who asks, for what, yes or no."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts import attempts, authentication, networks, step_up
from identity.accounts.attempts import Limit, Locked
from identity.accounts.models import User
from identity.provider import claims, consents, devices
from identity.provider.devices import Asked
from services import languages

LONGEST_CODE = 30  # characters typed
GUESSES = Limit("device_code", free=10, first=30, longest=3_600, forgotten=86_400)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    """First the code, then the question; a link from a device fills the code in, and never answers for the person."""
    assert isinstance(request.user, User)
    typed = str(request.POST.get("user_code") or request.GET.get("user_code") or "")[:LONGEST_CODE]
    if request.method != "POST":
        return render(request, "web/device.html", {"typed": typed})
    try:
        cost = [(GUESSES, networks.digest(GUESSES.name, str(request.user.pk)))]
        attempts.pay(cost)
    except Locked:
        error = _("Those were too many codes. Wait a few minutes, then try again.")
        return render(request, "web/device.html", {"typed": typed, "error": error}, status=429)
    asked = devices.waiting(typed)
    if asked is None:
        error = _("We do not know this code, or it is too old. Look at the device: it may show a new one.")
        return render(request, "web/device.html", {"typed": typed, "error": error}, status=422)
    attempts.pay_back(cost)
    return _answer(request, request.user, asked, typed)


def _answer(request: HttpRequest, person: User, asked: Asked, typed: str) -> HttpResponse:
    if not step_up.is_enough(request, asked.client.least_acr):
        back = f"{reverse('web:account-device')}?user_code={typed}"
        return redirect(step_up.address(request, asked.client.least_acr, next=back))
    action = request.POST.get("action")
    if action not in {"allow", "refuse"}:
        return render(request, "web/device_asks.html", _question(asked, typed))
    proved = authentication.of(request)
    assert proved is not None
    is_done = devices.approve(asked, person, proved=proved) if action == "allow" else devices.deny(asked)
    outcome = {"allow": "allowed", "refuse": "refused"}[action] if is_done else "late"
    return render(request, "web/device_done.html", {"outcome": outcome, "site": _words(asked, "name")})


def _question(asked: Asked, typed: str) -> dict[str, Any]:
    return {
        "typed": typed,
        "site": _words(asked, "name"),
        "department": _words(asked, "department_name"),
        "purpose": _words(asked, "purpose"),
        "until": timezone.localtime(timezone.now() + timedelta(days=asked.client.consent_days)),
        "asks": [claims.NAMES[name] for name in asked.fields] + [consents.BEYOND[name] for name in asked.beyond],
    }


def _words(asked: Asked, kind: str) -> str:
    return languages.pick(asked.client.words(kind))
