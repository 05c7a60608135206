"""Forms of factors that differ from django-allauth's own; named in settings.MFA_FORMS."""

import struct
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms

from identity.accounts import attempts
from identity.accounts.models import User
from identity.security import logger, pseudonym

LONGEST_NAME = 60
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, struct.error)  # of fido2's parsers
REPLAY_SECONDS = 150  # longer than a code of the app is taken, with the tolerance on both sides


class PasskeyForm(AddWebAuthnForm):
    """Every passkey can sign in by itself: it is discoverable, and unlocks by finger, face or PIN."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        try:
            cleaned: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class _Whole:
    """What a browser says of a passkey is refused if parts are missing; allauth lets that be a fault of the server."""

    def clean_credential(self) -> Authenticator:
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return found


class PasskeyLoginForm(_Whole, LoginWebAuthnForm):
    """Signs in by a passkey alone."""


class PasskeyStepForm(_Whole, AuthenticateWebAuthnForm):
    """The second step of a sign-in."""


class PasskeyAgainForm(_Whole, ReauthenticateWebAuthnForm):
    """Is it still you?"""


class _Once:
    """A code of the authenticator app counts once (RFC 6238 section 5.2), whatever becomes of the cache."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not attempts.once(
            "totp", str(self.user.pk), "".join(filter(str.isdigit, code)), seconds=REPLAY_SECONDS
        ):
            logger.warning("code_replayed", kind="totp", person=pseudonym(self.user))
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(_Once, ReauthenticateForm):
    """Is it still you?"""
