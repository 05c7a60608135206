"""Test log-ins: the desk is the department's site for once, and shows all there is to see of one sign-in.

The authorization request, log-in and consent run in a browser like any other; the token and userinfo requests go to
the provider's own endpoints, inside this process. Nothing of it is kept but the disclosure log's line.
"""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from identity.accounts.models import User
from identity.provider import claims, consents
from identity.provider.models import Client
from identity.security import logger
from portal.desk import trial_run
from portal.desk.access import person, staff_page
from portal.desk.clients import client_of
from portal.desk.pages import page
from services import languages
from services.registry import client_trials, clients

TRIAL = "client_trial"  # in the session: what has to fit when the person comes back
SALT = "client-trial"
TICKET_SECONDS = 3600


@staff_page
def attempt(request: HttpRequest, client_id: str) -> HttpResponse:
    """What people would be asked; then the log-in, as oneself or by a link for another browser."""
    found, user = client_of(request, client_id), person(request)
    if not clients.may_act(user, found):
        raise PermissionDenied(_("Only an officer of the department can do this."))
    if request.method == "POST":
        return _begin(request, found, user)
    ticket = signing.dumps([found.client_id, str(user.pk)], salt=SALT)
    link = f"{settings.BASE_URL}{reverse('desk:client-try-ticket', args=[ticket])}"
    return page(
        request, "client_try", _("Test log-in: %(name)s") % {"name": languages.pick(found.words("name"))},
        client=found, link=link,
        names=[found.words("name"), found.words("purpose")], asks=asked_of(found),
    )  # fmt: skip


def asked_of(client: Client) -> list[str | Promise]:
    """What the page of consent would list."""
    fields = claims.fields(client.scopes, {}, client.scopes)
    return [claims.NAMES[name] for name in fields] + [
        consents.BEYOND[name] for name in consents.BEYOND if name in client.scopes
    ]


@login_not_required  # the ticket of an officer is the right to begin; the log-in itself comes next
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def with_ticket(request: HttpRequest, ticket: str) -> HttpResponse:
    """The same in another browser, as a test citizen."""
    try:
        client_id, by = signing.loads(ticket, salt=SALT, max_age=TICKET_SECONDS)
        found, officer = Client.objects.get(client_id=client_id), User.objects.get(pk=by, is_active=True)
    except (signing.BadSignature, ValueError, Client.DoesNotExist, User.DoesNotExist):
        logger.warning("trial_link_refused")
        raise Http404 from None
    if not clients.may_act(officer, found):
        raise Http404
    if request.method == "POST":
        return _begin(request, found, officer)
    return render(request, "desk/client_try_ticket.html", {"site": languages.pick(found.words("name"))})


def _begin(request: HttpRequest, client: Client, by: User) -> HttpResponse:
    callback = f"{settings.BASE_URL}{reverse('desk:client-tried')}"
    trial = client_trials.start(client, callback=callback, by=by)
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": trial.client_id,
        "redirect_uri": callback,
        "scope": " ".join(client.scopes),
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "prompt": "consent",
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    request.session[TRIAL] = {"asked": asked, "verifier": verifier, "client": client.client_id}
    return redirect(f"{reverse('sso:authorize')}?{urlencode(asked)}")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@login_not_required  # whoever began it in this browser is shown their own log-in, and nobody else anything
@never_cache
@require_safe
def tried(request: HttpRequest) -> HttpResponse:
    """What came back, step by step."""
    begun: dict[str, Any] | None = request.session.pop(TRIAL, None)
    trial = client_trials.find(begun["asked"]["client_id"]) if begun else None
    if begun is None or trial is None:
        logger.warning("trial_answer_refused", reason="unknown")
        raise Http404
    if request.GET.get("state") != begun["asked"]["state"]:
        logger.warning("trial_answer_refused", reason="mixed_up", client=begun["client"])
    try:
        run = trial_run.run(trial, begun["asked"], begun["verifier"], request.GET)
    finally:
        client_trials.end(trial)
    context = {"title": _("Test log-in"), "run": run, "client_id": begun["client"], "is_staff": _is_staff(request)}
    context["is_unproved"] = request.GET.get("error") == "unmet_authentication_requirements"
    return render(request, "desk/client_tried.html", context)


def _is_staff(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_staff", False))
