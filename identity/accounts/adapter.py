"""Where Ferry differs from django-allauth's accounts: guessing is slowed, and one sign-out ends every session."""

import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import ngettext

from identity.accounts import attempts, devices, kinds, open_sessions, sign_ins
from identity.accounts.models import User
from identity.accounts.names import person_named
from identity.security import logger, pseudonym

STAGES = {  # allauth's steps of a sign-in, and ours in their place
    "allauth.account.stages.EmailVerificationStage": "identity.accounts.stages.AddressStage",
    "allauth.mfa.stages.AuthenticateStage": "identity.accounts.stages.FactorStage",
}


class AccountAdapter(DefaultAccountAdapter):
    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take the price of one guess. Raises ValidationError, which says how long to wait and what else works."""
        name = str(credentials.get("email") or credentials.get("username") or "")
        person = person_named(name)
        self._cost = attempts.price(request, name, person)
        try:
            attempts.pay(self._cost)
        except attempts.Locked as locked:
            logger.warning("sign_in_locked", kind=locked.limit.name, person=pseudonym(person), seconds=locked.seconds)
            raise ValidationError(_wait(locked.seconds), code="locked") from locked

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        person: User | None = super().authenticate(request, **credentials)
        if person is not None:
            attempts.pay_back(self._cost)
        return person

    def set_password(self, user: User, password: str) -> None:
        """Whoever may set a new password need not wait for what was guessed at the old one."""
        super().set_password(user, password)
        attempts.pay_back(attempts.price(self.request, user.username, user))
        if user.pk:  # whoever knew the old one is signed out, and the departments where they went are told
            open_sessions.end_others(user, key=self.request.session.session_key)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Nobody signs in to a visitor's account that has run out; they learn what to do instead."""
        if kinds.has_ended(user, today=timezone.localdate()):
            return redirect(settings.VISIT_OVER_URL)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        sign_ins.note_signed_in(request, user, is_new_device=devices.known(request, user) is None)
        devices.remember(request, response, user)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        sign_ins.note_failed(request, person_named(str(credentials.get("email") or credentials.get("username") or "")))

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be led there afterwards: to this site alone."""
        is_safe = bool(super().is_safe_url(url))
        if url and not is_safe:
            match = self.request.resolver_match
            logger.warning("next_refused", view=match.view_name if match else None)
        return is_safe

    def get_login_stages(self) -> list[str]:
        return [STAGES.get(path, path) for path in super().get_login_stages()]

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the reader's language, with links to the address that the settings give, whatever Host was asked for."""
        super().send_mail(template_prefix, email, {"home": settings.BASE_URL, **context})

    def send_account_already_exists_mail(self, email: str) -> None:
        """Instead of a second account: at the same cost, so that the clock does not tell."""
        make_password(secrets.token_urlsafe())
        super().send_account_already_exists_mail(email)

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = super().get_reset_password_from_key_url(key).removeprefix(self.request.build_absolute_uri("/"))
        return f"{settings.BASE_URL}/{path}"

    def logout(self, request: HttpRequest) -> None:
        """End all of the person's sessions: a phone left on a bus is signed out with this one."""
        person = request.user
        super().logout(request)
        if isinstance(person, User):
            open_sessions.end_others(person, key=None)


def _wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if seconds < 90:
        return ngettext(
            "There were too many wrong passwords. Wait %(n)d second, then try again. A passkey or a code by email"
            " works at once.",
            "There were too many wrong passwords. Wait %(n)d seconds, then try again. A passkey or a code by email"
            " works at once.",
            seconds,
        ) % {"n": seconds}
    return ngettext(
        "There were too many wrong passwords. Wait %(n)d minute, then try again. A passkey or a code by email"
        " works at once.",
        "There were too many wrong passwords. Wait %(n)d minutes, then try again. A passkey or a code by email"
        " works at once.",
        minutes,
    ) % {"n": minutes}
