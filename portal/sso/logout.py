"""Where a department's site sends a person who signs out there (OpenID Connect RP-Initiated Logout 1.0)."""

import json

from allauth.account.adapter import get_adapter
from cryptography.fernet import InvalidToken
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from identity import encryption
from identity.accounts.models import User
from identity.provider import end_session, subjects
from identity.provider.end_session import Logout, Untrusted
from identity.security import logger
from portal.sso import languages, security
from portal.sso.authorize import to_client

SALT = "sso-logout"
WAITS_SECONDS = 1800  # while the person reads the question
CARRIED = "request"  # parameter: what a form of another site said, sealed


@csrf_exempt  # a site may send the person here by a form; nothing happens without a hint of ours or the person's word
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out, or ask first. Back to the site, or to a page of ours."""
    if request.method == "POST":  # the session's cookie does not come with it: the browser has to come by itself
        sealed = encryption.encrypt(json.dumps(request.POST.dict()).encode()).decode()
        return redirect(f"{reverse('sso:logout')}?{CARRIED}={sealed}")
    given = _given(request)
    if language := languages.first_spoken(given.get("ui_locales", "")):
        translation.activate(language)
        request.LANGUAGE_CODE = language
    try:
        asked = end_session.read(given)
    except Untrusted as error:
        logger.warning("logout_refused", reason=error.reason)
        return render(request, "sso/logout_refused.html", {"reason": error.reason}, status=400)
    person = request.user
    if not isinstance(person, User):
        return _done(request, asked)
    if asked.is_of(person=person.pk, session=subjects.session_of(request)):
        get_adapter(request).logout(request)
        return _done(request, asked)
    return _ask(request, asked)


@login_not_required  # whoever is signed out already is told so
@never_cache
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """What the person says."""
    try:
        client, return_to = signing.loads(request.POST.get("asked", ""), salt=SALT, max_age=WAITS_SECONDS)
    except (signing.BadSignature, ValueError):
        return render(request, "sso/logout_refused.html", {"reason": "question_expired"}, status=400)
    if request.POST.get("action") != "sign_out":
        return redirect("web:home")
    if request.user.is_authenticated:
        get_adapter(request).logout(request)
    return to_client(return_to) if return_to else render(request, "sso/logged_out.html", {"site": client})


def _given(request: HttpRequest) -> dict[str, str]:
    """The parameters; those of a form of another site come sealed, as we sealed them ourselves."""
    sealed = request.GET.get(CARRIED)
    if sealed is None:
        return {name: str(value) for name, value in request.GET.items()}
    try:
        found = json.loads(encryption.decrypt(sealed.encode()))
    except (InvalidToken, ValueError):
        return {"id_token_hint": "-"}  # sealed by nobody: refused like any forged hint
    return {str(name): str(value) for name, value in found.items()}


def _ask(request: HttpRequest, asked: Logout) -> HttpResponse:
    site = _name(asked)
    context = {"site": site, "asked": signing.dumps([site, asked.return_to], salt=SALT)}
    response = render(request, "sso/logout.html", context)
    if asked.return_to:
        security.allow(response, asked.return_to)
    return response


def _done(request: HttpRequest, asked: Logout) -> HttpResponse:
    """Nobody is signed in here any more: back to the site, or a page that says so."""
    if asked.return_to and asked.sub:
        return to_client(asked.return_to)
    return render(request, "sso/logged_out.html", {"site": _name(asked), "return_to": asked.return_to})


def _name(asked: Logout) -> str:
    if asked.client is None:
        return ""
    names = asked.client.words("name")
    return names.get(get_language() or "en") or names["en"]
