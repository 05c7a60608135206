"""Signing in and more with the national identity app: the pages between Ferry and the app.

Each is about one transaction. It shows where the app is to be found, looks by itself whether the person has decided
there, and goes on; without JavaScript it reloads. Whoever may see a transaction is decided in identity.upstream.flows.
"""

import uuid
from collections.abc import Callable

from allauth.account.internal.flows.login import record_authentication
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.accounts import authentication, freshness, step_up
from identity.accounts.limits import unattended
from identity.accounts.models import User
from identity.security import logger, pseudonym
from identity.upstream import callbacks, flows
from identity.upstream.errors import OtherPerson, SignInAgain, UpstreamError
from identity.upstream.models import SignatureRequest, Transaction
from identity.upstream.provider import BROWSER, browser_of, name
from portal.web.upstream_words import DONE, TITLES, TROUBLES, masked

Kind, Status = Transaction.Kind, Transaction.Status
AMR = {False: ("swk", "mca"), True: ("swk", "user")}  # by another device, or on the same one; RFC 8176
ASKED_FIRST = {Kind.SIGN_IN, Kind.CONNECT}  # the person sees whose account it is before it counts
LONGEST = 200  # characters of what the provider brings by the browser
STATUSES = {"unreachable": 502, "refused": 502, "not_connected": 409, "sign_in_again": 409}


# --- Beginning ------------------------------------------------------------------------------------
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Begin to sign in, or to link the app (`process=connect`); a GET only leads to where that can be pressed."""
    wants_link = request.POST.get("process") == "connect"
    if request.method != "POST" or (wants_link and not request.user.is_authenticated):
        return redirect("account_login")
    if wants_link and not freshness.is_fresh(request):
        return redirect(freshness.address(request, next=reverse("web:account-identity-app")))
    provider = get_adapter(request).get_provider(request, flows.PROVIDER)
    response: HttpResponse = provider.redirect_from_request(request)
    return response


def ask(request: HttpRequest, kind: str, *, next: str) -> HttpResponse:
    """Put something into the person's app and lead to its page; where they must sign in with it first, to that."""
    assert isinstance(request.user, User)
    try:
        asked = flows.ask(kind, request.user, next=next, language=translation.get_language() or "en")
    except SignInAgain:
        return again(request, next=request.get_full_path() if request.method == "GET" else next)
    except UpstreamError as error:
        return trouble(request, error.reason)
    return redirect("web:upstream-transaction", asked.pk)


def again(request: HttpRequest, *, next: str) -> HttpResponse:
    """Sign in with the app once more, in the session that there is."""
    assert isinstance(request.user, User)
    language = translation.get_language() or "en"
    begun = flows.begin(
        Kind.REAUTHENTICATE, browser=browser_of(request), person=request.user, next=next, language=language
    )
    return redirect("web:upstream-transaction", begun.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """Proving more with the app: what it is, and the button that begins. Leads back to `next`."""
    place = step_up.safe(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        return render(request, "web/upstream_prove.html", {"place": place, "app": name()})
    if "once-more" in request.POST:
        return again(request, next=place)
    assert isinstance(request.user, User)
    connection = flows.connection_of(request.user)
    if connection is not None and not connection.can_sign:
        return again(request, next=place)
    return ask(request, Kind.STEP_UP, next=place)


# --- Waiting --------------------------------------------------------------------------------------
@login_not_required
@never_cache
@require_safe
def transaction(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """How it stands: where the app is, what was decided there, or what to do now."""
    found = _own(request, key)
    return render(request, "web/upstream.html", _context(request, found))


@login_not_required
@never_cache
@unattended
@require_safe
def part(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The same for the page that looks by itself: nothing while there is nothing new."""
    found = _own(request, key)
    if found.outcome == Status.OPEN:
        return HttpResponse(status=204)
    return render(request, "web/upstream.html#now", _context(request, found))


def _own(request: HttpRequest, key: uuid.UUID) -> Transaction:
    person = request.user if isinstance(request.user, User) else None
    try:
        return flows.of(key, browser=request.session.get(BROWSER, ""), person=person)
    except Transaction.DoesNotExist:
        raise Http404 from None


def _context(request: HttpRequest, found: Transaction) -> dict[str, object]:
    outcome = found.outcome
    context: dict[str, object] = {
        "transaction": found,
        "title": TITLES[found.kind],
        "app": name(),
        "outcome": outcome,
        "trouble": TROUBLES.get(outcome),
        "again_url": _again_url(found),
        "done_text": DONE.get(found.kind, ""),
        "next": found.next or reverse("web:home"),
    }
    if outcome == Status.OPEN:
        context |= {
            "scan_url": flows.address(found, here=False),
            "here_url": flows.address(found, here=True),
            "code": _code(found),
        }
    elif outcome == Status.APPROVED:
        context |= _whose(request, found)
    return context


def _code(found: Transaction) -> str:
    if found.kind != Kind.SIGNATURE:
        return ""
    return SignatureRequest.objects.get(pk=found.pk).code


def _whose(request: HttpRequest, found: Transaction) -> dict[str, object]:
    """Whose account it would be, said so that only its owner knows it."""
    if found.kind not in ASKED_FIRST:
        return {"goes_on": True}
    holder = flows.holder_of(found)
    here = request.user if isinstance(request.user, User) else None
    is_elsewhere = found.kind == Kind.CONNECT and holder is not None and holder != here
    return {
        "goes_on": False,
        "holder": masked(str(holder)) if holder else "",
        "here": str(here) if here and here != holder else "",
        "is_link": found.kind == Kind.CONNECT,
        "trouble": TROUBLES["linked_elsewhere"] if is_elsewhere else None,
    }


def _again_url(found: Transaction) -> str:
    """Where the person can begin once more."""
    if found.kind == Kind.SIGN_IN:
        return reverse("account_login")
    if found.kind in {Kind.STEP_UP, Kind.REAUTHENTICATE, Kind.SIGNATURE} and found.next:
        return found.next
    return reverse("web:account-identity-app")


# --- Deciding -------------------------------------------------------------------------------------
@login_not_required
@never_cache
@require_POST
def finish(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Use the answer, once, in the session of whoever asked, and go on."""
    found = _own(request, key)
    if "somebody-else" in request.POST:
        flows.disown(found)
        return redirect("web:upstream-transaction", found.pk)
    try:
        found = flows.use(found)
        response = FINISH[found.kind](request, found)
    except UpstreamError as error:
        _log(error, found.kind, found.person)
        return trouble(request, error.reason)
    if request.headers.get("HX-Request") and response.status_code in {302, 303}:
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response


def _sign_in(request: HttpRequest, found: Transaction) -> HttpResponse:
    """By the account that the app is linked to; a new one if there is none."""
    holder = flows.holder_of(found)
    if isinstance(request.user, User):
        if holder == request.user:
            return _reauthenticate(request, found)
        logout(request)  # this session's alone
    return _complete(request, found, "login")


def _connect(request: HttpRequest, found: Transaction) -> HttpResponse:
    """To the account that is signed in."""
    holder = flows.holder_of(found)
    if holder not in {None, request.user}:
        raise OtherPerson("linked to another account")
    return _complete(request, found, "connect")


def _complete(request: HttpRequest, found: Transaction, process: str) -> HttpResponse:
    provider = get_adapter(request).get_provider(request, flows.PROVIDER)
    login = provider.sociallogin_from_response(request, found.answer)
    login.state = {"process": process, "next": found.next or None}
    response: HttpResponse = complete_social_login(request, login)
    connection = flows.recognise(found)
    person = User.objects.get(pk=connection.account.user_id)
    authentication.note(request, amr=AMR[found.is_here], acr=User.Assurance.BASIC, person=person)
    return response


def _reauthenticate(request: HttpRequest, found: Transaction) -> HttpResponse:
    assert isinstance(request.user, User)
    connection = flows.recognise(found)
    record_authentication(
        request, request.user, "socialaccount", reauthenticated=True,
        provider=flows.PROVIDER, uid=connection.account.uid,
    )  # fmt: skip
    authentication.note(request, amr=AMR[found.is_here], acr=User.Assurance.BASIC)
    return _on(request, found)


def _prove_more(request: HttpRequest, found: Transaction) -> HttpResponse:
    authentication.note(request, amr=(*AMR[found.is_here], "mfa"), acr=User.Assurance.PLUS)
    return _on(request, found)


def _on(request: HttpRequest, found: Transaction) -> HttpResponse:
    return redirect(step_up.safe(request, found.next) if found.next else "web:account-identity-app")


FINISH: dict[str, Callable[[HttpRequest, Transaction], HttpResponse]] = {
    Kind.SIGN_IN: _sign_in,
    Kind.CONNECT: _connect,
    Kind.REAUTHENTICATE: _reauthenticate,
    Kind.PROFILE: _on,
    Kind.FORM_FILLING: _on,
    Kind.STEP_UP: _prove_more,
    Kind.SIGNATURE: _on,
}


# --- From the provider ----------------------------------------------------------------------------
@login_not_required
@never_cache
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """The browser comes back with a code, or with the reason why there is none."""
    told = {each: request.GET.get(each, "")[:LONGEST] for each in ("state", "code", "error_code")}
    try:
        found = flows.come_back(**told, browser=request.session.get(BROWSER, ""))
    except UpstreamError as error:
        _log(error, "back", request.user if isinstance(request.user, User) else None)
        return trouble(request, error.reason)
    with translation.override(found.language):
        return redirect("web:upstream-transaction", found.pk)


@csrf_exempt
@login_not_required
@require_POST
def callback(request: HttpRequest) -> JsonResponse:
    """The provider's own answer to what waited under a ticket. Whoever forges one learns nothing from the reply."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > callbacks.MOST_BYTES:
        return JsonResponse({"code": "D20001", "message": "too large"}, status=413)
    try:
        callbacks.receive(request.headers, request.body)
    except UpstreamError as error:
        _log(error, "callback", None)
        return JsonResponse({"code": "D20001", "message": "not accepted"}, status=400)
    return JsonResponse({"code": "D00000", "message": ""})


def _log(error: UpstreamError, kind: str, person: User | None) -> None:
    """Each refusal of something forged, replayed, expired or mixed-up leaves a line."""
    logger.warning("upstream_answer_refused", kind=kind, reason=error.reason, person=pseudonym(person))


# --- When it does not go on -----------------------------------------------------------------------
def trouble(request: HttpRequest, reason: str) -> HttpResponse:
    """What went wrong, and the next step."""
    is_in = request.user.is_authenticated
    context = {
        "trouble": TROUBLES.get(reason, TROUBLES[Status.FAILED]),
        "again_url": reverse("web:account-identity-app" if is_in else "account_login"),
        "is_in": is_in,
    }
    return render(request, "web/upstream_trouble.html", context, status=STATUSES.get(reason, 400))
