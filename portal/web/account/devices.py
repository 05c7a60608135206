"""Where a person is signed in, how they signed in before, and what to do if it was somebody else."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.accounts import open_sessions, sign_ins, user_agents
from identity.accounts.models import DeviceNotice, SignIn, User

PAGE_SIZE = 20
WAYS = {  # references of RFC 8176, as people call them
    "pwd": _("password"),
    "otp": _("one-time code"),
    "pop": _("passkey"),
    "hwk": _("passkey"),
    "swk": _("identity app"),
    "face": _("face"),
    "fpt": _("fingerprint"),
    "mca": _("another device of yours"),
}


@never_cache
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    """Every place where the person is signed in, this one first."""
    assert isinstance(request.user, User)
    sessions = open_sessions.of(request.user, key=request.session.session_key)
    rows = [{"session": each, "device": user_agents.device(each.user_agent)} for each in sessions]
    ended = request.GET.get("ended", "")
    context = {"rows": rows, "has_others": len(rows) > 1, "ended": ended if ended in {"one", "all"} else ""}
    return render(request, "web/devices.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Of the device whose session is named, or of all but this one."""
    assert isinstance(request.user, User)
    named = request.POST.get("session", "")
    if named == "others":
        open_sessions.end_others(request.user, key=request.session.session_key)
        return redirect(f"{reverse('web:account-devices')}?ended=all")
    if named.isascii() and named.isdigit() and len(named) < 18:
        open_sessions.end_one(request.user, int(named))
    return redirect(f"{reverse('web:account-devices')}?ended=one")


@never_cache
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """The person's sign-ins of the last twelve months, failed ones too, newest first."""
    found = SignIn.objects.filter(person=request.user.pk).select_related("notice").order_by("-at")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [{"sign_in": each, "device": user_agents.device(each.user_agent), "ways": _ways(each)} for each in page]
    return render(request, "web/sign_ins.html", {"rows": rows, "page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Was it you? Asked of the signed-in person about a sign-in of theirs."""
    row = get_object_or_404(
        SignIn.objects.select_related("notice"), pk=pk, person=request.user.pk, notice__isnull=False
    )
    if request.method == "POST":
        was_me = request.POST.get("answer") == DeviceNotice.Answer.MINE
        sign_ins.answer(row, was_me=was_me)
        return redirect("web:account-sign-ins") if was_me else _what_next(request)
    return _ask(request, row, reverse("web:account-notice", args=[pk]))


@login_not_required  # the mail's link is the proof: whoever holds it may end that session, and nothing else
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """The same, by the link of the mail, for somebody who may not be signed in, or cannot any more."""
    row = sign_ins.of_token(token)
    if row is None:
        return render(request, "web/not_me_old.html", status=410)
    if request.method == "POST":
        was_me = request.POST.get("answer") == DeviceNotice.Answer.MINE
        sign_ins.answer(row, was_me=was_me)
        return redirect("web:home") if was_me else _what_next(request)
    return _ask(request, row, reverse("web:account-not-me", args=[token]))


def _ask(request: HttpRequest, row: SignIn, url: str) -> HttpResponse:
    context: dict[str, Any] = {"sign_in": row, "device": user_agents.device(row.user_agent), "url": url}
    return render(request, "web/was_it_you.html", context | {"answer": row.notice.answer})


def _what_next(request: HttpRequest) -> HttpResponse:
    """The device is signed out; what the stranger knew must not work again."""
    password = "account_change_password" if request.user.is_authenticated else "account_reset_password"
    return render(request, "web/not_me_done.html", {"password_url": reverse(password)})


def _ways(row: SignIn) -> list[str]:
    return list(dict.fromkeys(str(WAYS[name]) for name in row.amr if name in WAYS))
