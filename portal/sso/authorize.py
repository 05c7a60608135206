"""The authorization endpoint: where a department's site sends a person, and from where they go back to it."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from identity.accounts import authentication, step_up
from identity.accounts.models import User
from identity.provider import authorization, codes, consents, pushed
from identity.provider.authorization import Request, Standing, Step
from identity.provider.errors import AccessDenied, OAuth2Error, Untrusted
from identity.security import logger
from portal.sso import consenting, languages, security

WAITING = "waiting"  # the parameter with the handle of a request that waits


@csrf_exempt  # a client's page may send the person here by a form (OpenID Connect Core 1.0 section 3.1.2.1)
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """A code or an error for the client, or the page that comes before."""
    try:
        if request.method != "POST" and (handle := request.GET.get(WAITING)):
            return proceed(request, authorization.resume(handle), handle)
        given = request.POST if request.method == "POST" else request.GET
        asked = authorization.read(dict(given.lists()))
    except Untrusted as error:
        return refuse(request, error)
    if request.method == "POST" and asked.problem is None:
        # The session's cookie does not come with a form of another site: the browser has to come by itself.
        return _to_waiting(pushed.wait(asked.client, asked.parameters), _language(asked))
    return proceed(request, asked, "")


def proceed(http: HttpRequest, asked: Request, handle: str) -> HttpResponse:
    """One step further. `handle` is empty for a request that has not waited."""
    try:
        if asked.problem is not None:
            raise asked.problem
        standing = standing_of(http)
        step, consent = authorization.next_step(asked, standing)
    except OAuth2Error as error:
        return to_client(codes.failure(asked, error))
    if step is Step.CODE:
        assert standing.person is not None
        assert standing.proved is not None
        assert consent is not None
        return to_client(codes.success(asked, http, person=standing.person, proved=standing.proved, consent=consent))
    if step in (Step.CHOOSE, Step.CONSENT) and handle:
        page = consenting.choose if step is Step.CHOOSE else consenting.ask
        return page(http, asked, handle)
    handle = handle or pushed.wait(asked.client, asked.parameters)
    security.expect(http, asked.redirect_uri)
    if step in (Step.CHOOSE, Step.CONSENT):
        return _to_waiting(handle, _language(asked))
    with translation.override(_language(asked) or get_language()):
        return redirect(_detour(http, step, asked, handle))


@login_not_required  # an answer without a session is led to the log-in
@never_cache
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """What the person says on the page of consent."""
    handle = request.POST.get("request", "")
    try:
        asked = authorization.resume(handle)
    except Untrusted as error:
        return refuse(request, error)
    if request.POST.get("action") != "grant":
        return to_client(codes.failure(asked, AccessDenied()))
    standing = standing_of(request)
    try:
        step, _ = authorization.next_step(asked, standing)
    except OAuth2Error as error:
        return to_client(codes.failure(asked, error))
    if step not in (Step.CONSENT, Step.CODE):
        return _to_waiting(handle)
    assert standing.person is not None
    assert standing.proved is not None
    declined = set(request.POST.getlist("leave_out")) & set(asked.fields)
    consent = consents.give(
        asked.client,
        standing.person,
        scopes=asked.asked_scopes,
        fields=[name for name in asked.fields if name not in declined],
        declined=declined,
    )
    return to_client(codes.success(asked, request, person=standing.person, proved=standing.proved, consent=consent))


@login_not_required
@never_cache
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """With the account that is signed in, or with another."""
    handle = request.POST.get("request", "")
    if request.POST.get("action") == "continue" and isinstance(request.user, User):
        pushed.choose(handle, str(request.user.pk))
        return _to_waiting(handle)
    origins = request.session.get(security.ORIGINS, [])
    logout(request)  # of this browser; their other devices stay signed in
    request.session[security.ORIGINS] = origins
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': waiting_address(handle)})}")


def standing_of(request: HttpRequest) -> Standing:
    """Who sits before the browser."""
    person = request.user if isinstance(request.user, User) else None
    return Standing(person, authentication.of(request), lambda acr: bool(step_up.ways(request, acr)))


def waiting_address(handle: str) -> str:
    """Where a request that waits goes on."""
    return f"{reverse('sso:authorize')}?{urlencode({WAITING: handle})}"


def to_client(address: str) -> HttpResponse:
    """Back to the client; its address may be an app's, of which Django's own redirects know nothing."""
    response = HttpResponse(status=302, headers={"Location": address, "Cache-Control": "no-store"})
    response["Referrer-Policy"] = "no-referrer"
    return response


def refuse(request: HttpRequest, error: Untrusted) -> HttpResponse:
    """A page of our own: whoever sent this person is not to be trusted with an answer (RFC 9700 section 4.11)."""
    logger.warning("authorization_refused", reason=error.reason)
    context = {"reason": error.reason, "is_late": error.reason in {"request_expired", "request_uri_unknown"}}
    return render(request, "sso/refused.html", context, status=400)


def _to_waiting(handle: str, language: str = "") -> HttpResponse:
    """The same request as an address of ours; in the client's language the first time, then in the person's choice."""
    return redirect(waiting_address(handle) + (f"&lang={language}" if language else ""))


def _detour(http: HttpRequest, step: Step, asked: Request, handle: str) -> str:
    """The page on which the person signs in, or proves more, and the way back."""
    back = waiting_address(handle)
    if step is Step.STEP_UP:
        return step_up.address(http, asked.acr_to_prove(standing_of(http)), next=back)
    if step is Step.REAUTHENTICATE and not step_up.own_factors(http):  # they signed in elsewhere, and do so again
        return step_up.address(http, User.Assurance.NONE, next=back, max_age=0)
    place = settings.LOGIN_URL if step is Step.LOGIN else "account_reauthenticate"
    query = {"next": back}
    if language := _language(asked):
        query["lang"] = language
    return f"{resolve_url(place)}?{urlencode(query)}"


def _language(asked: Request) -> str:
    return languages.first_spoken(asked.parameters.get("ui_locales", ""))
