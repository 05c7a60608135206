"""Addresses without a language in front."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from identity.consent import checkpoints
from portal import health
from portal.watch.metrics import metrics
from portal.web import upstream
from portal.web.styleguide import styleguide
from services.gateway import proof

PUBLIC = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}


@login_not_required
def front(request: HttpRequest) -> HttpResponse:
    """The front page in the reader's language."""
    return redirect("web:home")


@login_not_required
@require_safe
def proof_keys(request: HttpRequest) -> HttpResponse:
    """The public keys with which proofs of calls are checked (RFC 7517 section 8.5.1)."""
    return JsonResponse(proof.key_set(), content_type="application/jwk-set+json", headers=PUBLIC)


@login_not_required
@require_safe
def disclosure_keys(request: HttpRequest) -> HttpResponse:
    """The public keys with which checkpoints of the disclosure log are checked."""
    return JsonResponse(checkpoints.keys().key_set(), content_type="application/jwk-set+json", headers=PUBLIC)


@login_not_required
@require_safe
def disclosure_checkpoints(request: HttpRequest) -> HttpResponse:
    """The signed checkpoints of the disclosure log, a hundred at a time, newest first; `before` a number: older ones.

    Anyone may keep them: so nobody can sign another past.
    """
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else None
    headers = PUBLIC | {"Cache-Control": "public, max-age=300"}
    return JsonResponse({"checkpoints": checkpoints.published(before, 100)}, headers=headers)


urlpatterns = [
    path("", front),
    path(".well-known/ferry-proof-keys.json", proof_keys, name="proof-keys"),
    path(".well-known/ferry-disclosure-keys.json", disclosure_keys, name="disclosure-keys"),
    path(".well-known/ferry-checkpoints.json", disclosure_checkpoints, name="disclosure-checkpoints"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    # allauth leads to these two after each change of a factor: one page of ours has both.
    path("accounts/2fa/", RedirectView.as_view(pattern_name="web:account-security")),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="web:account-security")),
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="web:account-identity-app")),
    path("accounts/upstream/login/", upstream.start, name="upstream-start"),
    path("accounts/upstream/back/", upstream.back, name="upstream-back"),
    path("accounts/upstream/callback/", upstream.callback, name="upstream-callback"),
    path("styleguide/", styleguide, name="styleguide"),
]
