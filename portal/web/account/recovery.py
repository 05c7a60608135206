"""Back in without the old telephone: a wait by email, or a slip from a counter."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField, PasswordField, SetPasswordField
from allauth.account.utils import perform_login
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.accounts import attempts, authentication, recovery
from identity.accounts.models import User
from identity.accounts.stages import WHOLE
from identity.statements import clock

SAID = {
    "unknown": _("We do not know these letters. Look at the slip once more."),
    "unknown_link": _("We do not know this link. Open it from the email once more, or ask for a new one."),
    "early": _("The wait is not over yet."),
    "expired": _("This has run out. Ask for a new one."),
    "used": _("This was used already. If that was not you, go to a counter at once."),
    "cancelled": _("This was stopped. If that was not you, go to a counter."),
}


class AddressForm(forms.Form):
    email = EmailField()


class NewPasswordForm(forms.Form):
    password1 = SetPasswordField(label=_("Choose a new password"))
    password2 = PasswordField(label=_("The same password once more"))

    def clean_password1(self) -> str:
        password: str = get_adapter().clean_password(self.cleaned_data["password1"])
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password1") and cleaned.get("password2") not in (None, cleaned["password1"]):
            self.add_error("password2", _("The two passwords are not the same."))
        return cleaned


class SlipForm(NewPasswordForm):
    slip = forms.CharField(
        label=_("The letters on your slip"),
        max_length=40,
        error_messages={"required": _("Type in the letters that stand on your slip.")},
    )
    field_order = ("slip", "password1", "password2")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """The ways back, and the form that begins the wait; the answer is the same for every address."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        recovery.ask_by_email(request, form.cleaned_data["email"])
        return redirect("web:recovery-sent")
    return render(request, "web/recovery.html", {"form": form, "hours": settings.RECOVERY_WAIT_HOURS})


@login_not_required
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Look at your email."""
    return render(request, "web/recovery_sent.html", {"hours": settings.RECOVERY_WAIT_HOURS})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest) -> HttpResponse:
    """The letters from the counter, and a new password."""
    form = SlipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = _redeem(request, form, recovery.plain(form.cleaned_data["slip"]), field="slip")
        if person is not None:
            return _sign_in(request, person)
    return render(request, "web/recovery_slip.html", {"form": form})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, secret: str) -> HttpResponse:
    """The link of the mail: how long to wait still, or a new password; and a way to stop it."""
    try:
        found = recovery.find(secret)
    except recovery.Refused as refused:
        return render(request, "web/recovery_ended.html", {"text": _said_of_link(refused)}, status=410)
    is_ready = found.valid_from <= clock()
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and is_ready and form.is_valid():
        person = _redeem(request, form, secret, field=None)
        if person is not None:
            return _sign_in(request, person)
    context = {"form": form, "recovery": found, "is_ready": is_ready, "secret": secret}
    return render(request, "web/recovery_link.html", context)


@login_not_required
@require_POST
def stop(request: HttpRequest, secret: str) -> HttpResponse:
    """Whoever reads the mail may stop what it tells of."""
    try:
        recovery.cancel(recovery.find(secret))
    except recovery.Refused as refused:
        return render(request, "web/recovery_ended.html", {"text": _said_of_link(refused)}, status=410)
    return render(request, "web/recovery_ended.html", {"text": _("It is stopped. Nothing has changed.")})


def _said_of_link(refused: recovery.Refused) -> str:
    """Who comes by a link has no slip to look at."""
    return str(SAID["unknown_link" if refused.reason == "unknown" else refused.reason])


def _redeem(request: HttpRequest, form: forms.Form, secret: str, *, field: str | None) -> User | None:
    try:
        return recovery.redeem(request, secret, password=form.cleaned_data["password1"])
    except recovery.Refused as refused:
        form.add_error(field, SAID[refused.reason])
    except attempts.Locked:
        form.add_error(field, _("There were too many attempts. Wait 5 minutes, then try again."))
    return None


def _sign_in(request: HttpRequest, person: User) -> HttpResponse:
    authentication.note(request, amr=["otp"], acr=User.Assurance.BASIC, person=person)
    answer: HttpResponse = perform_login(
        request, person, redirect_url=f"{settings.SECOND_FACTOR_URL}?recovered", signal_kwargs=WHOLE
    )
    return answer
