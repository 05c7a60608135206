"""Sign in with your phone: what the asking browser shows, and what the telephone asks its owner."""

from allauth.account.utils import get_next_redirect_url, perform_login
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from identity.accounts import authentication, factors, networks, second_factor, tickets
from identity.accounts.models import User
from identity.accounts.stages import WHOLE

SESSION = "phone_ticket"  # {"token", "browser"} of the ticket that this browser asked for
POLL_SECONDS = 2
SAID: dict[str, tuple[str | Promise, str | Promise]] = {  # reason -> title, text
    "unknown": (_("We do not know this code"), _("Scan the picture on the other screen once more.")),
    "expired": (_("This code has run out"), _("A code works for two minutes. Ask for a new one on the other screen.")),
    "answered": (_("This code was answered already"), _("Each code works once, for one person.")),
    "redeemed": (_("This code was used already"), _("Each code works once. Ask for a new one.")),
    "person": (
        _("Somebody else opened this page"),
        _("It was opened by another person on this phone, so nobody was signed in. Ask for a new code."),
    ),
    "number": (
        _("That was another number"),
        _("Nobody was signed in. If the other screen is yours, ask for a new code on it and compare once more."),
    ),
    "refused": (_("The phone said no"), _("Nobody was signed in. If that was a mistake, ask for a new code.")),
    "many": (_("Too many codes were asked for"), _("Wait a minute, then ask once more, or sign in another way.")),
}


@login_not_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """A new ticket, bound to this browser's session."""
    if request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL)
    agent = request.headers.get("User-Agent", "")
    try:
        made = tickets.make(user_agent=agent, network=networks.of(request), next=get_next_redirect_url(request) or "")
    except tickets.Refused as refused:
        return _ended(request, refused.reason, status=429)
    request.session[SESSION] = {"token": made.token, "browser": made.browser}
    return redirect("web:phone")


@login_not_required
@never_cache
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """The picture and the number; goes on by itself once the telephone has answered.

    A GET signs in here as the redirect endpoint of an OAuth client does: what it completes was begun by this browser
    and is bound to its session.
    """
    kept = request.session.get(SESSION)
    ticket = tickets.of_browser(kept["browser"]) if kept else None
    if kept is None or ticket is None:
        return redirect("account_login")
    state = tickets.state(ticket)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204) if state == "waiting" else HttpResponseClientRedirect(reverse("web:phone"))
    if state != "waiting":
        return _finish(request, kept["browser"])
    address = settings.BASE_URL + reverse("web:phone-answer", args=[kept["token"]])
    context = {"picture": factors.picture(address), "number": ticket.number, "seconds": POLL_SECONDS}
    return render(request, "web/phone.html", context)


def _finish(request: HttpRequest, browser: str) -> HttpResponse:
    del request.session[SESSION]
    try:
        redeemed = tickets.redeem(browser)
    except tickets.Refused as refused:
        return _ended(request, refused.reason)
    amr = ["mca", "mfa"] if "mfa" in redeemed.amr else ["mca"]  # RFC 8176: multiple-channel authentication
    authentication.note(request, amr=amr, acr=User.Assurance.BASIC, person=redeemed.person)
    answer: HttpResponse = perform_login(
        request, redeemed.person, redirect_url=redeemed.next or None, signal_kwargs=WHOLE
    )
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """On the telephone: who asks, and is it you? A person with a second factor must have used it on this telephone."""
    assert isinstance(request.user, User)
    if factors.of(request.user).has_second and not second_factor.is_proved(request):
        return redirect(second_factor.address(request.user, next=request.path))
    try:
        if request.method == "POST":
            return _answered(request, request.user, token)
        ticket = tickets.for_phone(token)
    except tickets.Refused as refused:
        return _ended(request, refused.reason)
    context = {
        "ticket": ticket,
        "sealed": tickets.seal(ticket, request.user),
        "is_near": ticket.network == networks.of(request),
    }
    return render(request, "web/phone_answer.html", context)


def _answered(request: HttpRequest, person: User, token: str) -> HttpResponse:
    chosen = request.POST.get("number", "")
    number = int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) == 2 else None
    amr = ["mfa"] if second_factor.is_proved(request) else []
    tickets.answer(token, person=person, sealed=request.POST.get("sealed", ""), number=number, amr=amr)
    return render(request, "web/phone_answered.html", {"is_approved": number is not None})


def _ended(request: HttpRequest, reason: str, status: int = 200) -> HttpResponse:
    title, text = SAID.get(reason, SAID["expired"])
    return render(request, "web/phone_ended.html", {"title": title, "text": text}, status=status)
